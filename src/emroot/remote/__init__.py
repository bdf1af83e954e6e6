"""Remotes: results of other machines, downloaded instead of built.

    ADDRESS/ac/HEX        a record of the store: `HEX` is the sha256 of its kind and key (see `action_cache.py`)
    ADDRESS/cas/HEX       a blob, by its sha256
    ADDRESS/index.json    the list of records of a published directory; it avoids requests for missing ones

This is the HTTP protocol of Bazel's remote caches, and as plain files any web server can serve it.
"""
