"""Replacements of emcc's actions for a query about a link (`resolve_program.py`)."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sdk_modules import Stop  # type: ignore[import-not-found]  # as a program's neighbour, not as part of emroot
from seam_access import install, original  # type: ignore[import-not-found]

Foreign = Any  # what comes from the SDK's modules carries no types


class Rejected(BaseException):
    """emcc refuses the link, with this message. Not an `Exception`, lest SDK code catches it."""


def install_stand_ins(sdk: Foreign, cache: str, guard: Foreign) -> None:
    """Replace emcc's actions. `cache`: a missing directory. `guard`: knows the paths that seem to exist."""
    install('tools.shared.SKIP_SUBPROCS', True)  # emcc's own switch behind `-###`: no checks of tools, no asking of Node
    install('tools.shared.EMSCRIPTEN_TEMP_DIR', os.path.join(os.path.dirname(cache), 'temp'))  # named, never made
    install('tools.shared.check_call', lambda cmd, *args, **kw: subprocess.CompletedProcess(cmd, 0, '', ''))
    install('tools.shared.exec_process', stop)
    install('tools.shared.check_sanity', nothing)
    install('tools.shared.perform_sanity_checks', nothing)
    install('tools.diagnostics.error', reject)
    install('emcc.create_reproduce_file', nothing)
    named = 'emcc.substitute_response_files'
    path = named if original(named) else 'tools.response_file.substitute_response_files'
    expand = original(path)
    install(path, lambda args: _pretend(expand(args), guard))
    # Inputs need not exist, so their content is not looked at; dynamic libraries are the exception (see below).
    install('tools.building.is_ar', lambda path: True)
    is_wasm_dylib = original('tools.building.is_wasm_dylib')
    install('tools.building.is_wasm_dylib', lambda path: _is_dylib(path, is_wasm_dylib, guard))
    install('tools.link.process_dynamic_libs', nothing)
    install('tools.link.read_js_files', lambda files: '')
    install('tools.link.package_files', lambda *args, **kw: [])
    install('tools.link.phase_post_link', stop)
    for name in ('setup', 'ensure_setup', 'ensure', 'erase', 'acquire_cache_lock', 'release_cache_lock'):
        install('tools.cache.' + name, nothing)
    install('tools.cache.cachedir', Path(cache))
    guard.pretended_tree = str(sdk.ports.Ports.get_build_dir())  # where ports look for another's traces
    install('tools.ports.clear', nothing)


def _pretend(args: list[str], guard: Foreign) -> list[str]:
    """Treat inputs, files in options, and the directory of the output as existing, but for files whose content matters."""
    words = [a if not a.startswith('-') else a.partition('=')[2] or a[2:] for a in args]
    guard.pretended_files = {w for w in words if w and not w.startswith('@') and not w.split(':')[0].endswith('.py')}
    guard.pretended_directories = {os.path.dirname(w) for w in guard.pretended_files}
    return args


def _is_dylib(path: str, really: Callable[[str], bool], guard: Foreign) -> bool:
    """A link with a dynamic library is a main module, so its content matters. A missing one is judged by its name."""
    if not re.search(r'\.(so|dylib|wasm)(\.\d+)*$', path) or path.startswith('-'):
        return False
    return really(path) if guard.really_exists(path) else True


def nothing(*args: object, **kw: object) -> None:
    """Replaces actions of emcc."""


def stop(*args: object, **kw: object) -> None:
    """Replaces the start of the linker."""
    raise Stop


def reject(message: str, *args: object) -> None:
    """Replaces `diagnostics.error`, with which emcc refuses a link."""
    raise Rejected(message % args if args else message)
