"""Outside services, one folder each, all of one shape."""
