"""Signalbox, tested."""
