"""The linker's command line from emcc: inputs, roots, and options that prevent a lazy link; and how it is run."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..host.quoting import write_response_file

#: What the one member of an object is called that the linker loads like one of an archive.
ALONE = ''
#: Characters of a command line that every system takes.
_LONG = 30000
#: Options with a symbol that the linker then searches for.
_NAMING = re.compile(r'(?:-u|--undefined=|--export=|--export-if-defined=|--entry=|--wrap=)(.+)', re.DOTALL)
_NAMING_NEXT = ('-u', '--undefined', '-e', '--entry', '--wrap', '--export', '--export-if-defined')
_OWN = ('_start', '__wasm_call_dtors')
_TAKES_NEXT = (*_NAMING_NEXT, '-o', '-m', '-z', '-L', '-l', '-mllvm', '-O', '--library', '--library-path', '--global-base')
#: Options that print or keep information about archive members, besides the program.
_TELLING = re.compile(r'-M|-t|-y.*|--(Map|cref|dependency-file|lto-obj-path|print-archive-stats|print-gc-sections|print-map|'
                      r'reproduce|save-temps|thinlto-cache-dir|thinlto-emit-|thinlto-index-only|trace|trace-symbol|verbose|'
                      r'why-extract|relocatable|emit-relocs)\b.*|-r|-Map.*|@.*', re.DOTALL)


@dataclass(frozen=True)
class LinkedArchive:
    """An archive on the command line, or an object between `--start-lib` and `--end-lib`: to the linker, an archive with one
    member."""

    at: int
    """Its index among the arguments."""
    path: Path
    """The file that the linker uses, or would use if it existed."""
    whole: bool = False
    """Whether the linker loads all members (`--whole-archive`)."""
    alone: bool = False
    """Whether it is an object, whose member is called `ALONE`."""


@dataclass
class LinkCommand:
    """A parsed command of wasm-ld."""

    words: Sequence[str]
    objects: list[Path] = field(default_factory=list)
    """Inputs that are always linked."""
    stubs: list[Path] = field(default_factory=list)
    libraries: list[LinkedArchive] = field(default_factory=list)
    """Archives, in order."""
    named: set[str] = field(default_factory=lambda: set(_OWN))
    wrapped: set[str] = field(default_factory=set)
    """The symbols of `--wrap`."""
    output: int = 0
    """The index of the output among the arguments."""
    obstacle: str = ''
    """Why the link needs whole archives; empty if it does not."""


def read_command(words: Sequence[str], cwd: Path, missing: Sequence[Path]) -> LinkCommand:
    """Parse a command. The archives in `missing` do not exist, but are treated as if they did."""
    command, awaited = LinkCommand(words), set(map(str, missing))
    directories, whole, grouped = list(_directories(words, cwd)), False, False
    arguments = iter(range(1, len(words)))
    for at in arguments:
        word = words[at]
        if _TELLING.fullmatch(word):
            command.obstacle = f'{word} needs whole archives'
        if naming := _NAMING.fullmatch(word):
            command.named.add(naming[1])
            if word.startswith('--wrap='):
                command.wrapped.add(naming[1])
        elif word in ('--whole-archive', '--no-whole-archive'):
            whole = word == '--whole-archive'
        elif word in ('--start-lib', '--end-lib'):
            grouped = word == '--start-lib'
        elif word.startswith('-l') and len(word) > 2:
            paths = (directory / f'lib{word[2:]}.a' for directory in directories)
            if path := next((path for path in paths if path.is_file() or str(path) in awaited), None):
                command.libraries.append(LinkedArchive(at, path, whole))
        elif word in _TAKES_NEXT:
            following = next(arguments, at)
            if word == '-o':
                command.output = following
            elif word in _NAMING_NEXT:
                command.named.add(words[following])
                if word == '--wrap':
                    command.wrapped.add(words[following])
        elif not word.startswith('-'):
            _take_input(command, LinkedArchive(at, cwd / word, whole, grouped), awaited)
    if not command.output:
        command.obstacle = 'it has no output'
    if os.environ.get('LLD_REPRODUCE'):
        command.obstacle = 'LLD_REPRODUCE is set'
    return command


def _directories(words: Sequence[str], cwd: Path) -> Iterator[Path]:
    """The search directories for libraries, in order. The linker reads all these options before any `-l`."""
    for at, word in enumerate(words):
        if word in ('-L', '--library-path') and at + 1 < len(words):
            yield cwd / words[at + 1]
        elif word.startswith('-L'):
            yield cwd / word[2:]
        elif word.startswith('--library-path='):
            yield cwd / word.partition('=')[2]


def _take_input(command: LinkCommand, given: LinkedArchive, awaited: set[str]) -> None:
    path, archive = given.path, replace(given, alone=False)
    if path.suffix == '.a':
        command.libraries.append(archive)
    elif str(path) in awaited:  # a start file: it is made before anything is linked
        command.objects.append(path)
    elif path.is_file():
        with open(path, 'rb') as f:
            begins = f.read(32)
        if begins.startswith(b'#STUB'):
            command.stubs.append(path)
        elif begins.startswith(b'!<arch>\n'):
            command.libraries.append(archive)
        elif given.alone and b'dylink' not in begins:
            command.libraries.append(replace(given, whole=False))
        else:
            command.objects.append(path)


def run_linker(words: Sequence[str], directory: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of wasm-ld to its end. `directory`: for a response file."""
    if sum(map(len, words)) > _LONG:
        words = [words[0], write_response_file(directory / 'arguments', words[1:])]
    return subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors='surrogateescape',
                          check=False)


def loaded_members(trace: str) -> set[tuple[str, str]]:
    """(archive file name, member) of each member that a link loaded, from the output of `wasm-ld --trace`; an object has the
    member `ALONE`."""
    return {(os.path.basename(archive), member) if archive else (os.path.basename(line), ALONE) for line in trace.splitlines()
            for archive, _, member in [line[:-1].rpartition('(') if line.endswith(')') else ('', '', '')]}
