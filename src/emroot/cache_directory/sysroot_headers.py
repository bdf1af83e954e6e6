"""The SDK's headers: installed once by the SDK itself, in the store, and shared by all cache directories."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from .. import schemas
from ..hashing import digest_record
from ..host.files import READ_ONLY
from ..libraries.catalogue import Catalogue
from ..probe import ask
from ..sdk import Sdk
from ..store import Store

#: Files of an installation that are not headers.
_LEFT_OVER = ('cache.lock', 'sanity.txt', 'symbol_lists.lock')


def ensure_headers(catalogue: Catalogue, store: Store) -> Path:
    """A directory with the files that this SDK installs in an empty cache: headers, and emcc's stamp."""
    sdk = catalogue.sdk

    def make(directory: Path) -> None:
        env = catalogue.environment({'EM_CACHE': str(directory), 'EM_FROZEN_CACHE': '0'})
        ask(sdk.python, sdk.root, 'headers', env, bytecode=catalogue.bytecode, output=directory)
        for name in _LEFT_OVER:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(directory / name)
        for folder, _, names in os.walk(directory):
            for name in names:
                os.chmod(os.path.join(folder, name), READ_ONLY)
    return store.tree(headers_key(sdk), make)


def has_headers(catalogue: Catalogue, store: Store) -> bool:
    """Whether the headers seem to be installed. True if the store is another user's, where nothing can be."""
    try:
        os.stat(store.tree_path(headers_key(catalogue.sdk)))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def headers_key(sdk: Sdk) -> str:
    return digest_record({'kind': 'headers', 'schema': schemas.HEADERS_KEYS, 'sources': sdk.parts['sources'],
                          'tools': sdk.parts['tools'], 'version': sdk.version})[:32]
