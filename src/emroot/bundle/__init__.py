"""Bundles: what a selection needs of a cache directory, as one archive that is the same wherever it is made.

    .emroot/manifest.json       what follows: see `manifest.py`
    sysroot/include/..., sysroot/lib/..., sysroot_install.stamp, ports/...

The root of the archive is that of a cache directory, so that emsdk's `prebuilt_cache` and a frozen emcc take it as it is.
"""
