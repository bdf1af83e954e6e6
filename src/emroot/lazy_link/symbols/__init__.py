"""Symbols of objects and bitcode: what they define and refer to, what follows from that, and stubs that define the same."""
