"""One lazy link: closure, compiles, sparse archives, the linker itself, and again as long as it takes a stand-in.

Whatever stands in the way raises `NotLazily`; the link is then made with whole archives, as if nothing had been tried. A link
that whole archives would not help either raises `Refused` (see `refusal.py`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..index import Index
from ..index.keep import withdraw_index
from .closure import Closure, Roots
from .command import LinkCommand
from .linker import run_linker
from .refusal import Refused, disputed, names_missing
from .sparse import loaded
from .standins import bitcode_defining
from .stock import Lazy, NotLazily, Pulled, Stock
from .witness import INPUT, Place, providers, unproven
from .words import is_word

#: Rounds after which whole archives are the faster way. Ordinary links need one or two.
ROUNDS = 6


@dataclass
class Told:
    """What a lazy link came to, for the log and for who asked."""

    rounds: int = 0
    members: int = 0
    real: int = 0
    compiled: int = 0
    predicted: int = 0
    """How many archives had no index of their own."""
    seconds: dict[str, float] = field(default_factory=dict)


class LazyLink:
    """A link of which the archives of `stock` are not there; `others` are the indexes of those that are, by path. What the linker
    says is written to `said`."""

    def __init__(self, stock: Stock, command: LinkCommand, roots: Roots, others: Mapping[Path, Index], place: Path, cwd: Path,
                 said: Path) -> None:
        self.stock, self.command, self.place, self.cwd, self.said = stock, command, place, cwd, said
        self._roots, self._others = roots, others
        self._order = list(dict.fromkeys(library.path for library in command.libraries
                                         if library.path in stock.lazies or library.path in others))
        self._forced: dict[Path, set[str]] = {path: set() for path in stock.lazies}
        self._asked = False
        self.told = Told(members=sum(len(lazy.archive.members) for lazy in stock.lazies.values()),
                         predicted=sum(lazy.known != 'exact' for lazy in stock.lazies.values()))

    def run(self) -> None:
        """Link. The output appears only when it is the one that whole archives give."""
        if any(lazy.known == 'predicted' for lazy in self.stock.lazies.values()):
            self._settle()
        for _ in range(ROUNDS):
            self.told.rounds += 1
            self._make()
            self.stock.write(self._names_but_words())
            done = self._link()
            taken = {path: loaded(done.stdout, private, self.stock.real[path]) for path, private in self.stock.private.items()}
            if pulled := [lazy.archive.name for path, lazy in self.stock.lazies.items() if path not in self.stock.parts
                          and (taken[path] or (not any(taken.values()) and self._wants_weakly(done.stdout, lazy)))]:
                raise Pulled(pulled)
            if not any(taken.values()):
                self._finish(done)
                return
            for path, names in ((path, names) for path, names in taken.items() if names):
                self.stock.build.watcher.note(f'lazy link: the linker also loads {", ".join(sorted(names))} of {path.name}')
                self._forced[path] |= names
        raise NotLazily(f'{ROUNDS} rounds were not enough')

    def complete(self) -> list[Lazy]:
        """Of the archives, those of which everything is there now."""
        return [lazy for path, lazy in self.stock.lazies.items() if len(self.stock.real[path]) == len(lazy.index.members)]

    # --- what is needed, and made ---

    def _names_but_words(self) -> set[str]:
        """The names that anything may want of which words do not say whether they are defined."""
        indexes = [*(lazy.index for lazy in self.stock.lazies.values()), *self._others.values()]
        wanted = {name for index in indexes for member in index.members for name in member.undefined}
        return {name for name in wanted.union(self._roots.wanted, *self._roots.stubs.values()) if not is_word(name)}

    def _wants_weakly(self, trace: str, lazy: Lazy) -> bool:
        """Whether anything that was linked refers weakly to a name that words may have and the archive has not: the linker loads
        nothing for it, but need not treat it like one that nobody has."""
        archives = [*self.stock.private.values(), *self._others]
        linked = _taken(trace)
        symbols = self.stock.symbols([*self.command.objects, *archives])
        of_members = {f'{path}[{member}]' for path in archives for archive, member in linked if path.name == archive}
        weak = {name for each, found in symbols.items() if each in of_members or not each.endswith(']') for name in found.weak}
        return not weak.isdisjoint(lazy.index.members[0].defined) or not all(map(is_word, weak))

    def _closure(self) -> Closure:
        began = time.perf_counter()
        lazies = self.stock.lazies
        closure = Closure([lazies[path].index if path in lazies else self._others[path] for path in self._order], self._roots)
        for path, names in self._forced.items():
            closure.add(self._order.index(path), names)
        for library in self.command.libraries:
            if library.whole and library.path in self._others:
                closure.add(self._order.index(library.path), self._others[library.path].names)
        self._spent('search', began)
        return closure

    def _settle(self) -> None:
        """Archives without an index of their own: what is predicted to be needed is compiled, and of all else the compiler's
        front end says what it defines at most. What that cannot say is compiled as well."""
        self._compile(self._closure())
        began = time.perf_counter()
        self.stock.settle()
        self._spent('front end', began)

    def _make(self) -> None:
        """Compile what is needed and is not there yet."""
        closure = self._closure()
        if closure.bitcode and not self._asked:
            self._asked = True
            self._ask_code_generation()
            closure = self._closure()
        self._compile(closure)
        self.told.real = sum(map(len, self.stock.real.values()))
        self.told.compiled = self.stock.build.result.compiled

    def _compile(self, closure: Closure) -> None:
        """Compile what a closure needs, and what that turns out to refer to besides."""
        began = time.perf_counter()
        while self.stock.make({path: closure.needed[n] for n, path in enumerate(self._order) if path in self.stock.lazies}):
            closure = self._closure()
        self._spent('compile', began)

    def _ask_code_generation(self) -> None:
        """With bitcode, the code generator comes to use functions that no symbol table mentions. Those of them that are bitcode
        themselves the linker loads beforehand, whatever the program: it is asked which. The others are compiled all."""
        self.stock.write(empty=True)
        main = self.place / 'probe.o'
        main.write_bytes(bitcode_defining(['emroot_probe'], self.stock.triple))
        words = [self.command.words[0], '--no-entry', '--trace', '-o', str(self.place / 'probe.wasm'), str(main),
                 *(str(private) for private in self.stock.parts.values()),
                 *(['-mwasm64'] if self.stock.triple.startswith('wasm64') else [])]
        trace = run_linker(words, self.place, self.cwd).stdout
        for path, private in self.stock.parts.items():
            native = {m.name for m in self.stock.lazies[path].index.members if not m.bitcode}
            self._forced[path] |= loaded(trace, private, ()) | native

    def _spent(self, what: str, began: float) -> None:
        self.told.seconds[what] = round(self.told.seconds.get(what, 0) + time.perf_counter() - began, 3)

    # --- the linker ---

    def _link(self, *more: str) -> subprocess.CompletedProcess[str]:
        words = list(self.command.words)
        for library in self.command.libraries:
            if library.path in self.stock.private:
                words[library.at] = str(self.stock.private[library.path])
        words[self.command.output] = str(self._aside())
        began = time.perf_counter()
        done = run_linker([words[0], '--trace', *words[1:], *more], self.place, self.cwd)
        self._spent('link', began)
        return done

    def _aside(self) -> Path:
        """Where the output is written at first: under its own name, which is part of it."""
        aside = self.place / 'out'
        aside.mkdir(exist_ok=True)
        return aside / os.path.basename(self.command.words[self.command.output])

    def _finish(self, done: subprocess.CompletedProcess[str]) -> None:
        """The link is the one that whole archives give."""
        if '-v' in self.command.words:  # the linker names itself before anything else, and links all the same
            sys.stdout.write(done.stdout.partition('\n')[0] + '\n')
        if done.returncode != 0:
            self._refuse(done)
        self._prove(done.stdout)
        self._say(done.stderr)
        shutil.move(self._aside(), self.cwd / self.command.words[self.command.output])

    def _prove(self, trace: str) -> None:
        """See that what indexes of others say of members that were not compiled is true, as far as this link relies on it."""
        stock, began = self.stock, time.perf_counter()
        claimed = {path: lazy for path, lazy in stock.lazies.items() if lazy.claimed and lazy.known == 'exact'}
        if not claimed:
            return
        linked: dict[str, Place] = {str(path): INPUT for path in self.command.objects}
        taken, files = _taken(trace), [stock.private.get(path, path) for path in self._order]
        for number, (path, file) in enumerate(zip(self._order, files, strict=True)):
            names = (stock.lazies[path].index if path in stock.lazies else self._others[path]).names
            linked.update((f'{file}[{name}]', (number, at)) for at, name in enumerate(names) if (file.name, name) in taken)
        wanted = providers(stock.symbols([*self.command.objects, *files]), linked)
        unproved = {path: unproven(stock.build, lazy, self._order.index(path), wanted, stock.real[path])
                    for path, lazy in claimed.items()}
        stock.make(unproved)
        self.told.compiled = stock.build.result.compiled
        self._spent('proof', began)

    def _refuse(self, done: subprocess.CompletedProcess[str]) -> None:
        """Give a failure through if whole archives fail in the same way; else have them built, for the linker's own words."""
        missing = names_missing(self._link('--no-demangle', '--error-limit=0', '--no-color-diagnostics').stderr)
        stock = self.stock
        known = {name for index in [*(lazy.index for lazy in stock.lazies.values()), *self._others.values()]
                 for member in index.members for name in member.defined}
        if not missing or missing & known:
            raise NotLazily(f'the linker failed: {done.stderr.strip()[:2000]}')
        for path, lazy in stock.lazies.items():
            names = disputed(stock.build, lazy.archive, missing, stock.real[path]) if lazy.known == 'exact' else set()
            drawn = stock.draw([(lazy.archive, names)]).get(lazy.archive.name, {}) if names else {}
            if wrong := [name for name in sorted(names) if name not in drawn or drawn[name].defined & missing]:
                withdraw_index(stock.build.store, lazy.archive.key)
                raise NotLazily(f'the index of {lazy.archive.name} may be wrong about {wrong[0]}, and was withdrawn')
        self._say(done.stderr)
        raise Refused(', '.join(sorted(missing)))

    def _say(self, said: str) -> None:
        for path, private in self.stock.private.items():
            said = said.replace(str(private), str(path))
        with open(self.said, 'a', encoding='locale', errors='surrogateescape') as f:
            f.write(said)


def _taken(trace: str) -> set[tuple[str, str]]:
    """The members that a link loaded, each with the name of its archive's file, by what `wasm-ld --trace` said."""
    return {(os.path.basename(archive), member) for line in trace.splitlines() if line.endswith(')')
            for archive, _, member in [line[:-1].rpartition('(')]}
