"""The environment of compilers, and what a first build starts before its plan is known: headers, a compiler."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...cache_directory.sysroot_headers import has_headers
from ...host.home import Home
from ...libraries.catalogue import Catalogue
from ...modes import Mode
from ...store import Store
from .background import later_result

if TYPE_CHECKING:
    from concurrent.futures import Future

    from ..request import Options
    from .headers import SysrootHeaders
    from .zygote import ZygoteStart

#: From this number of libraries on, compiles take longer than loading a compiler; a link needs about ten.
MANY = 5


def find_preload(catalogue: Catalogue, store: Store, env: Mapping[str, str]) -> ZygoteStart | None:
    """The compiler of the SDK, if it can be preloaded (see `zygote.py`)."""
    from . import zygote  # lazy import: most builds have nothing to do
    return zygote.find_zygote(catalogue.sdk.tools, store.root / 'fork', env)


def compiles_here(options: Options) -> bool:
    """Whether emroot itself starts the processes that compile, as far as the options tell."""
    return options.builder == 'source' and not (options.remote or options.base or options.launcher)


def compile_environment(catalogue: Catalogue, cache: Path) -> dict[str, str]:
    """The environment variables of compilers: those of the SDK, `EM_CACHE` and a fixed locale."""
    return catalogue.environment({'LC_ALL': 'C', 'EM_CACHE': str(cache)})


@dataclass
class Prefetch:
    """The background work that was started; None for what was not needed."""

    preload: ZygoteStart | None = None
    """A compiler that is being loaded. The build closes it, if it uses it."""
    installed: Future[SysrootHeaders] | None = None
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
    with contextlib.ExitStack() as stack:
        if new and compiles_here(options):
            prefetch.preload = find_preload(catalogue, store, compile_environment(catalogue, cache))
        if new or not has_headers(catalogue, store):
            prefetch.installed = stack.enter_context(later_result(install))
        if prefetch.preload:
            stack.callback(prefetch.preload.close)
            prefetch.preload.start()
        yield prefetch
