"""Runs a packed program: `python program_runner.py RUNNER TAR ARGUMENTS...`. Standard library alone, no emroot.

RUNNER is Node, or another program that gets the path of the page, or else of the script, and the arguments.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path


def main(runner: str, packed: str, arguments: list[str]) -> int:
    """Unpack the program, run it, and return its exit code."""
    if status := os.environ.get('TEST_SHARD_STATUS_FILE'):
        Path(status).touch()  # Bazel asks for a sign that a test knows of shards; a program may have no files of the system's
    with tempfile.TemporaryDirectory(prefix='emroot-') as directory:
        program = Path(directory, 'program')
        program.mkdir()
        if tarfile.is_tarfile(packed):  # which a shared library is not
            unpack(packed, program)
        scripts = [p for suffix in ('.html', '.js', '.mjs') for p in sorted(program.glob('*' + suffix))]
        if not scripts:
            print(f'emroot: {packed} has no JavaScript to run', file=sys.stderr)
            return 1
        data = sorted(program.glob('*.data'))
        cwd = with_files(Path.cwd(), data, Path(directory, 'runfiles')) if data else None
        return subprocess.run([os.path.abspath(runner), str(scripts[0]), *arguments], check=False, cwd=cwd).returncode


def unpack(packed: str, to: Path) -> None:
    """Put what `output_packer.py: pack` packed into a directory."""
    with tarfile.open(packed) as tar:
        for member in tar.getmembers():
            content = tar.extractfile(member)
            (to / member.name).write_bytes(content.read() if content else b'')


def with_files(here: Path, files: list[Path], to: Path) -> Path:
    """A directory like `here`, and its neighbours, with `files`, which a program looks for where it starts."""
    copy = to / here.name
    copy.mkdir(parents=True)
    for entry in here.parent.iterdir():
        if entry != here:
            link(entry, to / entry.name)
    for entry in here.iterdir():
        if entry.name not in {file.name for file in files}:
            link(entry, copy / entry.name)
    for file in files:
        link(file, copy / file.name)
    return copy


def link(source: Path, target: Path) -> None:
    """Make a link, or a copy if this user may not make links."""
    try:
        target.symlink_to(source, target_is_directory=source.is_dir())
    except OSError:
        shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
