"""Which sources may define a name, from their text alone."""
