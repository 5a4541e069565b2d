"""Chat networks: each translates, renders and sends; none decides anything."""
