"""Keys: what the bytes of objects and archives depend on, as digests of plain records."""
