"""Bundles: the files of a selection from a cache directory, as one archive that is the same on every machine. Its
root is that of a cache directory: emsdk's `prebuilt_cache` and a frozen emcc can use it unchanged."""
