"""All that a link leaves as the one file that Bazel expects of it, a tar; `wasm_cc_binary` unpacks it."""

from __future__ import annotations

import tarfile
from pathlib import Path

from .action import Action

#: The name of the first entry of what a link leaves, a tar: it says something to whoever starts that as a program, and nothing to
#: tar. A name has no more than 100 bytes.
_STARTED = '#!/bin/sh\necho "emroot: this is a tar: run it by wasm_cc_binary or wasm_cc_test">&2;exit 126\n'


def pack(directory: Path, out: Path) -> None:
    """Write a tar of all files of a directory that depends on their names and contents alone."""
    with tarfile.open(out, 'w', format=tarfile.USTAR_FORMAT) as tar:
        first = tarfile.TarInfo(_STARTED)
        first.type = tarfile.XGLTYPE  # remarks on all entries, here none
        tar.addfile(first)
        for path in sorted(p for p in directory.rglob('*') if p.is_file()):
            entry = tarfile.TarInfo(path.relative_to(directory).as_posix())
            entry.size, entry.mode = path.stat().st_size, 0o755
            with open(path, 'rb') as f:
                tar.addfile(entry, f)


def unpack(tar: tarfile.TarFile, directory: Path) -> None:
    """The files that `pack` packed."""
    for member in tar.getmembers():
        content = tar.extractfile(member)
        file = directory / member.name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.read() if content else b'')


def strip(action: Action, arguments: list[str]) -> int:
    """Strip the WebAssembly files of a packed program."""
    at = arguments.index('-o')
    packed, options = arguments[-1], arguments[:at] + arguments[at + 2:-1]
    made = action.scratch / 'made'
    with tarfile.open(packed) as tar:
        unpack(tar, made)
    for file in sorted(made.glob('*.wasm')):
        done = action.run('emstrip.py', [*options, str(file)], action.environment(action.scratch / 'cache'))
        action.say(done.stderr)
        if done.returncode != 0:
            return done.returncode
    pack(made, Path(arguments[at + 1]))
    return 0


def is_packed(file: str) -> bool:
    """Whether a file is what `pack` made."""
    try:
        with open(file, 'rb') as f:
            return f.read(len(_STARTED)) == _STARTED.encode()
    except OSError:
        return False
