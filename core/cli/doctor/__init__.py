"""`doctor`: looks at everything that is known to go wrong, and says what mends it."""
