"""Records of lazy links in a cache directory, with which the hook repeats them (`probe/emcc_hook/repeated_links.py`).

    .emroot/lazy/links/KEY/link.json    `LinkRecord`; the key is of the options of the link
    .emroot/lazy/links/KEY/libc.a       an archive with the members that are compiled, and stubs
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..host.files import remove_tree
from ..host.locks import try_lock
from ..probe.emcc_hook.repeated_links import LINKS, RECORD, read_template, read_trace
from ..sdk import Sdk
from ..symbol_index.symbols import find_nm
from .lazy_archives import LazyArchives
from .link import LazyLink
from .link_history import link_identity
from .suspects import INPUT, LINKERS

#: Held by whoever changes the records.
LOCK = '.emroot/lazy/links.lock'
#: After this number of seconds a record is written without it.
_PATIENCE = 30.0
#: Records that are kept in a cache directory, those that were used last.
_KEPT = 64


@dataclass
class LinkRecord:
    """What one or more links with the same options needed of the same archives."""

    nm: str
    archives: Mapping[str, str]
    """The missing libraries, and the file of each in the record."""
    words: Mapping[str, str]
    """The arguments of the linker that name them."""
    bounded: bool
    """Whether the stubs define all that their members do, so that a link that loads none of them is right."""
    exact: bool
    """Whether any of the archives has its own index."""
    lto: str = ''
    """The kind of LTO (`probe/emcc_hook/lto_objects.py`) of links that depend on what code generation looks for."""
    real: dict[str, list[str]] = field(default_factory=dict)
    """By file, the members that are compiled."""
    loaded: dict[str, list[str]] = field(default_factory=dict)
    """By file, the members that were loaded, also of libraries that exist."""
    names: list[str] = field(default_factory=list)
    """The names that the links looked for in libraries: no member that is not compiled comes first to define one."""
    open: list[str] = field(default_factory=list)
    """The names that libraries look for, and that objects and libraries of the project defined."""
    between: dict[str, tuple[str, str]] = field(default_factory=dict)
    """What else code generation referred to: by name, the file and its member whose bitcode defines it."""

    def merge(self, other: LinkRecord) -> None:
        """Add what other links needed. This one has at least the other's compiled members of its archives, which are some of the
        other's: the rest was built since."""
        for name, members in other.loaded.items():
            self.loaded[name] = sorted({*self.loaded.get(name, ()), *members})
        self.names = sorted({*self.names, *other.names})
        self.open = sorted({*self.open, *other.open} - set(self.names))
        self.between = {**other.between, **self.between}


class LinkRecords:
    """The records of a cache directory for one command of the linker."""

    def __init__(self, cache: Path, sdk: Sdk, words: Sequence[str], cwd: Path, *, own_location: bool) -> None:
        self._cache, self._nm, self._words, self._cwd = cache, str(find_nm(sdk.tools)), words, cwd
        self._identity = link_identity(sdk, own_location=own_location)

    def _directory(self) -> Path:
        """Where the record is. Start files count as objects, so they have to exist."""
        return self._cache / LINKS / read_template(self._words, str(self._cwd)).key(self._identity)

    def read(self) -> LinkRecord | None:
        """What earlier links of this kind needed; None if there is no record."""
        try:
            return LinkRecord(**json.loads((self._directory() / RECORD).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    @staticmethod
    def compile(archives: LazyArchives, record: LinkRecord | None) -> bool:
        """Add what earlier links compiled to archives. Returns whether these lacked any."""
        lacking = {path: (set(record.real.get(path.name, ())) & set(lazy.index.names)) - archives.real[path].keys()
                   for path, lazy in archives.lazies.items()} if record else {}
        archives.make(lacking)
        return any(lacking.values())

    def keep(self, link: LazyLink) -> None:
        """Keep what a link needed, and what earlier ones did. The directory of its archives moves. A link that nobody can repeat
        is not kept."""
        if '-v' not in link.command.words:
            with try_lock(self._cache / LOCK, seconds=_PATIENCE):  # without it, one of two links at the same time is forgotten
                self._merge(link)

    def _merge(self, link: LazyLink) -> None:
        lazies, command, before = link.archives.lazies, link.command, self.read()
        if self.compile(link.archives, before):  # another link was made meanwhile
            link.archives.write()
        incomplete = lazies.keys() - {lazy.path for lazy in link.complete()}  # the others are built now
        record = LinkRecord(self._nm, {str(path): path.name for path in incomplete},
                            {command.words[each.at]: each.path.name for each in command.libraries if each.path in incomplete},
                            link.is_bounded, any(lazy.exact for lazy in lazies.values()), link.lto)
        record.real = {path.name: sorted(link.archives.real[path]) for path in incomplete}
        if not record.bounded and not self._tell_names(link, record):
            return
        if before and before.lto == record.lto and before.archives.items() >= record.archives.items():
            record.merge(before)
        with contextlib.suppress(OSError):
            _write(self._directory(), record, link.archives.directory)

    def _tell_names(self, link: LazyLink, record: LinkRecord) -> bool:
        """Record the names that a link looked for. Returns whether others can be compared with it."""
        lazies, closure = link.archives.lazies, link.closure()
        own = [path for path in link.order if path not in lazies and self._cache not in path.parents]
        first = min(map(link.order.index, lazies))
        positions = None if any(link.order.index(path) > first for path in own) else link.suspects.settled(closure)
        if positions is None:
            return False
        libraries = {path.name for path in link.order if path not in own}
        for file, member in read_trace(link.trace):
            if member and os.path.basename(file) in libraries:
                record.loaded.setdefault(os.path.basename(file), []).append(member)
        of_project = {name for name, (number, _) in positions.items()
                      if number == INPUT[0] or (number < len(link.order) and link.order[int(number)] in own)}
        by_libraries = {*link.command.named, *LINKERS, *link.roots.early}
        if link.lto:
            by_libraries.update(link.roots.stubs)
        for path, (index, _), needed in zip(link.order, link.suspects.certain(), closure.needed, strict=True):
            if path not in own:
                by_libraries.update(name for member in index.members if member.name in needed
                                    for name in (*member.undefined, *member.weak))
        record.names, record.open = sorted(positions.keys() - of_project), sorted(of_project & by_libraries)
        record.between = link.between
        return True


def _write(directory: Path, record: LinkRecord, archives: Path) -> None:
    (archives / RECORD).write_text(json.dumps(asdict(record)), encoding='utf-8')
    directory.parent.mkdir(parents=True, exist_ok=True)
    remove_tree(directory)
    os.rename(archives, directory)
    for old in sorted(directory.parent.iterdir(), key=os.path.getmtime)[:-_KEPT]:
        remove_tree(old)
