"""Work that a first build starts before its plan is known: install the headers and load a compiler."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...cache_directory.sysroot_headers import has_headers
from ...host.home import Home
from ...libraries.catalogue import Catalogue
from ...modes import Mode
from ...store import Store
from .background import BackgroundCall
from .compiler_environment import compile_environment, compiles_here, find_preload

if TYPE_CHECKING:
    from ..request import Options
    from .headers import SysrootHeaders
    from .zygote import ZygoteStart


@dataclass
class Prefetch:
    """The background work that was started; None for what was not needed."""

    preload: ZygoteStart | None = None
    """A compiler that is being loaded. The build closes it, if it uses it."""
    installed: BackgroundCall[SysrootHeaders] | None = None
    """The installation of the headers."""


@contextlib.contextmanager
def start_prefetch(catalogue: Catalogue, home: Home, cache: Path, modes: Collection[Mode],
                   options: Options, load: Callable[[], object] = bool) -> Iterator[Prefetch]:
    """While the block runs, prepare in the background what a build will need: missing headers; for a mode that was never
    requested, also a compiler, and what `load` imports."""
    new, store, prefetch = not all(map(catalogue.is_cached, modes)), Store(home.store), Prefetch()

    def install() -> SysrootHeaders:
        from .headers import prepare_headers  # lazy import: takes time, too
        load()
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
