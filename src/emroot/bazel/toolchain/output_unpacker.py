"""Unpacks what `emcc_wrapper.py` packed: `python output_unpacker.py TAR FILE...`. Standard library alone, no emroot.

Files are told apart by what a link adds to the program's name, so that they may be called otherwise than the program, which may
have dots in its name.
"""

from __future__ import annotations

import sys
import tarfile
from pathlib import Path

#: What follows the program's name in what a link leaves (`outputs.bzl` has the same).
KINDS = ('aw.js', 'd.ts', 'data', 'html', 'js', 'js.mem', 'js.symbols', 'mjs', 'mjs.symbols', 'support.js', 'support.mjs',
         'symbols', 'ts', 'wasm', 'wasm.debug.wasm', 'wasm.dwp', 'wasm.js', 'wasm.map', 'wasm.orig', 'worker.js', 'worker.mjs',
         'ww.js')

#: Options of a link that have it leave more.
BROUGHT_BY = {'data': '--preload-file', 'html': '--oformat=html', 'mjs': '--oformat=mjs', 'symbols': '--emit-symbol-map',
              'wasm.debug.wasm': '-gseparate-dwarf', 'wasm.map': '-gsource-map'}


def divide(name: str) -> tuple[str, str]:
    """A file's name as the program's and the longest kind that it ends with, or none."""
    kinds = [kind for kind in KINDS if name.endswith(f'.{kind}') and name != f'.{kind}']
    kind = max(kinds, key=len, default='')
    return (name[:-len(kind) - 1], kind) if kind else (name, '')


def kind_of(name: str) -> str:
    """The kind of a file. A map of symbols may be called after the script or after the program."""
    kind = divide(name)[1]
    return 'symbols' if kind.endswith('.symbols') else kind


def contents(packed: str) -> dict[str, bytes]:
    """The files that a link left, by name. A shared library is not packed: it is WebAssembly by itself."""
    if not tarfile.is_tarfile(packed):
        return {f'{Path(packed).stem}.wasm': Path(packed).read_bytes()}
    with tarfile.open(packed) as tar:
        return {member.name: file.read() for member in tar.getmembers() if (file := tar.extractfile(member))}


def main(arguments: list[str]) -> int:
    """Write each wanted file; return the exit code."""
    packed, *files = arguments
    left = contents(packed)
    kinds = {kind_of(name): content for name, content in left.items()}
    missing = [Path(file).name for file in files if kind_of(Path(file).name) not in kinds]
    for file in map(Path, files):
        if file.name not in missing:
            file.write_bytes(kinds[kind_of(file.name)])
            file.chmod(0o755)
    if missing:
        print(f'emroot: the link left no {", ".join(missing)}; it left {", ".join(sorted(left))}', file=sys.stderr)
        for name in missing:
            if option := BROUGHT_BY.get(kind_of(name)):
                print(f'  hint: {name} comes with `linkopts = ["{option}"]`', file=sys.stderr)
        print('  hint: list in `outputs` of wasm_cc_binary what the link leaves', file=sys.stderr)
    return 1 if missing else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
