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
    return headers_with_files(catalogue, store)[0]


def headers_with_files(catalogue: Catalogue, store: Store) -> tuple[Path, dict[str, str]]:
    """The same, and the sha256 of each file by its path there."""
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
    key = headers_key(sdk)
    files = store.tree_with_files(key, make)
    return store.tree_path(key), files


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
