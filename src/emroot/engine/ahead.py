"""What a first build begins before it is known what is to be built: installing the headers, and loading a compiler."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..catalogue import Catalogue
from ..headers import has_headers
from ..home import Home
from ..modes import Mode
from ..store import Store
from .beside import Later

if TYPE_CHECKING:
    from .compilers import Installed
    from .request import Options
    from .template import Preload

#: So many libraries are more compiles than it takes to load a compiler; a link needs some ten.
MANY = 5


@dataclass
class Ahead:
    """What was begun."""

    preload: Preload | None = None
    """A compiler that is being loaded. The build closes it, if it needs it at all."""
    installed: Later[Installed] | None = None
    """The headers, and what is known of them."""


@contextlib.contextmanager
def begin_ahead(catalogue: Catalogue, home: Home, cache: Path, modes: Collection[Mode], options: Options) -> Iterator[Ahead]:
    """Has done beside what the block does what it will need then: the headers installed, if they were not yet; if one of the
    modes was never asked for, and so nothing of it can be there, a compiler loaded, and the engine itself."""
    new, store, ahead = not all(map(catalogue.was_asked, modes)), Store(home.store), Ahead()

    def install() -> Installed:
        from .compilers import install
        from .fill import Fill  # noqa: F401  # takes time, too
        with Store(store.root) as mine:
            return install(catalogue, home, mine)
    if new and compiles_here(options):
        ahead.preload = find_preload(catalogue, store, compile_environment(catalogue, cache))
    if new or not has_headers(catalogue, store):
        ahead.installed = Later(install)
    try:
        if ahead.preload:
            ahead.preload.begin()
        yield ahead
    finally:
        if ahead.preload:
            ahead.preload.close()
        if ahead.installed:
            ahead.installed.wait()


def find_preload(catalogue: Catalogue, store: Store, env: Mapping[str, str]) -> Preload | None:
    """What can be loaded of the SDK's compiler, if anything."""
    from . import template  # here and not above: mostly there is nothing to do
    return template.find_preload(catalogue.sdk.tools, store.root / 'fork', env)


def compiles_here(options: Options) -> bool:
    """Whether what is missing will be compiled, by compilers that are started by us, as far as options tell."""
    return options.builder == 'source' and not (options.remote or options.base or options.launcher)


def compile_environment(catalogue: Catalogue, cache: Path) -> dict[str, str]:
    """What compilers run in."""
    return catalogue.environment({'LC_ALL': 'C', 'EM_CACHE': str(cache)})
