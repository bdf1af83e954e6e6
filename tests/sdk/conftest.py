"""Fixtures for real SDKs. Building is done in homes of its own: fresh ones know nothing, seen ones know the SDK."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import SDK_ROOTS
from lazy_support import Indexed, Lazy
from sdk_targets import SMALL, SOME_SECONDS
from support.disks import disk
from support.running import SOURCE, Emroot, cannot_run
from support.snapshots import seed, snapshot

from dev.static_sdk import static_sdk as ensure_static_sdk
from emroot.errors import SdkError
from emroot.hashing import digest_file
from emroot.host.home import Home
from emroot.libraries.catalogue import Catalogue
from emroot.modes import Mode
from emroot.sdk import Sdk, find_sdk


@pytest.fixture(scope='session', autouse=True)
def _untouched() -> Iterator[None]:
    """No test writes to an SDK, which all share: not even into its own cache, where its emcc does if nobody says otherwise."""
    before = [snapshot(root / 'cache', content=False) for root in SDK_ROOTS]
    yield
    for root, was in zip(SDK_ROOTS, before, strict=True):
        now = snapshot(root / 'cache', content=False)
        changed = sorted(path for path in was.keys() | now.keys() if was.get(path) != now.get(path))
        assert not changed, f'something wrote to the SDK at {root} while these tests ran: cache/{", cache/".join(changed[:10])}'


@pytest.fixture
def small(catalogue: Catalogue) -> list[str]:
    """Those of `SMALL` that this SDK has."""
    return [t for t in SMALL if t in catalogue.listing(Mode()).libraries]


@pytest.fixture
def fresh(sdk_root: Path, tmp_path: Path) -> Emroot:
    """The command line with an empty home."""
    return Emroot(tmp_path / 'home', sdk_root)


@pytest.fixture
def shared(sdk_root: Path, shared_home: Home) -> Emroot:
    """The command line with the home that outlives the tests."""
    return Emroot(shared_home.root, sdk_root)


@pytest.fixture(scope='session')
def built_before(shared_home: Home) -> dict[str, str]:
    """An environment with a remote that has what earlier runs built, for set-ups that no test looks at."""
    directory = shared_home.root.with_name('remote')
    directory.mkdir(exist_ok=True)
    return {'EMROOT_REMOTE': f'rw+{directory}'}


@pytest.fixture(scope='session')
def _seen(sdk_root: Path, tmp_path_factory: pytest.TempPathFactory, built_before: dict[str, str]) -> Emroot:
    emroot = Emroot(tmp_path_factory.mktemp('seen') / 'home', sdk_root)
    emroot.build(*SOME_SECONDS, 'libnoexit', 'crt1', env=built_before)
    return emroot


@pytest.fixture
def seen_home(_seen: Emroot) -> Callable[[Path], Emroot]:
    """Makes a home at a location, that has seen the SDK and its headers, but has built nothing."""
    def make(directory: Path) -> Emroot:
        seed(directory, _seen.home, link=True)
        return Emroot(directory, _seen.sdk)
    return make


@pytest.fixture
def seen(seen_home: Callable[[Path], Emroot], tmp_path: Path) -> Emroot:
    """The command line with a home that has seen the SDK, but has built nothing."""
    return seen_home(tmp_path / 'home')


@pytest.fixture(scope='session')
def built(sdk_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[tuple[str, ...], str], Path]:
    """The cache directory into which some targets of a mode were built by a plain build in a plain place."""
    homes: dict[tuple[tuple[str, ...], str], Path] = {}

    def build(targets: tuple[str, ...], features: str = 'wasm32') -> Path:
        if (targets, features) not in homes:
            emroot = Emroot(tmp_path_factory.mktemp('plain') / 'home', sdk_root)
            homes[targets, features] = Path(emroot.build(*targets, features=features)['cache'])
        return homes[targets, features]
    return build


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Makes a disk of a size."""
    with contextlib.ExitStack() as stack:
        yield lambda size: stack.enter_context(disk(tmp_path / 'disk', size))


@pytest.fixture
def careful_python(tmp_path: Path) -> Path:
    """A Python that leaves no bytecode behind: the SDK's launchers use `-E`, so that no variable can say so."""
    program = tmp_path / 'careful-python'
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -B "$@"\n')
    program.chmod(0o755)
    return program


@pytest.fixture(scope='session')
def static_sdk(shared_home: Home) -> Sdk:
    """One whose compiler is linked statically, as in official releases."""
    try:
        return find_sdk(shared_home, ensure_static_sdk())
    except SdkError as error:
        cannot_run(str(error))
        raise


@pytest.fixture
def linking(sdk: Sdk, shared: Emroot, tmp_path: Path) -> Lazy:
    """Links in a directory of their own."""
    return Lazy(sdk, shared, tmp_path)


@pytest.fixture
def indexed(seen: Emroot, shared: Emroot, tmp_path: Path) -> Indexed:
    """Makes a home that has seen the SDK, and knows the indexes of what a link needs; it has built nothing."""
    def make(words: list[str]) -> Emroot:
        file = tmp_path / 'indexes'
        made = shared('index', 'export', '--for', ' '.join(words), '-j2', '--cache', tmp_path / 'indexed', '-o', file)
        assert made.code == 0, made.err
        taken = seen('index', 'import', '--sha256', digest_file(file), file)  # as sure as what comes with a release
        assert taken.code == 0, taken.err
        return seen
    return make


@pytest.fixture
def without_shipped(tmp_path: Path) -> dict[str, str]:
    """An environment with an emroot with which no hints come."""
    shutil.copytree(SOURCE, tmp_path / 'src', ignore=shutil.ignore_patterns('hints.bin', '__pycache__'))
    return {'PYTHONPATH': str(tmp_path / 'src')}
