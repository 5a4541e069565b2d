"""The HTTP API. Works without the screen: imports no NiceGUI."""
