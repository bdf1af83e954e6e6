"""Environment variables that make emcc use a cache directory."""

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
from ..sdk.em_config import configuring
from .emcc_config import guard

#: Slashes in the library directory of an architecture and its mode (`sysroot/lib/wasm32-emscripten/lto`).
BELOW_RUN = 3


def emcc_environment(catalogue: Catalogue, cache: Path, home: Home) -> dict[str, str]:
    """The variables that make emcc use the cache directory, as a frozen cache: a missing library is an
    error, not a slow link. EM_CONFIG limits them to this SDK's emcc."""
    variables = cache_variables(catalogue.sdk, cache, home)
    try:
        config = guard(home, catalogue.sdk, cache)
    except OSError:  # a home that cannot be written to: the SDK's emcc at least is served
        catalogue.environment()
        config = catalogue.config if not catalogue.sdk.configured and 'EM_CONFIG' not in configuring() else None
    return {**variables, **({'EM_CONFIG': str(config)} if config else {})}


def cache_variables(sdk: Sdk, cache: Path, home: Home) -> dict[str, str]:
    """The variables that select the cache directory; PATH finds the SDK's emcc first, or its wrapper."""
    variables = {'EM_CACHE': str(cache), 'EM_FROZEN_CACHE': '1'}
    path = os.environ.get('PATH', '')
    if not is_on_path(sdk.root):
        path = os.pathsep.join([str(sdk.root), path]) if path else str(sdk.root)
    return {**variables, 'PATH': _with_node(path, sdk, home)}


def cmake_variables(modes: Iterable[Mode], cache: Path) -> dict[str, str]:
    """Variables with which CMake finds libraries of the selected mode (`find_package(ZLIB)`), if it is a
    single one with LTO or PIC, whose directory CMake does not search."""
    directories = {mode.directory for mode in modes}
    if len(directories) != 1 or (directory := directories.pop()).count('/') < BELOW_RUN:
        return {}
    given = os.environ.get('CMAKE_LIBRARY_PATH')
    return {'CMAKE_LIBRARY_PATH': os.pathsep.join([str(cache / directory), *([given] if given else [])])}


def _with_node(path: str, sdk: Sdk, home: Home) -> str:
    """PATH with the SDK's Node at the end, if it had none. A Node on PATH stays first, as in emsdk."""
    if find_program('node', path):
        return path
    from ..sdk.wheels.node import node_for  # lazy import: most have a Node on PATH
    node = node_for(home, sdk)
    return os.pathsep.join([path, str(node.parent)]) if node else path
