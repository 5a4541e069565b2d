"""The command `signalbox`: a short way to a running process, and everything else behind it.

Importing this package imports nothing; `core.cli.quick` is the short way and `core.cli.parser` the long one.
"""
