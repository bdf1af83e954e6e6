"""The Python API: what the command line does, for programs. Import it from `emroot` itself."""
