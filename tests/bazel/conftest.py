"""A real Bazel, and the example workspaces to build with it.

What is built stays in the development cache (a disk cache, as users have one), so that a second run is quick.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.bazel import Bazel, BazelUnavailable, Tree, ensure_tree
from support.bazel.libraries import options, what_bazel_reads
from support.bazel.registry import rule_sets
from support.bazel.remote_execution import Execution, ExecutionUnavailable, remote_execution
from support.downloads.sources import SourceUnavailable, get_source
from support.running import cannot_run
from support.workspace import EVERYWHERE, Workspace

from dev.paths import ROOT, dev_cache
from emroot.hashing import digest_record
from emroot.host.home import find_home
from emroot.sdk import Sdk, find_sdk

SDK_ROOTS = [Path(p) for p in os.environ.get('EMROOT_TEST_SDKS', '').split(os.pathsep) if p]
#: What a user's Bazel gets of emroot.
MODULE = ('MODULE.bazel', 'WORKSPACE.bazel', 'BUILD.bazel', '.bazelignore', 'bazel', 'src/emroot')


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that lies here needs a Bazel, and is slow but for what is marked `default`."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.bazel)
            if not item.get_closest_marker('default'):
                item.add_marker(pytest.mark.slow)


@pytest.fixture(scope='session')
def tree() -> Tree:
    """The tree with Bazel in it."""
    try:
        return ensure_tree()
    except BazelUnavailable as why:
        cannot_run(str(why))


@pytest.fixture(scope='session')
def bazel_sdk() -> Sdk:
    """The newest SDK."""
    if not SDK_ROOTS:
        cannot_run('no SDK: run the tests with `python3 dev.py test`')
    return find_sdk(find_home(os.environ['EMROOT_TEST_HOME']), SDK_ROOTS[0])


@pytest.fixture(scope='session')
def checkout() -> Path:
    """A copy of the module and its examples, at a path that stays the same, without what development leaves about."""
    directory = dev_cache() / 'bazel-tests' / digest_record([str(ROOT)])[:12] / 'emroot'
    for name in (*MODULE, 'examples/bazel'):
        copy(ROOT / name, directory / name)
    return directory


@pytest.fixture
def zlib(checkout: Path) -> None:
    """Its source, where the example of a port has it."""
    try:
        source = get_source('zlib')
    except SourceUnavailable as why:
        cannot_run(str(why))
    shutil.copytree(source, checkout / 'examples/bazel/port/sources/zlib', dirs_exist_ok=True)


def copy(source: Path, target: Path) -> None:
    """Copy what differs, and delete what is no longer there: Bazel looks at times, too."""
    if source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_file() or target.read_bytes() != source.read_bytes():
            shutil.copy(source, target)
        return
    target.mkdir(parents=True, exist_ok=True)
    names = {p.name for p in source.iterdir() if p.name != '__pycache__' and not p.name.startswith('bazel-')}
    for extra in target.iterdir():
        if extra.name not in names:
            shutil.rmtree(extra) if extra.is_dir() and not extra.is_symlink() else extra.unlink()
    for name in names:
        copy(source / name, target / name)


@pytest.fixture(scope='session')
def open_bazel(tree: Tree, bazel_sdk: Sdk, checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Workspace]:
    """Open a workspace: a directory, an output base if it is not to be the usual one, what it reads and writes besides, programs
    of the tree that it is not to have, and the copy of the SDK that embuilder's archives are made in, if they are to be compared:
    its cache is not seen."""
    disk = dev_cache() / 'bazel-disk'
    disk.mkdir(parents=True, exist_ok=True)
    given = {name: path for name, path in rule_sets().items() if name != 'emsdk'}  # Bazel takes overrides for what is used alone

    def opened(directory: Path, *, output_base: Path | None = None, disk_cache: bool = True,
               reads: Sequence[Path] = (), writes: Sequence[Path] = (), hides: Sequence[str] = (), network: bool = False,
               reference: Sdk | None = None) -> Workspace:
        logs = tmp_path_factory.mktemp('logs')
        hidden = {logs / path.replace('/', '_'): path for path in hides}
        for empty in hidden:
            empty.touch()
        sdk = reference or bazel_sdk
        binds = {**what_bazel_reads(sdk, checkout, cache=reference is None), **{path: path for path in (*reads, *given.values())}}
        bazel = Bazel.open(tree, directory, output_user_root=dev_cache() / ('bazel-out-rule-sets' if given else 'bazel-out'),
                          output_base=output_base,
                           binds={path: inside for path, inside in {**binds, **hidden}.items() if path != directory},
                           writable={path: path for path in (disk, logs, *writes)}, network=network)
        own = [*options(sdk, checkout), *(f'--override_module={name}={path}' for name, path in given.items()),
               *([f'--disk_cache={disk}'] if disk_cache else [])]
        return Workspace(bazel=bazel, directory=directory, node=sdk.node[0], logs=logs, options=own)
    return opened


@pytest.fixture(scope='module')
def example(request: pytest.FixtureRequest, checkout: Path, open_bazel: Callable[..., Workspace]) -> Iterator[Workspace]:
    """The example that the test module names in EXAMPLE."""
    workspace = open_bazel(checkout / 'examples' / 'bazel' / request.module.EXAMPLE)
    with workspace.bazel:
        yield workspace


@pytest.fixture(scope='module')
def kept(request: pytest.FixtureRequest, checkout: Path, open_bazel: Callable[..., Workspace]) -> Iterator[Workspace]:
    """The workspace of the files that the test module names in FILES, whose builds read what it names in READS. It stays where it
    is, so that it is fetched once."""
    directory = checkout.parent / request.module.__name__.rpartition('.')[2]
    for name, text in {**EVERYWHERE, **request.module.FILES}.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace('{emroot}', str(checkout)).replace('{here}', str(directory)), encoding='utf-8')
    workspace = open_bazel(directory, reads=getattr(request.module, 'READS', ()))
    with workspace.bazel:
        yield workspace


@pytest.fixture
def scratch(tmp_path: Path, checkout: Path, open_bazel: Callable[..., Workspace]) -> Iterator[Callable[..., Workspace]]:
    """Make a workspace of one's own: files by name, besides those that every one has; `{emroot}` in them stands for where the
    module lies. What lies outside of it and is to be read is named in `reads`."""
    opened = []

    def make(files: dict[str, str], reads: Sequence[Path] = (), reference: Sdk | None = None, **more: Any) -> Workspace:
        for name, text in {**EVERYWHERE, **files}.items():
            path = tmp_path / 'workspace' / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace('{emroot}', str(checkout)), encoding='utf-8')
        opened.append(open_bazel(tmp_path / 'workspace', output_base=tmp_path / 'output', reads=reads,
                                 reference=reference, **more))
        return opened[-1]
    yield make
    for workspace in opened:
        workspace.bazel.close()


@pytest.fixture(scope='module')
def execution(tree: Tree) -> Iterator[Execution]:
    """The server, with two workers."""
    try:
        with remote_execution(tree) as running:
            yield running
    except ExecutionUnavailable as why:
        cannot_run(str(why))
