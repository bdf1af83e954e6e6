"""One lazy link: closure, compiles, sparse archives, the linker itself, and again as long as it takes a stand-in.

Whatever stands in the way raises `NotLazily`; the link is then made with whole archives, as if nothing had been tried.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..engine.build import Build
from ..index import Index
from ..index.keep import withdraw_index
from ..index.symbols import NmFailed, Symbols, describe, find_nm, is_bitcode, read_symbols
from ..plan import Archive
from .closure import Closure, Roots, read_stubs
from .command import LinkCommand
from .sparse import loaded, write_sparse
from .standins import bitcode_defining

#: Rounds after which whole archives are the faster way. Ordinary links need one or two.
ROUNDS = 6
#: Characters of a command line that every system takes.
_LONG = 30000


class NotLazily(Exception):
    """This link has to be made with whole archives; says why."""


@dataclass(frozen=True)
class Lazy:
    """An archive that is not there, with the index that stands for it."""

    archive: Archive
    index: Index
    path: Path
    """Where emcc looks for it."""


@dataclass
class Told:
    """What a lazy link came to, for the log and for who asked."""

    rounds: int = 0
    members: int = 0
    real: int = 0
    compiled: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


class Gather(Protocol):
    """Makes members of archives; by the names of both, where each lies."""

    def __call__(self, wanted: Iterable[tuple[Archive, Collection[str]]]) -> dict[str, dict[str, Path]]: ...


class LazyLink:
    """A link of which `lazies` are not there; `others` are the indexes of the archives that are, by path."""

    def __init__(self, build: Build, gather: Gather, command: LinkCommand, lazies: Sequence[Lazy],
                 others: Mapping[Path, Index], place: Path, cwd: Path) -> None:
        self.build, self.command, self.place, self.cwd = build, command, place, cwd
        self._gather, self._others = gather, others
        self._lazies = {lazy.path: lazy for lazy in lazies}
        self._order = list(dict.fromkeys(library.path for library in command.libraries
                                         if library.path in self._lazies or library.path in others))
        self._triple = f'{lazies[0].archive.mode.features[0]}-unknown-emscripten'
        self._nm = find_nm(build.catalogue.sdk.tools)
        self._env = build.catalogue.environment({'LC_ALL': 'C'})
        self._real: dict[Path, dict[str, Path]] = {path: {} for path in self._lazies}
        # In one directory and under their own names, so that whatever the linker sorts by path comes in the same order.
        self._private = {path: place / 'lib' / path.name for path in self._lazies}
        self.told = Told(members=sum(len(lazy.index.members) for lazy in lazies))

    def run(self) -> int:
        """Link. The output appears only when it is the one that whole archives give."""
        if len({path.name for path in self._lazies}) < len(self._lazies):
            raise NotLazily('two of its libraries have one name')
        (self.place / 'lib').mkdir()
        began = time.perf_counter()
        closure = self._closure()
        self.told.seconds['closure'] = round(time.perf_counter() - began, 4)
        for _ in range(ROUNDS):
            self.told.rounds += 1
            self._make(closure)
            done, trace = self._link()
            taken = {path: loaded(trace, private, self._real[path]) for path, private in self._private.items()}
            if not any(taken.values()):
                return self._finish(done)
            for path, names in ((path, names) for path, names in taken.items() if names):
                self.build.watcher.note(f'lazy link: the linker also takes {", ".join(sorted(names))} of {path.name}')
                closure.add(self._order.index(path), names)
        raise NotLazily(f'{ROUNDS} rounds did not suffice')

    # --- what is needed ---

    def _closure(self) -> Closure:
        inputs = self.command.objects
        try:
            symbols = read_symbols(self._nm, inputs, cwd=self.cwd, env=self._env)
        except NmFailed as error:
            raise NotLazily(f'the symbols of its inputs cannot be read: {error}') from error
        wanted = {name for found in symbols.values() for name in found.undefined} | self.command.wanted
        defined = {name for found in symbols.values() for name in found.defined}
        stubs: dict[str, tuple[str, ...]] = {}
        for path in self.command.stubs:
            stubs.update(read_stubs(path.read_text(encoding='utf-8', errors='surrogateescape')))
        bitcode = any(_begins_as_bitcode(path) for path in inputs)
        began = time.perf_counter()
        indexes = [self._lazies[path].index if path in self._lazies else self._others[path] for path in self._order]
        closure = Closure(indexes, Roots(wanted - defined, defined, stubs, bitcode))
        self.told.seconds['search'] = round(time.perf_counter() - began, 4)
        if closure.bitcode:
            self._add_of_code_generation(closure)
        return closure

    def _add_of_code_generation(self, closure: Closure) -> None:
        """With bitcode, the code generator comes to use functions that no symbol table mentions. Those of them that are bitcode
        themselves the linker loads beforehand, whatever the program: it is asked which. The others are compiled all."""
        self._write({path: {} for path in self._lazies})
        main = self.place / 'probe.o'
        main.write_bytes(bitcode_defining(['emroot_probe'], self._triple))
        words = [self.command.words[0], '--no-entry', '--trace', '-o', str(self.place / 'probe.wasm'), str(main),
                 *(str(private) for private in self._private.values()),
                 *(['-mwasm64'] if self._triple.startswith('wasm64') else [])]
        trace = _run(words, self.place, self.cwd).stdout
        for path, private in self._private.items():
            names = loaded(trace, private, ())
            native = {m.name for m in self._lazies[path].index.members if not m.bitcode}
            closure.add(self._order.index(path), names | native)

    # --- what is made ---

    def _make(self, closure: Closure) -> None:
        """Compile what is needed and is not there yet, see that it is what the index says, and write the archives."""
        began = time.perf_counter()
        needed = {path: set(closure.needed[n]) - set(self._real[path]) for n, path in enumerate(self._order)
                  if path in self._lazies}
        made = self._gather([(self._lazies[path].archive, names) for path, names in needed.items() if names])
        if self.build.result.failures:
            raise NotLazily('some of it cannot be compiled')
        self.told.seconds['compile'] = round(self.told.seconds.get('compile', 0) + time.perf_counter() - began, 3)
        for path, lazy in self._lazies.items():
            objects = made.get(lazy.archive.name, {})
            self._check(lazy, objects)
            self._real[path].update(objects)
        self._write(self._real)
        self.told.real = sum(map(len, self._real.values()))
        self.told.compiled = self.build.result.compiled

    def _check(self, lazy: Lazy, objects: Mapping[str, Path]) -> None:
        """An index that is wrong about what was compiled cannot be trusted with what was not."""
        members = {member.name: member for member in lazy.index.members}
        places = [place.encode() for place in self.build.catalogue.sdk.places]
        symbols = read_symbols(self._nm, list(objects.values()), env=self._env)
        for name, path in objects.items():
            found = describe(name, path.read_bytes(), symbols.get(str(path), Symbols()), places)
            said = members[name]
            if found.symbols != said.symbols or (found.digest and said.digest and found.digest != said.digest):
                withdraw_index(self.build.store, lazy.archive.key)
                raise NotLazily(f'the index of {lazy.archive.name} is wrong about {name}, and was withdrawn')

    def _write(self, real: Mapping[Path, Mapping[str, Path]]) -> None:
        for path, private in self._private.items():
            write_sparse(private, self._lazies[path].index, real[path], self._triple)

    # --- the linker ---

    def _link(self) -> tuple[subprocess.CompletedProcess[str], str]:
        words = list(self.command.words)
        for library in self.command.libraries:
            if library.path in self._private:
                words[library.at] = str(self._private[library.path])
        words[self.command.output] = str(self._aside())
        began = time.perf_counter()
        done = _run([words[0], '--trace', *words[1:]], self.place, self.cwd)
        self.told.seconds['link'] = round(self.told.seconds.get('link', 0) + time.perf_counter() - began, 3)
        return done, done.stdout

    def complete(self) -> list[Lazy]:
        """Of the archives, those of which everything is there now."""
        return [lazy for path, lazy in self._lazies.items() if len(self._real[path]) == len(lazy.index.members)]

    def _aside(self) -> Path:
        """Where the output is written at first: under its own name, which is part of it."""
        aside = self.place / 'out'
        aside.mkdir(exist_ok=True)
        return aside / os.path.basename(self.command.words[self.command.output])

    def _finish(self, done: subprocess.CompletedProcess[str]) -> int:
        """The link is the one that whole archives give. One that fails is repeated with these, for the linker's own words."""
        if done.returncode != 0:
            raise NotLazily(f'the linker refuses it: {done.stderr.strip()[:2000]}')
        said = done.stderr
        for path, private in self._private.items():
            said = said.replace(str(private), str(path))
        sys.stderr.write(said)
        target = self.cwd / self.command.words[self.command.output]
        shutil.move(self._aside(), target)
        return 0


def _run(words: Sequence[str], place: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    if sum(map(len, words)) > _LONG:
        response = place / 'arguments'
        quoted = ('"' + word.replace('\\', '\\\\').replace('"', '\\"') + '"' for word in words[1:])
        response.write_text('\n'.join(quoted), encoding='utf-8')
        words = [words[0], f'@{response}']
    return subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors='surrogateescape',
                          check=False)


def _begins_as_bitcode(path: Path) -> bool:
    with open(path, 'rb') as f:
        return is_bitcode(f.read(4))
