"""A remote behind the store: what others have built, asked for before it is built here.

    ADDRESS/ac/HEX        a record of the store: `HEX` is the sha256 of its kind and key (see `action_cache.py`)
    ADDRESS/cas/HEX       a blob, by its sha256
    ADDRESS/index.json    the records of a published directory, so that nobody asks for what is not there

That is the HTTP protocol of Bazel's remote caches, and as plain files what any web server can serve.
"""
