"""Processes of a build: workers, compilers, limits of memory and of processors."""
