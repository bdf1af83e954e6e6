"""Work that a first build starts before its plan is known: install the headers and load a compiler."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...cache_directory.sysroot_headers import has_headers
from ...host.home import Home
from ...libraries.catalogue import Catalogue
from ...modes import Mode
from ...store import Store
from .background import BackgroundCall

if TYPE_CHECKING:
    from ..request import Options
    from .workers import SysrootHeaders
    from .zygote import ZygoteStart

#: From this number of libraries on, compiles take longer than loading a compiler; a link needs about ten.
MANY = 5


@dataclass
class Prefetch:
    """The background work that was started; None for what was not needed."""

    preload: ZygoteStart | None = None
    """A compiler that is being loaded. The build closes it, if it uses it."""
    installed: BackgroundCall[SysrootHeaders] | None = None
    """The installation of the headers."""


@contextlib.contextmanager
def start_prefetch(catalogue: Catalogue, home: Home, cache: Path, modes: Collection[Mode],
                   options: Options) -> Iterator[Prefetch]:
    """While the block runs, prepare in the background what a build will need. If the store has no headers,
    install them. For a mode that was never requested, for which nothing can be in the store, also load a
    compiler and import the engine."""
    new, store, prefetch = not all(map(catalogue.is_cached, modes)), Store(home.store), Prefetch()

    def install() -> SysrootHeaders:
        from ..build_executor import BuildExecutor  # noqa: F401  # takes time, too
        from .workers import prepare_headers
        with Store(store.root) as mine:
            return prepare_headers(catalogue, home, mine)
    if new and compiles_here(options):
        prefetch.preload = find_preload(catalogue, store, compile_environment(catalogue, cache))
    if new or not has_headers(catalogue, store):
        prefetch.installed = BackgroundCall(install)
    try:
        if prefetch.preload:
            prefetch.preload.start()
        yield prefetch
    finally:
        if prefetch.preload:
            prefetch.preload.close()
        if prefetch.installed:
            prefetch.installed.wait()


def find_preload(catalogue: Catalogue, store: Store, env: Mapping[str, str]) -> ZygoteStart | None:
    """The compiler of the SDK, if it can be preloaded (see `zygote.py`)."""
    from . import zygote  # lazy import: most builds have nothing to do
    return zygote.find_zygote(catalogue.sdk.tools, store.root / 'fork', env)


def compiles_here(options: Options) -> bool:
    """Whether missing objects are compiled by processes that emroot starts itself, as far as the options
    tell."""
    return options.builder == 'source' and not (options.remote or options.base or options.launcher)


def compile_environment(catalogue: Catalogue, cache: Path) -> dict[str, str]:
    """The environment variables of compilers: those of the SDK, `EM_CACHE` and a fixed locale."""
    return catalogue.environment({'LC_ALL': 'C', 'EM_CACHE': str(cache)})
