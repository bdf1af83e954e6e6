"""The objects that code generation makes within a link with LTO.

Code generation calls functions that no symbol table of bitcode mentions. Which these are, its objects tell: the linker keeps
them beside its output for full LTO, and in a cache for ThinLTO. Neither changes the program; but errors name objects otherwise
that are in a cache.

It runs in the SDK's Python (3.8 or later) and imports nothing of emroot.
"""

from __future__ import annotations

import glob
import os
from typing import List

#: Kinds of bitcode: all modules of a file are for full LTO, or all for ThinLTO; or that cannot be told.
FULL, THIN, OTHER = 'full', 'thin', 'other'
_BITCODE = (b'BC\xc0\xde', b'\xde\xc0\x17\x0b')
#: Flags of modules with a summary, which clang writes: the first of all of them, the second of those for full LTO.
_WITH_SUMMARY, _FOR_FULL = b'EnableSplitLTOUnit', b'ThinLTO'


def bitcode_kind(content: bytes) -> str:
    """The kind of the bitcode in an object or archive; empty if it has none."""
    modules = sum(map(content.count, _BITCODE))
    if not modules:
        return ''
    if content.count(_WITH_SUMMARY) != modules:
        return OTHER
    return {modules: FULL, 0: THIN}.get(content.count(_FOR_FULL), OTHER)


def keeping_options(kind: str, directory: str) -> List[str]:
    """Options with which wasm-ld keeps the objects of a link with bitcode of this kind. `directory`: of its output; it is private
    to the link."""
    return ['--save-temps'] if kind == FULL else ['--thinlto-cache-dir=' + os.path.join(directory, 'objects')]


def kept_objects(kind: str, output: str) -> List[str]:
    """The objects of a link with this output; none if it failed before."""
    if kind == FULL:
        return sorted(glob.glob(glob.escape(output) + '.lto*.o'))
    return sorted(glob.glob(os.path.join(glob.escape(os.path.dirname(output)), 'objects', 'llvmcache-*')))
