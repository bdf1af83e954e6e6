"""Build actions that make libraries, ports, and cache directories of them."""
