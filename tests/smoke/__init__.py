"""`dev.py smoke`: emroot works on this machine, with this SDK."""
