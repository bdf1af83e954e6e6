"""Documents whose commands are run as they stand.

A comment before a fenced block says what becomes of it: `<!-- runs -->` has its `$ ` lines run by a shell, one by one;
`<!-- file: NAME -->` makes it a file. `<!-- in: PACKAGE -->` has what follows run in a copy of that package's sources.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .running import SOURCE, plain_environment

DOCS = SOURCE.parent / 'docs'
_MARKED = re.compile(r'<!-- (runs|file: [^\n]+?|in: [\w.+-]+) -->(?:\s*```\w*\n(.*?)^```)?', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """One thing that a document has the reader do."""

    kind: str
    """`in`, `file` or `run`."""
    text: str
    content: str = ''


def steps(document: Path) -> list[Step]:
    """What a document has the reader do, in order."""
    found = []
    for mark, content in _MARKED.findall(document.read_text(encoding='utf-8')):
        kind, _, name = mark.partition(': ')
        if kind == 'runs':
            text = content.replace('\\\n', '')
            found += [Step('run', line[2:]) for line in text.splitlines() if line.startswith('$ ')]
        else:
            found.append(Step(kind, name, content))
    return found


def follow(document: Path, directory: Path, env: Mapping[str, str], get: Callable[[str, Path], Path],
           instead: Mapping[str, str] | None = None) -> str:
    """Do what a document says, below `location`; what the commands said. Any that fails fails the test.

    `get` puts a package's sources somewhere. Where nothing is said, commands run in an empty directory. `instead` has
    replacements for parts of commands and files.
    """
    def read(text: str) -> str:
        for part, other in (instead or {}).items():
            text = text.replace(part, other)
        return text
    here, said = directory, []
    here.mkdir(parents=True, exist_ok=True)
    for step in steps(document):
        if step.kind == 'in':
            here = get(step.text, directory / step.text)
        elif step.kind == 'file':
            (here / step.text).parent.mkdir(parents=True, exist_ok=True)
            (here / step.text).write_text(read(step.content), encoding='utf-8')
        else:
            began = time.monotonic()
            done = subprocess.run(['bash', '--norc', '-c', read(step.text)], cwd=here, env=dict(env), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace', check=False)
            said.append(done.stdout)
            assert done.returncode == 0, f'{document.name}: `{step.text}` ended with {done.returncode}:\n{done.stdout[-6000:]}'
            print(f'{time.monotonic() - began:7.1f} s  {step.text}')
    assert here != directory or said, f'{document} has nothing to run'
    return '\n'.join(said)


def reader(directory: Path, home: Path, sdk: Path) -> dict[str, str]:
    """The environment of somebody who reads the documents: `emroot` and this Python's programs on PATH. No `node` of more than
    the machine has: everything needed comes along."""
    programs = directory / 'bin'
    programs.mkdir(parents=True)
    command = programs / 'emroot'
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m emroot "$@"\n')
    command.chmod(0o755)
    path = [str(programs), os.path.dirname(sys.executable), os.environ.get('PATH', '')]
    return plain_environment({'PATH': os.pathsep.join(path), 'EMROOT_HOME': str(home), 'EMSCRIPTEN_ROOT': str(sdk),
                              'PYTHONDONTWRITEBYTECODE': '1'})
