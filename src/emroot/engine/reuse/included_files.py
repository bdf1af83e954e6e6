"""Include closures: the files that a compile read, with portable names and digests."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from ...hashing import digest_file, digest_record
from ...host.files import read_file
from ...sdk.identity_cache import read_source_index
from ...store import Store
from ...store.records import is_below, is_digest
from ..command_lines.compile_context import CompileContext

INCLUDED_FILES = 'closure'
IncludedFiles = tuple[tuple[str, str], ...]
"""(name, sha256) of each file, sorted. Names begin with `{sdk}` or `{cache}`."""
_PLACES = ('{sdk}', '{cache}')
#: The prefix of recorded sources, which are relative to `CompileContext.working_directory`.
UP = '../../../'
_ESCAPED = re.compile(r'\\([ #])|\$\$')
_WORD = re.compile(r'(?:\\[ #]|\S)+')


class FileDigests:
    """Names, digests and contents of the files that compiles read. One per build."""

    def __init__(self, context: CompileContext, headers: Mapping[str, str]) -> None:
        self.context = context
        self._digests = {f'{{sdk}}/{name}': digest for name, digest in read_source_index(context.sdk).items()}
        self._digests.update((f'{{cache}}/{name}', digest) for name, digest in headers.items())
        self._roots = [(str(context.cache) + os.sep, '{cache}/'), (str(context.sdk.root) + os.sep, '{sdk}/'),
                       (str(context.sdk.resource_dir) + os.sep, None)]
        #: A digest of all names of sources and headers, for keys: a new file could be found before another.
        self.names = digest_record(sorted(self._digests))
        self._named: dict[str, str | None] = {}

    def source_name(self, source: str) -> str:
        """The portable name of a recorded source: `../../../system/lib/al.c` is `{sdk}/system/lib/al.c`."""
        return '{sdk}/' + source.removeprefix(UP) if source.startswith(UP) else source

    def digest(self, name: str) -> str | None:
        """The sha256 of the current content of a file; None if it does not exist."""
        if name not in self._digests:
            try:
                if not self.path(name).is_file():
                    return None
                self._digests[name] = digest_file(self.path(name))
            except OSError:
                return None
        return self._digests[name]

    def path(self, name: str) -> Path:
        """The path of the file with this portable name."""
        return Path(name.replace('{cache}', str(self.context.cache)).replace('{sdk}', str(self.context.sdk.root)))

    def closure(self, depfile: Path) -> IncludedFiles | None:
        """The closure in a depfile of clang, without the compiler's own headers, which are part of the compiler's digest. None
        if there is no depfile, or it lists a file without a portable name."""
        text = read_file(depfile)
        if not text:
            return None
        names = set()
        for path in parse_depfile(text.decode(errors='surrogateescape')):
            if path not in self._named:
                self._named[path] = self._name(path)
            name = self._named[path]
            if name is None:
                return None
            names.add(name)
        names.discard('')
        return tuple((name, self.digest(name) or '') for name in sorted(names))

    def _name(self, path: str) -> str | None:
        """The portable name of a path in a depfile: empty for the compiler's headers, None outside of the SDK."""
        absolute = os.path.normpath(os.path.join(str(self.context.working_directory), path))
        for root, prefix in self._roots:
            if absolute.startswith(root):
                return '' if prefix is None else prefix + absolute[len(root):].replace(os.sep, '/')
        return None

    def changed(self, closure: IncludedFiles) -> str:
        """The first file of a closure without its recorded content; empty if there is none."""
        return next((name for name, digest in closure if self.digest(name) != digest), '')


def read_included_files(store: Store, key: object) -> IncludedFiles | None:
    """The closure with this key; None if the store has none, or one with invalid names."""
    record = store.read(INCLUDED_FILES, str(key)) if is_digest(key) else None
    files = record.get('files') if record else None
    if not isinstance(files, list) or not all(
            isinstance(pair, list) and len(pair) == 2 and _is_name(pair[0]) and isinstance(pair[1], str) for pair in files):
        return None
    return tuple((name, digest) for name, digest in files)


def _is_name(name: object) -> bool:
    root, _, path = str(name).partition('/')
    return root in _PLACES and is_below(path)


def parse_depfile(text: str) -> list[str]:
    """The prerequisites in a depfile (a makefile fragment) as clang writes it."""
    listed = text.partition(': ')[2].replace('\\\n', ' ')
    if '\\' not in listed and '$$' not in listed:
        return listed.split()
    return [_ESCAPED.sub(lambda match: match[1] or '$', word) for word in _WORD.findall(listed)]
