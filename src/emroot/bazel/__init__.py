"""What the Bazel rules run: `fetch.py` when a repository is fetched, the others as build actions. All standard library."""
