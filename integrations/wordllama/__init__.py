"""WordLlama's bundled word vectors as the default embedder: offline, no account, no model server."""
