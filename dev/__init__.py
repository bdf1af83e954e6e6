"""Commands for developers, run by `dev.py` inside `.venv`."""
