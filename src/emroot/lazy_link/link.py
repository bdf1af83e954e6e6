"""One lazy link: compute the closure, compile, write sparse archives, run the linker; repeat while it loads a stub.

Any obstacle raises `NeedsWholeArchives`; then the link is made with whole archives. A link that would fail with whole
archives, too, raises `LinkRefused` (see `symbols/undefined_symbols.py`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..probe.emcc_hook.lto_objects import FULL, THIN, keeping_options, kept_objects
from ..symbol_index import SymbolIndex
from ..symbol_index.storage import delete_index
from .lazy_archives import LazyArchive, LazyArchives, NeedsWholeArchives
from .libcalls import Libcalls
from .linker_command import LinkCommand, loaded_members, run_linker
from .mentioned_names import MentionedNames
from .suspects import Suspects
from .symbols.ir_symbols import TAGS
from .symbols.stub_archive import extracted_members
from .symbols.symbol_closure import Roots, SymbolClosure
from .symbols.undefined_symbols import LinkRefused, names_in_sources, undefined_symbols

#: After this number of rounds whole archives are faster. Usual links need one or two.
MAX_ROUNDS = 6


@dataclass
class LinkStats:
    """Statistics of a lazy link, for the log and the caller."""

    rounds: int = 0
    members: int = 0
    real: int = 0
    compiled: int = 0
    predicted: int = 0
    """The number of archives without their own index."""
    seconds: dict[str, float] = field(default_factory=dict)


class LazyLink:
    """A link without whole `archives`. `existing`: the indexes of the other archives, by path. `messages`: the file for the
    linker's output."""

    def __init__(self, archives: LazyArchives, mentioned: MentionedNames, command: LinkCommand, roots: Roots,
                 existing: Mapping[Path, SymbolIndex], directory: Path, cwd: Path, messages: Path) -> None:
        self.archives, self.command, self.directory, self.cwd, self.messages = archives, command, directory, cwd, messages
        self._existing, self.trace, self._has_bounds = existing, '', False
        self._kinds = {*roots.bitcode_kinds, *(lazy.archive.mode.lto for lazy in archives.lazies.values())} - {'none'}
        self._libcalls = Libcalls(archives.build, command.words[0], archives.triple, directory, cwd)
        self.order = list(dict.fromkeys(library.path for library in command.libraries
                                         if library.path in archives.lazies or library.path in existing))
        #: What code generation referenced from one module to another: by name, the member whose bitcode defines it.
        self.between: dict[str, tuple[str, str]] = {}
        self._forced: dict[Path, set[str]] = {path: set() for path in self.order}
        self.suspects = Suspects(mentioned, archives, self.order, existing, roots)
        self._closures: dict[tuple[int, ...], SymbolClosure] = {}
        self.stats = LinkStats(members=sum(len(lazy.archive.members) for lazy in archives.lazies.values()),
                               predicted=sum(not (lazy.exact or lazy.claimed) for lazy in archives.lazies.values()))

    def run(self) -> None:
        """Link. The output appears only if it is the one that whole archives give."""
        for _ in range(MAX_ROUNDS):
            self.stats.rounds += 1
            self._make()
            self.archives.write()
            done = self._link()
            stubs = {path: names for path, private in self.archives.private.items()
                     if (names := extracted_members(done.stdout, private, self.archives.real[path]))}
            for path, names in stubs.items():
                self.archives.build.listener.note(f'lazy link: the linker also loads {", ".join(sorted(names))} of {path.name}')
                self._forced[path] |= names
            if not self._calls_more(done.stdout) and not stubs and not self._loads_more(done.stdout):
                self._finish(done)
                return
        raise NeedsWholeArchives(f'{MAX_ROUNDS} rounds were not enough')

    def complete(self) -> list[LazyArchive]:
        """The archives, if all members of all of them are now compiled. Before, whole ones would not make later links faster."""
        archives = self.archives
        whole = all(len(archives.real[path]) == len(lazy.index.members) for path, lazy in archives.lazies.items())
        return list(archives.lazies.values()) if whole else []

    @property
    def is_bounded(self) -> bool:
        """Whether the stubs define all that their members do."""
        return self._has_bounds or not self.archives.bounds

    @property
    def roots(self) -> Roots:
        """The inputs of the link, and what code generation asked for."""
        return self.suspects.roots

    @property
    def lto(self) -> str:
        """The kind of LTO of a link whose code generation is asked for what it calls; empty if it is not."""
        return next(iter(self._kinds)) if self.closure().bitcode and self._words_are_enough() else ''

    # --- what is needed, and made ---

    def closure(self) -> SymbolClosure:
        """What the link needs, as far as it is known."""
        lazies = self.archives.lazies
        indexes = [lazies[path].index if path in lazies else self._existing[path] for path in self.order]
        state = (*map(id, indexes), id(self.roots), sum(map(len, self._forced.values())))
        if state not in self._closures:
            began = time.perf_counter()
            self._closures = {state: (closure := SymbolClosure(indexes, self.roots))}  # it holds the indexes
            for path, names in self._forced.items():
                closure.add(self.order.index(path), names)
            for library in self.command.libraries:
                if library.whole and library.path in self._existing:
                    closure.add(self.order.index(library.path), self._existing[library.path].names)
            self._spent('search', began)
        return self._closures[state]

    def _make(self) -> None:
        """Compile the members that are needed, or that may define what the link looks for."""
        if self.closure().bitcode:
            self._find_libcalls(self._names())
            for path, lazy in self.archives.lazies.items():
                self._forced[path] |= {member.name for member in lazy.index.members
                                       if not self.roots.intrinsics.isdisjoint(member.defined)}
        with contextlib.ExitStack() as stack:
            described: Iterator[Set[str]] = iter(())
            if self._words_are_enough():
                described = stack.enter_context(self.suspects.read_ahead(self.closure()))
            self._compile(self.closure())
            for names in described:  # so that compiles go on while the sources of other archives are read
                self._compile_suspects(names)
        if self._words_are_enough():
            if self.closure().bitcode:
                self._find_libcalls({*self._names(), *self.suspects.words()})
            self._compile_suspects()
        elif (self.closure().bitcode or self.roots.shared) and not self._has_bounds:
            self._bound_symbols()
        self.stats.real = sum(map(len, self.archives.real.values()))
        self.stats.compiled = self.archives.build.result.compiled

    def _compile_suspects(self, among: Set[str] | None = None) -> None:
        """Compile the members, `among` those of some archives, of which the sources do not tell that they define no name that the
        link looks for."""
        while True:
            began = time.perf_counter()
            members = self.suspects.members(self.closure(), among)
            self._spent('words', began)
            if not any(members.values()):
                return
            names = sorted(set().union(*members.values()))
            self.archives.build.listener.note(f'lazy link: their sources do not exclude {", ".join(names)}')
            self.archives.make(members)
            self._compile(self.closure())

    def _loads_more(self, trace: str) -> bool:
        """Whether the linker loaded members that the closure lacks, so that it may have looked for other names."""
        if not self.archives.bounds or self._has_bounds:
            return False
        closure, loaded, more = self.closure(), loaded_members(trace), False
        for number, (path, (index, _)) in enumerate(zip(self.order, self.suspects.certain(), strict=True)):
            names = {name for name in index.names if (path.name, name) in loaded} - closure.needed[number]
            self._forced[path] |= names
            more = more or bool(names)
        return more

    def _compile(self, closure: SymbolClosure) -> None:
        """Compile the members of a closure, and those that these turn out to reference."""
        began = time.perf_counter()
        while self.archives.make({path: closure.needed[n] for n, path in enumerate(self.order) if path in self.archives.lazies}):
            closure = self.closure()
        self._spent('compile', began)

    def _words_are_enough(self) -> bool:
        """Whether the words of sources tell what members without an index may define, of all names that the link looks for."""
        return bool(self.archives.bounds) and not self._has_bounds and not self.roots.shared and (
            not self.closure().bitcode or self._kinds in ({FULL}, {THIN}))

    def _bound_symbols(self) -> None:
        """Have the front end bound all other members. Native ones are compiled, for what code generation calls."""
        self._has_bounds = True
        began = time.perf_counter()
        self.archives.bound_symbols()
        self._spent('front end', began)
        if self.closure().bitcode:
            self._find_libcalls({*self._names(), *(name for bounds in self.archives.bounds.values()
                                                   for bound in bounds.values() for name in bound)})
            for path, lazy in self.archives.lazies.items():
                self._forced[path] |= {member.name for member in lazy.index.members if not member.bitcode}
        self._compile(self.closure())

    def _names(self) -> set[str]:
        """What members are known or said to define."""
        return {name for index, _ in self.suspects.certain() for member in index.members for name in member.defined}

    def _find_libcalls(self, names: Set[str]) -> None:
        """Which names are libcalls."""
        began = time.perf_counter()
        if found := self._libcalls.among(names) - set(self.roots.libcalls):
            self.suspects.roots = replace(self.roots, libcalls={*self.roots.libcalls, *found})
        self._spent('libcalls', began)

    def _calls_more(self, trace: str) -> bool:
        """Whether code generation called functions for which the link needs more. Tags, which it may define, are at hand then.
        What bitcode defined before is not looked for: ThinLTO's objects refer to each other, also to instantiations."""
        output = str(self._temporary_output())
        found = self.archives.symbols([Path(file) for file in kept_objects(self.lto, output)] if self.lto else []).values()
        called = {name for symbols in found for name in (*symbols.undefined, *symbols.weak)} - set(self.roots.defined)
        provided = self._names_of_bitcode(trace) if called else {}
        self.between = {name: provided[name] for name in called & provided.keys()}
        called -= provided.keys()
        if called <= set(self.roots.referenced):
            return False
        tags = {name for symbols in found for name in symbols.defined} & TAGS
        self.suspects.roots = replace(self.roots, referenced={*self.roots.referenced, *called},
                                      defined={*self.roots.defined, *tags})
        closure = self.closure()
        return any(needed - self.archives.real[path].keys() for path, needed in zip(self.order, closure.needed, strict=True)
                   if path in self.archives.lazies) or any(self.suspects.members(closure).values())

    def _names_of_bitcode(self, trace: str) -> dict[str, tuple[str, str]]:
        """The names that loaded members define which are bitcode, with the file name of one's archive and its own."""
        loaded = loaded_members(trace)
        return {name: (path.name, member.name) for path, (index, _) in zip(self.order, self.suspects.certain(), strict=True)
                for member in index.members if member.bitcode and (path.name, member.name) in loaded for name in member.defined}

    def _spent(self, what: str, began: float) -> None:
        self.stats.seconds[what] = round(self.stats.seconds.get(what, 0) + time.perf_counter() - began, 3)

    # --- the linker ---

    def _link(self, *more: str, keeping: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the linker. `keeping`: with the objects that code generation makes."""
        words = list(self.command.words)
        for library in self.command.libraries:
            if library.path in self.archives.private:
                words[library.at] = str(self.archives.private[library.path])
        words[self.command.output] = str(output := self._temporary_output())
        if keeping and (lto := self.lto):
            words += keeping_options(lto, str(output.parent))
        began = time.perf_counter()
        done = run_linker([words[0], '--trace', *words[1:], *more], self.directory, self.cwd)
        self._spent('link', began)
        return done

    def _temporary_output(self) -> Path:
        """A temporary path for the output, with the same file name, because the name is part of the output."""
        aside = self.directory / 'out'
        aside.mkdir(exist_ok=True)
        return aside / os.path.basename(self.command.words[self.command.output])

    def _finish(self, done: subprocess.CompletedProcess[str]) -> None:
        """Install the output: it is the one that whole archives give."""
        self.trace = done.stdout
        if '-v' in self.command.words:  # the linker names itself before anything else, and links all the same
            sys.stdout.write(done.stdout.partition('\n')[0] + '\n')
        if done.returncode != 0:
            self._refuse(self._link(keeping=False) if self.lto == THIN else done)
        self._write_messages(done.stderr)
        shutil.move(self._temporary_output(), self.cwd / self.command.words[self.command.output])

    def _refuse(self, done: subprocess.CompletedProcess[str]) -> None:
        """Pass a failure on if whole archives fail in the same way. Otherwise raise `NeedsWholeArchives`."""
        missing = undefined_symbols(
            self._link('--no-demangle', '--error-limit=0', '--no-color-diagnostics', keeping=False).stderr)
        archives = self.archives
        if not missing and (done.returncode < 0 or 'error: ' not in done.stderr or any(
                f'{private}({name}' in done.stderr for path, private in archives.private.items()
                for name in set(archives.lazies[path].index.names) - archives.real[path].keys())):
            raise NeedsWholeArchives(f'the linker failed: {done.stderr.strip()[:2000]}')
        known = {name for index, certain in self.suspects.certain()
                 for member in index.members if member.name in certain for name in member.defined}
        if missing & known:
            raise NeedsWholeArchives(f'the linker does not find {", ".join(sorted(missing & known))}')
        for path, lazy in ((path, lazy) for path, lazy in archives.lazies.items() if lazy.exact):
            mentioned = names_in_sources(archives.build, lazy.archive, missing, archives.real[path])
            unconfirmed = {member for member, names in mentioned.items() if names}
            bounds = archives.scan(path, unconfirmed)
            if wrong := [member for member in sorted(unconfirmed) if member not in bounds or bounds[member] & missing]:
                delete_index(archives.build.store, lazy.archive.key)
                raise NeedsWholeArchives(f'the index of {lazy.archive.name} may be wrong about {wrong[0]}, and was withdrawn')
        self._write_messages(done.stderr)
        raise LinkRefused(', '.join(sorted(missing)) or done.stderr.strip()[:500])

    def _write_messages(self, text: str) -> None:
        for path, private in self.archives.private.items():
            text = text.replace(str(private), str(path))
        with open(self.messages, 'a', encoding='locale', errors='surrogateescape') as f:
            f.write(text)
