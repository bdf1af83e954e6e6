"""What the Bazel rules run: `repository_fetch.py` when a repository is fetched, the others as build actions. All standard
library.
"""
