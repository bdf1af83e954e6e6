"""Checks of the setup: each finding with a hint (for messages of tools see `messages.py`)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..cache_directory.base_cache import own_bases
from ..cache_directory.directory import HEADERS, SANITY, recorded_files
from ..cache_directory.verification import verify_cache
from ..errors import SdkError, StoreError
from ..host.home import Home, read_json
from ..host.programs import find_program
from ..host.quoting import quoted
from ..lazy_link.link_history import completing_command, never_whole, read_links
from ..modes import all_modes
from ..sdk import Sdk
from ..sdk.identification import node_version
from ..sdk.wheels.node import MINIMUM, node_for
from ..store import Store
from ..store.verification import Verified

#: Bytes that a build of a mode's usual libraries may need.
ENOUGH_SPACE = 2 << 30


@dataclass(frozen=True)
class Check:
    what: str
    ok: bool
    hint: str = ''
    exit_code: int = 0
    """The exit code of the process, if this check fails."""


def examine_sdk(sdk: Sdk) -> Iterator[Check]:
    yield Check(f'Emscripten {sdk.version} at {sdk.root} (found: {sdk.how}), LLVM {sdk.llvm_version}', True)
    if sdk.doubt:
        yield Check(sdk.doubt, True, 'set LLVM_ROOT in its configuration to the right LLVM, or get a complete SDK with '
                    '`emroot sdk install`')
    shown = '.'.join(map(str, sdk.node_version))
    if not sdk.node_version:
        yield Check(f'its Node does not run: {" ".join(sdk.node) or "none is configured"}', False,
                    'set NODE_JS in its configuration, or get a complete SDK with `emroot sdk install`', SdkError.exit_code)
    elif sdk.node_version < MINIMUM:
        yield Check(f'its Node {shown} can link all programs, but cannot run wasm64 programs', True,
                    'run them with `"$(emroot sdk node)" main.js`')
    else:
        yield Check(f'its Node {shown} runs programs of every mode', True)


def examine_node(sdk: Sdk, home: Home) -> Iterator[Check]:
    """Check whether the `node` on PATH can run programs of every mode."""
    found = find_program('node')
    if found is None:
        own = node_for(home, sdk)
        yield Check(f'no `node` on PATH: `emroot env` and `emroot run` add {own}' if own else 'no `node` on PATH', True,
                    '' if own else 'run programs with `"$(emroot sdk node)" main.js`')
        return
    version = node_version(found)
    shown = f'Node {".".join(map(str, version))} ({found})' if version else f'{found}, which does not run'
    enough = version >= MINIMUM
    yield Check(f'`node` on PATH is {shown}' + ('' if enough or not version else ': too old for wasm64 programs'), True,
                '' if enough else 'run them with `"$(emroot sdk node)" main.js`, or put Node 24 or later on PATH')


def examine_home(home: Home) -> Iterator[Check]:
    try:
        home.prepare()
        Store(home.store).prepare()
        probe = home.root / f'.doctor-{os.getpid()}'
        probe.write_bytes(b'')
        probe.unlink()
    except (OSError, StoreError) as error:
        hint = error.hint if isinstance(error, StoreError) else 'choose a writable directory with EMROOT_HOME'
        message = getattr(error, 'message', str(error))
        yield Check(f'the home {home.root} cannot be used: {message}' if home.is_known else message, False, hint,
                    StoreError.exit_code)
        return
    free = shutil.disk_usage(home.root).free
    enough = free > ENOUGH_SPACE
    yield Check(f'home {home.root}: {free >> 20} MB free', enough,
                '' if enough else 'free some space, or set EMROOT_HOME to a directory on a larger disk', StoreError.exit_code)


def examine_cache(cache: Path, sdk: Sdk, *, home: Home) -> Iterator[Check]:
    mark = read_json(cache / HEADERS)
    if not cache.is_dir():
        yield Check(f'cache directory {cache}: not made yet', True)
        return
    listed = [path for path, _ in recorded_files(cache)]
    changed = f'cache directory {cache} was erased or changed'
    build_again = 'run the same emroot build again, it replaces what is missing or changed'
    if mark is None and listed:
        yield Check(f'{changed}: emroot\'s record of its headers is gone', False, build_again, StoreError.exit_code)
    elif mark is None:
        yield Check(f'cache directory {cache} was not made by emroot: the origin of its libraries is unknown', True,
                    'emroot build replaces the libraries that it builds')
    elif mark.get('sdk') != sdk.digest:
        yield Check(f'cache directory {cache} was made for another SDK', False,
                    f'run emroot build again with --cache {quoted(cache)}: it replaces everything', StoreError.exit_code)
    sanity = cache / SANITY
    if sanity.is_file() and sanity.read_text(encoding='utf-8', errors='surrogateescape') != sdk.sanity:
        yield Check(f'{sanity} belongs to another SDK: its emcc would erase this cache directory', False,
                    'run emroot build, which rewrites the file; or use one cache directory for each SDK', StoreError.exit_code)
    if mark is not None:
        found = Verified()
        verify_cache(cache, Store(home.store), found)
        if damaged := [path.removeprefix(f'{cache}{os.sep}') for path in found.damaged]:
            others = [path for path in damaged if path not in listed]
            shown = [*(others if len(others) == 1 else [f'{len(others)} headers'] if others else []),
                     *(path for path in damaged if path in listed)]
            shown[5:] = ['...'] if shown[5:] else []
            yield Check(f'{changed}: {", ".join(shown)}', False, build_again, StoreError.exit_code)
        else:
            yield Check(f'cache directory {cache}: {len(listed)} files, all unchanged', True)


def examine_lazy(cache: Path) -> Iterator[Check]:
    """Report libraries that lazy links did not build and that a frozen emcc needs."""
    missing = never_whole(cache)
    for mode, targets in missing.items():
        shown = f'{", ".join(targets[:5])}{"..." if len(targets) > 5 else ""}'
        count = read_links(cache, mode).count
        yield Check(f'{count} {"link" if count == 1 else "links"} of {mode} compiled only the objects that they need: '
                    f'{len(targets)} libraries were never built whole ({shown}), and a frozen emcc fails without them', True,
                    completing_command(cache, {mode: targets}))


def examine_prebuilt(sdk: Sdk, cache: Path, *, used: bool) -> Iterator[Check]:
    """Report the libraries in the SDK's own cache, and whether they are used."""
    for base in own_bases(sdk, cache):
        modes = {mode.name: len(list((base.root / mode.directory).glob('*.[ao]'))) for mode in all_modes()}
        shown = ', '.join(f'{count} of {mode}' for mode, count in modes.items() if count)
        if shown:
            yield Check(f"the SDK's own cache {base.root} has libraries: {shown}; "
                        + ('its valid files are copied, not built' if used else 'they are not used'), True,
                        "`--base ''` (EMROOT_BASE=) builds all of them" if used else "because of EMROOT_BASE or EMROOT_LOCATION")


def examine_environment(cache: Path) -> Iterator[Check]:
    environment = os.environ
    if (given := environment.get('EM_CACHE')) and Path(given) != cache:
        yield Check(f'EM_CACHE is {given}, not the cache directory {cache}', True,
                    f'build into EM_CACHE with --cache {quoted(given)}, or set EM_CACHE with `emroot env`')
    if (config := environment.get('EM_CONFIG')) and not Path(config).is_file():
        yield Check(f'EM_CONFIG is {config}, which does not exist', False, 'unset it, or set it with `emroot env`',
                    SdkError.exit_code)
    frozen = environment.get('EM_FROZEN_CACHE', '') not in ('', '0')
    directory = Path(environment.get('EM_CACHE') or cache)
    if frozen and not (directory / 'sysroot_install.stamp').is_file():
        yield Check(f'EM_FROZEN_CACHE is set, but {directory} has no headers: every compile fails', False,
                    f'run emroot build --cache {quoted(directory)} for what your links need', StoreError.exit_code)
    for name in ('EMCC_CFLAGS', 'EMCC_FORCE_STDLIBS'):
        if environment.get(name):
            yield Check(f'{name} is set: it changes what links need', True, 'emroot resolve --environment uses it')
