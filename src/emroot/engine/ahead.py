"""What a first build begins before it is known what is to be built: installing the headers, and loading a compiler."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..catalogue import Catalogue
from ..errors import EmrootError
from ..headers import has_headers, installed_headers
from ..modes import Mode
from ..store import Store
from .beside import beside

if TYPE_CHECKING:
    from .request import Options
    from .template import Preload

#: So many libraries are more compiles than it takes to load a compiler; a link needs some ten.
MANY = 5


@contextlib.contextmanager
def installing_ahead(catalogue: Catalogue, store: Store) -> Iterator[None]:
    """Has the headers installed beside what the block does, if they were not yet. What goes wrong is told to whoever needs
    them."""
    def install() -> None:
        with contextlib.suppress(EmrootError, OSError), Store(store.root) as mine:
            installed_headers(catalogue, mine)
    with contextlib.nullcontext() if has_headers(catalogue, store) else beside(install):
        yield


@contextlib.contextmanager
def loading_ahead(catalogue: Catalogue, store: Store, cache: Path, modes: Collection[Mode], options: Options,
                  ) -> Iterator[Preload | None]:
    """Has the compiler loaded beside what the block does, if one of the modes was never asked for and so nothing of it can
    be there."""
    found = None
    if compiles_here(options) and not all(map(catalogue.was_asked, modes)):
        found = find_preload(catalogue, store, compile_environment(catalogue, cache))
    if found is None:
        yield None
        return
    found.begin()
    with contextlib.closing(found):
        yield found


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
