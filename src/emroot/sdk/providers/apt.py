"""A private apt: another suite of the machine's own source, without root or changes to the system."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import SdkError
from ...host.files import make_directories
from ...host.programs import find_program
from ..steps import failure

TOOLS = ('apt-get', 'apt-config', 'dpkg-deb')
#: Suites by which Debian's own archive is recognised among the machine's sources.
_DEBIAN = {'bullseye', 'bookworm', 'trixie', 'forky', 'duke', 'sid', 'oldstable', 'stable', 'testing', 'unstable'}
#: Fields of a source about access and trust. Those about its content are set here.
_KEPT = ('Signed-By', 'Trusted', 'Check-Valid-Until', 'Check-Date', 'Allow-Insecure', 'Allow-Weak',
         'Allow-Downgrade-To-Insecure', 'By-Hash', 'Snapshot')


@dataclass(frozen=True, kw_only=True)
class AptSource:
    """One archive in the machine's apt configuration."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)
    """deb822 fields to keep, continuation lines included."""


def parse_deb822(text: str) -> Iterator[AptSource]:
    """The enabled binary archives of a `.sources` file."""
    lines = [line for line in text.splitlines() if not line.startswith('#')]
    for stanza in re.split(r'\n\s*\n', '\n'.join(lines)):
        fields: dict[str, str] = {}
        name = ''
        for line in stanza.splitlines():
            if line[:1].isspace() and name:
                fields[name] += '\n' + line.rstrip()
            elif ':' in line:
                name, _, value = line.partition(':')
                name = name.strip().title()
                fields[name] = value.strip()
        if 'deb' not in fields.get('Types', '').split() or fields.get('Enabled', 'yes').lower() in ('no', 'false', '0'):
            continue
        for uri in fields.get('Uris', '').split():
            yield AptSource(uri=uri, suites=tuple(fields.get('Suites', '').split()),
                            components=tuple(fields.get('Components', '').split()),
                            options={kept: fields[kept] for kept in _KEPT if kept in fields})


def parse_one_line(text: str) -> Iterator[AptSource]:
    """The binary archives of a `sources.list` file: `deb [option=value ...] uri suite component...`."""
    for line in text.splitlines():
        match = re.match(r'\s*deb\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)', line)
        if match:
            given, uri, suite, components = match.groups()
            options = dict(re.findall(r'([\w-]+)=(\S+)', given or ''))
            yield AptSource(uri=uri, suites=(suite,), components=tuple(components.split()),
                            options={kept: options[kept.lower()].replace(',', ' ') for kept in _KEPT
                                     if kept.lower() in options})


def debian_sources(sources: Iterable[AptSource]) -> list[AptSource]:
    """The sources that are Debian's main archive or mirrors of it, the most probable first."""
    found: dict[str, AptSource] = {}
    for source in sources:
        if _DEBIAN.intersection(source.suites) and 'main' in source.components and not source.uri.startswith('cdrom:'):
            found.setdefault(source.uri.rstrip('/'), source)
    return sorted(found.values(), key=lambda s: (not s.uri.rstrip('/').endswith('/debian'),
                                                 'debian-archive' not in s.options.get('Signed-By', '')))


def machine_sources() -> list[AptSource]:
    output = _run(['apt-config', 'shell', 'LIST', 'Dir::Etc::sourcelist/f', 'PARTS', 'Dir::Etc::sourceparts/d'])
    directories = dict(re.findall(r"^(\w+)='(.*)'$", output, re.MULTILINE))
    files = [Path(directories.get('LIST', '/etc/apt/sources.list')),
             *sorted(Path(directories.get('PARTS', '/etc/apt/sources.list.d')).glob('*'))]
    sources: list[AptSource] = []
    for file in files:
        if file.is_file() and os.access(file, os.R_OK) and file.suffix in ('.list', '.sources'):
            text = file.read_text(encoding='utf-8', errors='replace')
            sources += parse_deb822(text) if file.suffix == '.sources' else parse_one_line(text)
    return debian_sources(sources)


#: The kinds of archives in apt, and the names of their indexes.
_INDEX = {'deb': 'Packages', 'deb-src': 'Sources'}


class Apt:
    """An apt with `directory` and one suite alone, for packages (`deb`) or their sources (`deb-src`)."""

    def __init__(self, directory: Path, source: AptSource, suite: str, kind: str = 'deb') -> None:
        self.uri, self.suite, self.kind = source.uri, suite, kind
        self.lists = directory / 'state' / 'lists'
        self._config = directory / 'apt.conf'
        for made in (self.lists / 'partial', directory / 'cache' / 'archives' / 'partial', directory / 'sources'):
            make_directories(made)
        (directory / 'state' / 'status').write_bytes(b'')
        kept = ''.join(f'{name}: {value}\n' for name, value in source.options.items())
        (directory / 'sources' / 'emroot.sources').write_text(
            f'Types: {kind}\nURIs: {source.uri}\nSuites: {suite}\nComponents: main\nArchitectures: {_native()}\n'
            f'Targets: {_INDEX[kind]}\n{kept}', encoding='utf-8')
        self._config.write_text(_configuration(directory), encoding='utf-8')

    def update(self) -> None:
        """Download the suite's signed index. Raises `SdkError` if this fails."""
        _run(['apt-get', '-c', str(self._config), '-q', 'update'], self.lists)

    def date(self) -> str:
        """The `Date` of the signed index; empty if it has none."""
        for file in [*self.lists.glob('*_InRelease'), *self.lists.glob('*_Release')]:
            if found := re.search(r'^Date: *(.+)$', file.read_text(encoding='utf-8', errors='replace'), re.MULTILINE):
                return found[1].strip()
        return ''

    def index(self) -> bytes:
        """The suite's `Packages` or `Sources` file."""
        files = sorted(self.lists.glob(f'*_{_INDEX[self.kind]}'))
        if not files:
            raise SdkError(f'the package source has no index for {self.suite}', hint='try another version with --version')
        return b'\n'.join(file.read_bytes() for file in files)

    def start_download(self, packages: Sequence[str], into: Path) -> subprocess.Popen[bytes]:
        """Start to download `name=version` packages; apt verifies each against the signed index."""
        action = ['download'] if self.kind == 'deb' else ['source', '--download-only']
        return subprocess.Popen(['apt-get', '-c', str(self._config), '-q', *action, *packages], cwd=into, env=_environment(),
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _native() -> str:
    """The machine's architecture in Debian's terms. Other architectures of apt are not used."""
    return _run(['apt-config', 'shell', 'ARCH', 'APT::Architecture']).partition('=')[2].strip().strip("'")


def missing_tools() -> list[str]:
    return [tool for tool in TOOLS if not find_program(tool)]


def _configuration(directory: Path) -> str:
    """All of apt's state below `directory`; none of the machine's hooks and preferences. It is read last (`-c`),
    because lists of hooks can be emptied by `#clear` only, not by `-o`."""
    cleared = ('APT::Update::Pre-Invoke', 'APT::Update::Post-Invoke', 'APT::Update::Post-Invoke-Success',
               'DPkg::Pre-Invoke', 'DPkg::Post-Invoke', 'DPkg::Pre-Install-Pkgs', 'APT::Default-Release',
               'Acquire::Languages', 'Acquire::CompressionTypes::Order')
    settings = {
        'Dir::State': directory / 'state', 'Dir::State::lists': directory / 'state/lists',
        'Dir::State::status': directory / 'state/status',
        'Dir::State::extended_states': directory / 'state/extended_states',
        'Dir::Cache': directory / 'cache', 'Dir::Cache::archives': directory / 'cache/archives',
        'Dir::Cache::pkgcache': 'pkgcache.bin', 'Dir::Cache::srcpkgcache': '', 'Dir::Log': directory / 'state',
        'Dir::Etc::sourcelist': '/dev/null', 'Dir::Etc::sourceparts': directory / 'sources',
        'Dir::Etc::preferences': '/dev/null', 'Dir::Etc::preferencesparts': '/dev/null',
        'APT::Sandbox::User': 'root', 'Acquire::Languages': 'none', 'Acquire::GzipIndexes': 'false',
        'APT::Update::Error-Mode': 'any', 'Acquire::Retries': '3',
        'Acquire::http::Timeout': '30', 'Acquire::https::Timeout': '30',
    }
    return ''.join([f'#clear {name};\n' for name in cleared] + [f'{k} "{v}";\n' for k, v in settings.items()])


def _environment() -> dict[str, str]:
    return {**os.environ, 'LC_ALL': 'C', 'DEBIAN_FRONTEND': 'noninteractive'}


def _run(command: list[str], where: Path = Path()) -> str:
    done = subprocess.run(command, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        raise failure(done.stderr, where, f'`{command[0]} {command[-1]}` failed: {last_words(done.stderr)}',
                      hint='check that `apt-get update` works on this machine, or use `--from emsdk`')
    return done.stdout.decode(errors='replace')


def last_words(stderr: bytes) -> str:
    """The end of what apt complained about, on one line."""
    lines = [line.strip() for line in stderr.decode(errors='replace').splitlines() if line[:2] in ('E:', 'W:')]
    return '; '.join(lines[-3:]) or 'no reason given'
