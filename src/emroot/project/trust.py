"""Trust in project files.

A clone is data: an `emroot.toml` must not run programs, or bring bytes into what all projects of a user link
with, before the user trusts its directory (like direnv, mise and git's safe.directory). A version, features,
names of targets and links need no trust. Paths, remotes, bases and files with code of ports do.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from ..errors import StoreError, UsageError
from ..hashing import digest_bytes
from ..host.files import remove, write_text
from ..host.home import Home, read_json
from ..host.quoting import quoted
from .names import split_names
from .project_file import CacheSection, Project

#: `1` trusts every project; otherwise directories, separated as in PATH, each with its subdirectories.
TRUST = 'EMROOT_TRUST'
#: The suffix by which emcc takes a port's name for a file; options may follow.
_PORT_FILE = re.compile(r'\.py(:|$)')


def is_trusted(home: Home, directory: Path) -> bool:
    real, given = os.path.realpath(directory), os.environ.get(TRUST, '')
    if given in ('0', '1'):
        return given == '1'
    if any(Path(real).is_relative_to(os.path.realpath(each)) for each in given.split(os.pathsep) if each):
        return True
    return (read_json(_mark(home, real)) or {}).get('path') == real


def trust(home: Home, directory: Path) -> bool:
    """Trust the project in `directory`. Returns whether it was trusted. Raises `StoreError` if the home is
    read-only."""
    was = is_trusted(home, directory)
    home.prepare()
    real = os.path.realpath(directory)
    try:
        write_text(_mark(home, real), json.dumps({'path': real}))
    except OSError as error:
        raise StoreError(f'cannot record in the home that {real} is trusted: {error.strerror}',
                         hint=f'choose a writable home with EMROOT_HOME, or set {TRUST}={quoted(real)}') from error
    return was


def revoke(home: Home, directory: Path) -> bool:
    """Withdraw the trust in the project in `directory`. Returns whether it was trusted."""
    mark = _mark(home, os.path.realpath(directory))
    was = mark.is_file()
    remove(mark)
    return was


def untrusted_keys(project: Project) -> dict[str, str]:
    """The keys of a project's file that need trust, with their values."""
    named = {'sdk': project.sdk if project.sdk_path else '', 'remote': project.remote, 'remote-key': project.remote_key,
             'base': project.base, 'ports-from': project.ports_from}
    found = {key: value for key, value in named.items() if value}
    code = list(dict.fromkeys(word for section in project.cache for word in names_code(section)))
    return {**found, **({'cache': ', '.join(code)} if code else {})}


def without_untrusted(project: Project) -> Project:
    """The project without the keys that need trust. `check_section` refuses sections that name code."""
    sdk = '' if project.sdk_path else project.sdk
    return dataclasses.replace(project, sdk=sdk, remote='', remote_key='', base='', ports_from='', trusted=False)


def check_section(project: Project, section: CacheSection) -> None:
    """Raises `UsageError` if a section names code and the project is not trusted."""
    if not project.trusted and (code := list(names_code(section))):
        raise UsageError(f'{project.file} names files whose code emcc runs ({", ".join(code)}), '
                         'and this project is not trusted',
                         hint=f'check them, then run `emroot trust {quoted(project.file.parent)}`')


def names_code(section: CacheSection) -> Iterator[str]:
    """The words of a section that name files with code: ports, configurations of emcc, response files."""
    from ..libraries.link_line import read_link, split_link
    yield from filter(_PORT_FILE.search, split_names(section.targets))
    for link in section.links:
        try:
            line = read_link(link)
        except UsageError:  # nothing starts from what is no link
            continue
        words = [*line.arguments, *(word for value in line.variables.values() for word in split_link(value))]
        for before, word in zip(['', *words], words, strict=False):
            port = word.startswith('--use-port') or before == '--use-port'
            if word.startswith(('@', '--em-config=')) or before == '--em-config' or (port and _PORT_FILE.search(word)):
                yield word


def origin_of(*sources: str) -> str:
    """An identifier for the remotes and bases (addresses or paths) that only a project's file names: their
    results are valid only for builds that name the same ones."""
    return digest_bytes(os.fsencode('\n'.join(sources)))[:16]


def _mark(home: Home, real: str) -> Path:
    return home.root / 'trusted' / f'{digest_bytes(os.fsencode(real))[:32]}.json'
