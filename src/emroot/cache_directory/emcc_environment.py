"""The environment that makes emcc use a cache directory: variables, and the configuration (EM_CONFIG) that limits
them to one SDK.

A configuration is Python, and every emcc of any SDK reads it: one of another SDK then reads its own, and drops
the variables that were set for the first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..hashing import digest_bytes
from ..host.files import as_python, read_file, write_text
from ..host.home import Home
from ..host.programs import find_program
from ..libraries.catalogue import Catalogue
from ..modes import Mode
from ..sdk import Sdk
from ..sdk.discovery import is_on_path
from ..sdk.em_config import MARK, config_files, configuring, given_config, mark_of

#: Slashes in the library directory of an architecture and its mode (`sysroot/lib/wasm32-emscripten/lto`).
BELOW_RUN = 3
#: If emroot was removed, emcc works as without it.
TEMPLATE = """{mark}
def _emroot(within, root={root}, own={own}, hook={hook}):
    import importlib.util, os, sys

    def read(path):
        # As if emcc read it by itself: configurations of emsdk look for themselves in EM_CONFIG.
        hooked = os.environ.get('EM_CONFIG')
        os.environ['EM_CONFIG'], os.environ['CFGDIR'] = path, os.path.dirname(path)
        globals()['__file__'] = path
        with open(path, encoding='utf-8') as f:
            exec(compile(f.read(), path, 'exec'), globals())
        if hooked is not None:
            os.environ['EM_CONFIG'] = hooked

    def program(root):
        return os.path.normcase(os.path.realpath(os.path.join(root, 'emcc.py')))

    module = None
    if os.path.isfile(hook) and not within:  # else another one of these is reading this one
        spec = importlib.util.spec_from_file_location('emroot_hook', hook)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)

    tools = getattr(sys.modules.get('tools'), '__file__', None)
    reader = os.path.dirname(os.path.dirname(os.path.abspath(tools))) if tools else root
    if program(reader) == program(root):
        if own:
            read(own)
        globals().update({values})
        if module:
            # Libraries that a link misses are built together, before emcc would build them one by one.
            module.install({command}, globals())
        return
    # An emcc of another SDK. What is set for one is not for another: that has a configuration and a cache of its own.
    for name, ours in {settings}.items():
        if os.environ.get(name, '') in ours:
            os.environ.pop(name, None)
    above = os.path.dirname(os.path.dirname(reader))
    for path in (os.path.join(reader, '.emscripten'), os.path.join(above, '.emscripten'), {given},
                  os.path.expanduser('~/.emscripten')):
        if os.path.isfile(path):
            read(path)
            break
    if module:
        module.stand_back(reader, root)

_emroot(globals().setdefault('_emroot_reads', _emroot) is not _emroot)
"""


def emcc_environment(catalogue: Catalogue, cache: Path, home: Home) -> dict[str, str]:
    """The variables that make emcc use the cache directory, as a frozen cache; EM_CONFIG limits them to this SDK."""
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
    """Variables with which CMake finds libraries of the selected mode (`find_package(ZLIB)`), if it is a single
    one with LTO or PIC, whose directory CMake does not search."""
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


def guard(home: Home, sdk: Sdk, cache: Path) -> Path | None:
    """The value of EM_CONFIG that limits the variables for `sdk` and its cache directory to this SDK's emcc; None
    below `emroot run`, where EM_CONFIG already does that. Raises `OSError` if the home cannot be written to."""
    mark = mark_of(os.environ.get('EM_CONFIG', ''))
    if mark and mark['hooked'] and (mark['root'], mark['cache']) == (str(sdk.root), str(cache)):
        return None
    values = {} if _own(sdk) else tools(sdk)
    text = render_config(sdk, cache, values, {'EM_CACHE': str(cache), 'EM_FROZEN_CACHE': '1'})
    return write_configuration(home.root / 'run', text)


def render_config(sdk: Sdk, cache: Path, values: Mapping[str, Any], settings: Mapping[str, str], *, hook: str = '',
                  command: Mapping[str, Any] | None = None) -> str:
    """The text of a configuration. `values` are set in it; `settings` are environment variables for this SDK
    only; `hook` is loaded, and called with `command`."""
    given = given_config()
    own_settings = {name: list(dict.fromkeys([value, os.environ.get(name, value)])) for name, value in settings.items()}
    parts = {'hook': hook, 'root': str(sdk.root), 'own': _own(sdk), 'given': given, 'values': dict(values),
             'settings': own_settings, 'command': dict(command or {})}
    mark = {'root': str(sdk.root), 'cache': str(cache), 'given': given, 'hooked': bool(hook)}
    return TEMPLATE.format(mark=MARK + json.dumps(mark), **{name: as_python(part) for name, part in parts.items()})


def write_configuration(directory: Path, text: str, end: str = '.config') -> Path:
    """A file with this text, named by its digest and an `end`. Every emcc runs it: it is compared each time."""
    file = directory / f'{digest_bytes(text.encode())[:16]}{end}'
    if read_file(file) != text.encode(errors='surrogateescape'):
        write_text(file, text)
    return file


def tools(sdk: Sdk) -> dict[str, Any]:
    values: dict[str, Any] = {}
    exec(sdk.config_text, values)  # noqa: S102  # made by `sdk/identification.py`: names, and what they are
    return {name: value for name, value in values.items() if name.isupper()}


def _own(sdk: Sdk) -> str | None:
    """The configuration that the SDK's emcc would read without emroot."""
    return next((path for path in config_files(sdk.root) if os.path.isfile(path)), None)
