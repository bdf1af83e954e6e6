"""`emroot.toml`, what it selects, and what of it may be used."""
