"""The environment of compilers, whether any will run, and loading one before it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...libraries.catalogue import Catalogue
from ...store import Store

if TYPE_CHECKING:
    from ..request import Options
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
