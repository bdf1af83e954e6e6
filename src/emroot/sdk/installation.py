"""Installation of SDKs without root, outside of the system: made in a temporary directory, then renamed, so it is
complete or absent. Its parts are recorded in `emroot-sdk.json` next to it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import EmrootError, SdkError, UsageError, from_os_error
from ..hashing import digest_record
from ..host.files import write_text
from ..host.home import Home, read_json, user_path, write_json
from ..host.scratch import staging
from .discovery import emscripten_root
from .providers import Provider, Release, Unpacked, matches, order
from .providers.debian import DebianProvider
from .providers.emsdk import EmsdkProvider
from .steps import Report, silent
from .wheels.node import ensure_node

SOURCES = ('auto', 'emsdk', 'debian')
MANIFEST = 'emroot-sdk.json'
#: Seconds for which the newest version from the network is cached.
_FRESH = 86400.0


def install(home: Home, *, source: str = 'auto', version: str | None = None, dest: Path | None = None,
            report: Report = silent) -> Path:
    """Install an SDK if necessary. Returns its root, the directory of `emcc.py`. `version` may be a prefix (`6.0`;
    default: the newest), `dest` a directory (default: one below `home.sdks`). Raises `SdkError`."""
    if source not in SOURCES:
        raise UsageError(f'unknown source of SDKs {source!r}', hint=f'use --from {" or --from ".join(SOURCES)}')
    dest = dest and user_path(dest)
    if not dest:
        home.require()
    known = home.memo / 'install' / f'{digest_record([source, version])[:32]}.json'
    if root := _installed(home, source, version, dest, known):
        report(f'already installed: {root}', 0, None)
        return root
    try:
        with staging(dest.parent if dest else home.sdks) as work:
            provider, release = _choose(home, source, version, work, report)
            identity = {'provider': provider.name, 'version': release.version}
            write_json(known, {**identity, 'time': time.time()})
            destination = dest or _destination(home, provider.name, release.version)
            if root := _complete_root(destination, identity):
                report(f'already installed: {root}', 0, None)
                return root
            _check_free(destination)
            unpacked = provider.unpack(release, work, destination, report)
            _check_parts(unpacked)
            _configure(unpacked, home, report)
            record = {**identity, 'packages': dict(unpacked.packages), 'pristine': dict(unpacked.pristine)}
            write_text(unpacked.tree / MANIFEST, json.dumps(record, indent=1, sort_keys=True) + '\n')
            report(f'installing Emscripten {release.version}', 0, None)
            return _move(unpacked, destination, identity)
    except OSError as error:
        below = dest and Path(os.fsdecode(error.filename or '')).is_relative_to(dest.parent)
        option = '--dest' if below else '--home (or EMROOT_HOME)'
        raise from_os_error(error, 'installing the SDK', writable=f'choose a writable directory with {option}') from error


#: The directory of a configuration, also if the SDK is reached through a link. Older releases do not set `__file__`
#: for it, but all of them have its path in EM_CONFIG.
_HERE = "here = os.path.dirname(os.path.realpath(globals().get('__file__') or os.environ['EM_CONFIG']))"


def _installed(home: Home, source: str, version: str | None, dest: Path | None, known: Path) -> Path | None:
    """The root of the requested SDK, if it is known to be installed without a network request."""
    if version in (None, 'latest'):
        memo = read_json(known) if version is None else None
        if not memo or not 0 <= time.time() - float(memo.get('time', 0)) < _FRESH:
            return None
        source, version = str(memo.get('provider')), str(memo.get('version'))
    destinations = [dest] if dest else [p for p in home.sdks.glob('*') if not p.name.startswith('.')]
    found = [(p, manifest) for p in destinations if (manifest := _manifest(p)) and source in ('auto', manifest['provider'])
             and matches(str(manifest['version']), version)]
    for destination, _ in sorted(found, key=lambda f: order(str(f[1]['version'])), reverse=True):
        if root := emscripten_root(destination):
            return root
    return None


def installed_at(root: Path) -> Path:
    """The directory of the installation with this SDK's root."""
    return next((destination for destination in root.parents if (destination / MANIFEST).is_file()), root)


def _manifest(destination: Path) -> dict[str, Any] | None:
    found = read_json(destination / MANIFEST)
    return found if found and {'provider', 'version'} <= found.keys() else None


def _complete_root(destination: Path, identity: Mapping[str, str]) -> Path | None:
    return emscripten_root(destination) if identity.items() <= (_manifest(destination) or {}).items() else None


def _destination(home: Home, provider: str, version: str) -> Path:
    """`<version>`, or `<version>-<provider>` if another provider's is installed there."""
    destination = home.sdks / version
    manifest = _manifest(destination)
    return home.sdks / f'{version}-{provider}' if manifest and manifest['provider'] != provider else destination


def _choose(home: Home, source: str, version: str | None, work: Path, report: Report) -> tuple[Provider, Release]:
    """The requested provider and its release; for `auto`, the first that can be reached and has it."""
    providers: list[Provider] = [EmsdkProvider(home.root / 'downloads'), DebianProvider(home.root / 'downloads')]
    if source != 'auto':
        chosen = next(p for p in providers if p.name == source)
        return chosen, chosen.choose(version, work, report)
    report('looking for a source of SDKs', 0, None)
    tried: list[str] = []
    for provider in providers:
        reason = provider.unusable(version)
        try:
            if reason is None:
                return provider, provider.choose(version, work, report)
        except SdkError as error:
            reason = error.message
        tried.append(f'{provider.name}: {reason}')
    raise SdkError(f'no source of SDKs can be reached ({"; ".join(tried)})',
                   hint='give your own Emscripten with --sdk, or set EMROOT_EMSDK_URL to a mirror of the releases')


def _check_free(destination: Path) -> None:
    if destination.is_dir() and any(destination.iterdir()):
        found = _manifest(destination)
        what = f'Emscripten {found["version"]} from {found["provider"]}' if found else 'files that emroot did not install'
        raise SdkError(f'{destination} contains {what}', hint='delete it, or choose another directory with --dest')


def _check_parts(unpacked: Unpacked) -> None:
    """Raise `SdkError` if a necessary part is missing: an incomplete SDK is not installed."""
    root, llvm = unpacked.tree / unpacked.root, unpacked.tree / unpacked.llvm_root
    for parts in ((root / 'emcc.py',), (root / 'emscripten-version.txt',), (llvm / 'clang', llvm / 'clang.exe')):
        if not any(part.is_file() for part in parts):
            raise SdkError(f'the download is not an SDK: it has no {parts[0].relative_to(unpacked.tree).as_posix()}',
                           hint='try another --version, or another source with --from')


def _configure(unpacked: Unpacked, home: Home, report: Report) -> None:
    """Write the `.emscripten` with the paths of the tools, relative to itself, except Node."""
    root = unpacked.tree / unpacked.root
    paths = {'LLVM_ROOT': unpacked.llvm_root, 'BINARYEN_ROOT': unpacked.binaryen_root, 'CACHE': unpacked.cache}
    lines = ['import os', _HERE, *(f'{name} = {_relative(path, unpacked.root)}' for name, path in paths.items() if path)]
    try:
        lines.append(f'NODE_JS = {str(ensure_node(home, report=report))!r}')
    except EmrootError as error:  # libraries can be built without it; emcc looks for `node` on PATH then
        report(f'no recent Node: {error.message}', 0, None)
    write_text(root / '.emscripten', '\n'.join(lines) + '\n')


def _relative(path: str, root: str) -> str:
    parts = os.path.relpath(path, root).split(os.sep)
    return f'os.path.normpath(os.path.join(here, {", ".join(map(repr, parts))}))'


def _move(unpacked: Unpacked, destination: Path, identity: Mapping[str, str]) -> Path:
    """Rename the finished tree. If another process was faster, its tree is used."""
    with suppress(OSError):
        destination.rmdir()  # an empty directory may be in the way
    try:
        os.rename(unpacked.tree, destination)
    except OSError:
        if root := _complete_root(destination, identity):
            return root
        raise
    return destination / unpacked.root
