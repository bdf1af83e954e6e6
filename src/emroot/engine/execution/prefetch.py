"""What a first build begins before it is known what is to be built: installing the headers, and loading a compiler."""

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

#: So many libraries are more compiles than it takes to load a compiler; a link needs some ten.
MANY = 5


@dataclass
class Prefetch:
    """What was begun."""

    preload: ZygoteStart | None = None
    """A compiler that is being loaded. The build closes it, if it needs it at all."""
    installed: BackgroundCall[SysrootHeaders] | None = None
    """The headers, and what is known of them."""


@contextlib.contextmanager
def start_prefetch(catalogue: Catalogue, home: Home, cache: Path, modes: Collection[Mode],
                   options: Options) -> Iterator[Prefetch]:
    """Has done beside what the block does what it will need then: the headers installed, if they were not yet; if one of the
    modes was never asked for, and so nothing of it can be there, a compiler loaded, and the engine itself."""
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
    """What can be loaded of the SDK's compiler, if anything."""
    from . import zygote  # here and not above: mostly there is nothing to do
    return zygote.find_zygote(catalogue.sdk.tools, store.root / 'fork', env)


def compiles_here(options: Options) -> bool:
    """Whether what is missing will be compiled, by compilers that are started by us, as far as options tell."""
    return options.builder == 'source' and not (options.remote or options.base or options.launcher)


def compile_environment(catalogue: Catalogue, cache: Path) -> dict[str, str]:
    """What compilers run in."""
    return catalogue.environment({'LC_ALL': 'C', 'EM_CACHE': str(cache)})
