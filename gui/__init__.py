"""The control room: one screen from which one person runs what Signalbox does."""
