"""What runs when Bazel fetches a repository: an SDK is identified, and asked about modes and ports."""
