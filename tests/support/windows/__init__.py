"""Windows on Linux: Wine with Windows' own Python, and one clang for both systems."""
