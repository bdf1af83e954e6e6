"""Recorded command lines as real ones, with the paths of this machine."""
