"""Programs out of wheels of the Python package index, pinned by version and sha256."""
