"""Bundles: the files of a selection from a cache directory, as one archive that is the same on every machine.

    .emroot/manifest.json       the description of all other members: see `manifest.py`
    sysroot/include/..., sysroot/lib/..., sysroot_install.stamp, ports/...

The root of the archive is the root of a cache directory, so emsdk's `prebuilt_cache` and a frozen emcc can
use it unchanged.
"""
