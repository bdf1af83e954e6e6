"""All that a link leaves as the one file that Bazel expects of it, a tar; `wasm_cc_binary` unpacks it. Started as a program, by
`bazel run` for example, it runs under Node."""

from __future__ import annotations

import io
import os
import shlex
import tarfile
from pathlib import Path

from .action import Action
from .output_unpacker import divide

#: The name of the first entry of what a link leaves, a remark, which tar passes over: no more than 100 bytes. To a shell it is a
#: script that runs another one, the remark's text.
_STARTED = '#!/bin/sh\ns=$(tail -c+513 "$0"|head -c2048);eval "${s#*=}";exit\n'
#: The bytes of the remark.
_ROOM = 2048
_RUN = """
d=$(mktemp -d) || exit
trap 'rm -rf "$d"' EXIT
trap exit INT TERM
tar xf "$0" -C "$d"
n=$(readlink -f "$0")
n=${{n%/*}}/{node}
[ -x "$n" ] || n=node
[ -e "$d"/{data} ] && cd "$d"
"$n" "$d"/{script} "$@"
"""
_NOTHING_TO_RUN = 'echo "emroot: this is a tar without JavaScript to run" >&2; exit 126'


def pack(directory: Path, out: Path, node: Path | None = None) -> None:
    """Write a tar of all files of a directory. It depends on their names and contents, and on the way to `node`, alone."""
    files = {path.relative_to(directory).as_posix(): path for path in sorted(directory.rglob('*')) if path.is_file()}
    near = os.path.relpath(node, out.parent).replace(os.sep, '/') if node else ''
    text = f'{_ROOM} comment={_when_started(list(files), near)}'.encode()
    with tarfile.open(out, 'w', format=tarfile.USTAR_FORMAT) as tar:
        first = tarfile.TarInfo(_STARTED)
        first.type, first.size = tarfile.XGLTYPE, _ROOM
        tar.addfile(first, io.BytesIO(text.ljust(_ROOM - 1) + b'\n'))
        for name, path in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = path.stat().st_size, 0o755
            with open(path, 'rb') as f:
                tar.addfile(entry, f)


def _when_started(names: list[str], node: str) -> str:
    """What a shell does that starts the tar."""
    scripts = [name for name in names if divide(name)[1] in ('js', 'mjs')]
    if not scripts:
        return _NOTHING_TO_RUN
    data = f'{divide(scripts[0])[0]}.data'  # is looked for where the program starts
    return _RUN.format(node=shlex.quote(node), data=shlex.quote(data), script=shlex.quote(scripts[0]))


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
    pack(made, Path(arguments[at + 1]), action.sdk.node)
    return 0


def is_packed(file: str) -> bool:
    """Whether a file is what `pack` made."""
    try:
        with open(file, 'rb') as f:
            return f.read(len(_STARTED)) == _STARTED.encode()
    except OSError:
        return False
