"""Lazy links: only what a link pulls is compiled, and the program is the one that whole archives would have given."""
