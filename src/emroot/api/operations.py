"""The functions of the command line, for Python programs. Import them from `emroot` itself.

`sdk` is an `Sdk`, a path, or None for the one that the command line would use; `home` a path, or None for
`EMROOT_HOME` or the user's cache directory of the platform. Errors are `EmrootError`s. Nothing is printed; a
`BuildListener` (`watcher`) receives the events of a build.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..host.home import Home, find_home, user_path
from ..libraries.catalogue import Catalogue, Listing
from ..modes import parse_features
from ..project.names import split_names
from ..project.project_file import load_project
from ..project.selection import Selection
from ..sdk import Sdk
from ..sdk import find_sdk as _find_sdk

if TYPE_CHECKING:
    from ..engine.build import Build
    from ..engine.events import BuildListener
    from ..engine.request import Request
    from ..engine.result import BuildResult
    from ..libraries.resolution import Resolution
    from ..reporting import Report

StrPath = str | os.PathLike[str]


def find_sdk(path: StrPath | None = None, *, home: StrPath | None = None) -> Sdk:
    """The SDK at `path` (an Emscripten root or an emsdk); by default the SDK of EMSDK, EMSCRIPTEN_ROOT, emcc on
    PATH, or the newest that emroot installed. Raises `SdkError` if there is none, or if it does not work.

    >>> import emroot
    >>> emroot.find_sdk().root.name
    'emscripten'
    """
    return _find_sdk(find_home(home), path)


def install_sdk(version: str | None = None, *, source: str = 'auto', dest: StrPath | None = None,
                home: StrPath | None = None) -> Sdk:
    """Install an SDK, if it is not yet, without root and without changes to the system; like `emroot sdk
    install`. `version` may be a prefix (default: the newest); `source` is `emsdk`, `debian`, or `auto` for the
    first that can be reached; `dest` a directory (default: in the home, where `find_sdk` finds it). Raises
    `SdkError` if no SDK is available."""
    from ..sdk.installation import install
    where = find_home(home)
    return _find_sdk(where, install(where, source=source, version=version, dest=Path(dest) if dest else None))


def listing(features: str | Iterable[str] = 'wasm32', *, sdk: Sdk | StrPath | None = None,
            home: StrPath | None = None) -> Listing:
    """The libraries of a mode (with variants and numbers of objects), groups and ports. Like `emroot list`.

    >>> emroot.listing('wasm64,lto').libraries['libc-mt'].path
    'sysroot/lib/wasm64-emscripten/lto/libc-mt.a'
    """
    return catalogue_of(sdk, home).listing(parse_features([features] if isinstance(features, str) else features))


def resolve(link: str | Sequence[str], *, lang: str | None = None, sdk: Sdk | StrPath | None = None,
            home: StrPath | None = None) -> Resolution:
    """The mode, the libraries in link order and the ports that a link needs. `link` is a whole command that
    starts emcc or em++, or only flags (then `lang`, `c` or `c++`, selects the driver). Inputs need not exist.
    Like `emroot resolve`. Raises `UsageError` if it is not a link, or with emcc's message if emcc refuses it.

    >>> emroot.resolve('emcc -O2 -flto main.o').mode.name
    'wasm32-lto'
    """
    from ..libraries.resolution import resolve as resolve_link
    return resolve_link(catalogue_of(sdk, home), link, lang=lang)


def build(*, features: str | Iterable[str] = (), targets: str | Iterable[str] = (),
          links: str | Iterable[str | Sequence[str]] = (), project: StrPath | None = None,
          sdk: Sdk | StrPath | None = None, cache: StrPath | None = None, home: StrPath | None = None, jobs: int = 0,
          builder: str = 'source', ports_from: StrPath | None = None, base: StrPath | None = None, remote: str = '',
          remote_headers: str = '', remote_key: str = '', watcher: BuildListener | None = None) -> BuildResult:
    """Build a selection into the cache directory, like `emroot build`, whose options the arguments are named
    after.

    `features` (`'wasm64,thinlto'`, an item per mode), `targets` (names, patterns, groups, ports, `MODE/TARGET`)
    and `links` (everything that each of them needs) select together; `project`, an `emroot.toml`, adds the
    selection of its `cache` tables. `cache`: the cache directory (default: one per SDK, in the home). `jobs`: 0
    for the number of processors. `base`: a read-only cache directory whose valid files are used, in addition to
    the SDK's own, which `''` excludes.

    Failed targets are in the result: see `BuildResult.raise_for_failures`. Raises `UsageError` if nothing is
    selected, `UnknownNameError` for unknown names, `StoreError` if the store or the cache directory cannot be
    written to.

    >>> result = emroot.build(features='wasm64', targets=['crt1', 'libnoexit'])
    >>> result.failures
    []
    """
    prepared, requests = prepare(features=features, targets=targets, links=links, project=project, sdk=sdk, cache=cache,
                                 home=home, jobs=jobs, builder=builder, ports_from=ports_from, base=base, remote=remote,
                                 remote_headers=remote_headers, remote_key=remote_key, watcher=watcher)
    return prepared.run(requests)


def prepare(*, features: str | Iterable[str], targets: str | Iterable[str], links: str | Iterable[str | Sequence[str]],
            project: StrPath | None, sdk: Sdk | StrPath | None, cache: StrPath | None, home: StrPath | None, jobs: int,
            builder: str = 'source', ports_from: StrPath | None = None, base: StrPath | None = None, remote: str = '',
            remote_headers: str = '', remote_key: str = '', watcher: BuildListener | None = None) -> tuple[Build, list[Request]]:
    """A build that has not started, and its requests. Arguments as for `build`."""
    from ..engine.build import Build
    from ..engine.request import Options, PortSources, Request
    from ..store import Store
    catalogue, where = catalogue_of(sdk, home), find_home(home)
    selection = Selection(catalogue)
    selection.add(features=_items(features), targets=split_names(_items(targets)),
                  links=[links] if isinstance(links, str) else links)
    if project:
        from ..project.trust import is_trusted, without_untrusted
        loaded = load_project(user_path(project))
        selection.add_project(loaded if is_trusted(where, loaded.file.parent) else without_untrusted(loaded))
    selected = selection.selected()
    if not selected:
        raise UsageError('nothing is selected', hint='give features, targets, links or a project')
    if builder not in ('source', 'embuilder'):
        raise UsageError(f'unknown builder {builder!r}', hint="give 'source' or 'embuilder'")
    address = None
    if remote:
        from ..remote.remote_spec import parse_remote
        address = parse_remote(remote, headers=remote_headers, key=remote_key)
    options = Options(jobs=jobs, builder=builder, port_sources=PortSources(Path(ports_from).absolute() if ports_from else None),
                      base=user_path(base) if base else None, sdk_cache=base != '', remote=address)
    build = Build(catalogue, where, Store(where.store), cache_of(cache, catalogue, where), options, watcher)
    build.revealed = selection.revealed
    return build, [Request(mode=mode, targets=tuple(names)) for mode, names in selected.items()]


def environment(*, sdk: Sdk | StrPath | None = None, cache: StrPath | None = None, home: StrPath | None = None) -> dict[str, str]:
    """The environment variables that make the SDK's emcc use the cache directory, as a frozen cache: EM_CACHE,
    EM_FROZEN_CACHE, PATH, and EM_CONFIG, which limits them to this SDK. Like `emroot env`, which also builds.

    >>> emroot.environment(cache='/tmp/libraries')['EM_CACHE']
    '/tmp/libraries'
    """
    from ..cache_directory.emcc_environment import emcc_environment
    catalogue, where = catalogue_of(sdk, home), find_home(home)
    return emcc_environment(catalogue, cache_of(cache, catalogue, where), where)


def report(*, sdk: Sdk | StrPath | None = None, cache: StrPath | None = None, home: StrPath | None = None) -> Report:
    """The state of a cache directory in every mode, with sizes and times, and the last build of it. Like `emroot
    report`.

    >>> found = emroot.report()
    >>> {archive.state for archive in found.archives(emroot.Mode())} <= {'present', 'absent', 'failed', 'changed', 'foreign'}
    True
    """
    from ..reporting import collect
    catalogue, where = catalogue_of(sdk, home), find_home(home)
    return collect(catalogue, where, cache_of(cache, catalogue, where))


def catalogue_of(sdk: Sdk | StrPath | None, home: StrPath | None) -> Catalogue:
    return Catalogue(sdk if isinstance(sdk, Sdk) else find_sdk(sdk, home=home), find_home(home))


def cache_of(cache: StrPath | None, catalogue: Catalogue, home: Home) -> Path:
    return user_path(cache) if cache else home.cache_directory(catalogue.sdk.version, catalogue.sdk.digest)


def _items(given: str | Iterable[str]) -> list[str]:
    return [given] if isinstance(given, str) else list(given)
