"""What Signalbox does; knows no chat network, no vendor and no screen."""

__version__ = "0.1.0"
