"""What the Bazel rules run, by the folders of `bazel/private/` that run it. Build actions use the standard library alone."""
