"""Lazy links: a link compiles only the objects that it needs, and gives the same program as with whole archives."""
