"""`dev.py bench`: emroot against what the SDK itself offers, on the same work, in turn in one run."""
