"""What makes an emcc use a cache directory."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ..host.home import Home
from ..host.programs import find_program
from ..libraries.catalogue import Catalogue
from ..modes import Mode
from ..sdk import Sdk
from ..sdk.discovery import is_on_path
from ..sdk.identity_cache import configuring
from .emcc_config import guard

#: How many slashes a mode's directory has that is below that of its architecture (`sysroot/lib/wasm32-emscripten/lto`).
BELOW_RUN = 3


def emcc_environment(catalogue: Catalogue, cache: Path, home: Home) -> dict[str, str]:
    """The variables that make emcc use the cache directory, frozen: what is missing is an error, not a slow link. EM_CONFIG has
    them hold for this SDK's emcc alone."""
    variables = cache_variables(catalogue.sdk, cache, home)
    try:
        config = guard(home, catalogue.sdk, cache)
    except OSError:  # a home that cannot be written to: the SDK's emcc at least is served
        catalogue.environment()
        config = catalogue.config if not catalogue.sdk.configured and 'EM_CONFIG' not in configuring() else None
    return {**variables, **({'EM_CONFIG': str(config)} if config else {})}


def cache_variables(sdk: Sdk, cache: Path, home: Home) -> dict[str, str]:
    """Those that say which cache directory; PATH finds the SDK's emcc first, by a wrapper if there is one."""
    variables = {'EM_CACHE': str(cache), 'EM_FROZEN_CACHE': '1'}
    path = os.environ.get('PATH', '')
    if not is_on_path(sdk.root):
        path = os.pathsep.join([str(sdk.root), path]) if path else str(sdk.root)
    return {**variables, 'PATH': _with_node(path, sdk, home)}


def cmake_variables(modes: Iterable[Mode], cache: Path) -> dict[str, str]:
    """What makes CMake find libraries of the one mode selected (`find_package(ZLIB)`) whose directory it does not search: that of
    LTO or PIC, below the one that it knows."""
    directories = {mode.directory for mode in modes}
    if len(directories) != 1 or (directory := directories.pop()).count('/') < BELOW_RUN:
        return {}
    given = os.environ.get('CMAKE_LIBRARY_PATH')
    return {'CMAKE_LIBRARY_PATH': os.pathsep.join([str(cache / directory), *([given] if given else [])])}


def _with_node(path: str, sdk: Sdk, home: Home) -> str:
    """PATH, with the SDK's Node last if it had none: who has one means it, also an older one (as emsdk has it)."""
    if find_program('node', path):
        return path
    from ..sdk.node import node_for  # here and not above: most have one
    node = node_for(home, sdk)
    return os.pathsep.join([path, str(node.parent)]) if node else path
