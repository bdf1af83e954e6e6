"""Fixtures. Tests marked `sdk` run once for each SDK of EMROOT_TEST_SDKS (`dev.py test` sets it)."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest
from support import tiers
from support.fake import make_fake_sdk
from support.running import GOLDEN, Emroot, cannot_run
from support.snapshots import seed

from emroot.host.files import remove_tree
from emroot.host.home import Home, find_home
from emroot.libraries.catalogue import Catalogue
from emroot.schemas import STORE
from emroot.sdk import Sdk, find_sdk

SDK_ROOTS = [Path(p) for p in os.environ.get('EMROOT_TEST_SDKS', '').split(os.pathsep) if p]

hypothesis.settings.register_profile('emroot', deadline=None, database=None, derandomize=True, max_examples=40)
hypothesis.settings.load_profile('emroot')


def pytest_configure(config: pytest.Config) -> None:
    """Let what the tests start heed Ctrl-C even if the tests themselves run in the background, where shells ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ('GITHUB_ACTIONS', 'GITHUB_STEP_SUMMARY', 'NO_COLOR', 'FORCE_COLOR', 'CLICOLOR', 'CLICOLOR_FORCE'):
        os.environ.pop(name, None)  # the machine's: tests say themselves where they want annotations or colour
    config.pluginmanager.register(tiers.Tiers(), 'tiers')


def pytest_addoption(parser: pytest.Parser) -> None:
    """`dev.py test --rewrite-golden` accepts what is said now as what is right."""
    parser.addoption('--rewrite-golden', action='store_true', help='write the files of tests/golden anew')
    parser.addoption('--share', type=tiers.Share.parse, metavar='K/N', help='of the slow tests, only part K of N')


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run whatever asks for an SDK with every SDK that is there."""
    if 'sdk_root' in metafunc.fixturenames:
        metafunc.parametrize('sdk_root', SDK_ROOTS, ids=[_version(root) for root in SDK_ROOTS], scope='session')


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for an SDK, and as slow what runs with another SDK than the first."""
    for item in items:
        if 'sdk_root' in getattr(item, 'fixturenames', ()):
            item.add_marker(pytest.mark.sdk)
            if SDK_ROOTS and not item.get_closest_marker('each_sdk') and _sdk_of(item) != SDK_ROOTS[0]:
                item.add_marker(pytest.mark.slow)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Where several run at once, one process has all tests of a file, and all that use Bazel (its workspaces are shared)."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):  # type: ignore[misc, unused-ignore]
        def _split_scope(self, nodeid: str) -> str:
            return 'bazel' if nodeid.startswith('tests/bazel/') else str(super()._split_scope(nodeid))
    return Scheduling(config, log)  # type: ignore[arg-type, unused-ignore]


def _sdk_of(item: pytest.Item) -> Path:
    return Path(item.callspec.params['sdk_root'])  # type: ignore[attr-defined]


def _version(root: Path) -> str:
    return (root / 'emscripten-version.txt').read_text(encoding='utf-8').strip().strip('"')


@pytest.fixture(scope='session')
def sdk_roots() -> list[Path]:
    """Of all SDKs that there are to test with."""
    return SDK_ROOTS


@pytest.fixture(scope='session')
def shared_home() -> Home:
    """A home that outlives the tests: what is built once is there in the next run."""
    given = os.environ.get('EMROOT_TEST_HOME')
    if not given:
        pytest.fail('EMROOT_TEST_HOME is not set: run the tests with `python3 dev.py test`')
    home = find_home(given)
    with contextlib.suppress(FileNotFoundError):
        if (home.store / 'STORE').read_text(encoding='utf-8').strip() != str(STORE):
            remove_tree(home.store)  # of an earlier format; it is a cache
    return home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return find_home(tmp_path / 'home')


@pytest.fixture
def sdk(sdk_root: Path, shared_home: Home) -> Sdk:
    """A real SDK."""
    return find_sdk(shared_home, sdk_root)


@pytest.fixture
def catalogue(sdk: Sdk, shared_home: Home) -> Catalogue:
    """What a real SDK says of its libraries."""
    return Catalogue(sdk, shared_home)


@pytest.fixture
def emroot_command() -> list[str]:
    """How to start the command line as users do."""
    return [sys.executable, '-m', 'emroot']


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, object], None]:
    """Compare a JSON document with a file of `tests/golden`; `--rewrite-golden` writes that file."""
    def check(name: str, document: object) -> None:
        path = GOLDEN / f'{name}.json'
        if request.config.getoption('--rewrite-golden'):
            path.write_text(json.dumps(document, indent=1, sort_keys=True) + '\n', encoding='utf-8')
        expected = json.loads(path.read_text(encoding='utf-8')) if path.is_file() else None
        assert json.loads(json.dumps(document)) == expected, \
            f'{path.name} says otherwise; if it should change: python3 dev.py test --rewrite-golden'
    return check


@pytest.fixture(scope='session')
def _seen_fake_sdk(tmp_path_factory: pytest.TempPathFactory) -> Emroot:
    directory = tmp_path_factory.mktemp('fake')
    emroot = Emroot(directory / 'home', make_fake_sdk(directory))
    emroot.build('libone', 'libcxx', 'libasm', 'libmany', 'crt1')
    for features in ('wasm64', 'lto', 'wasm64,lto'):
        emroot.build('libone', 'libasm', features=features)
    return emroot


@pytest.fixture
def fake(_seen_fake_sdk: Emroot, tmp_path: Path) -> Emroot:
    """The command line with a fake SDK and a home that has seen it, but has built nothing."""
    home = tmp_path / 'home'
    seed(home, _seen_fake_sdk.home, link=False)
    return Emroot(home, _seen_fake_sdk.sdk)


@pytest.fixture
def other(fake: Emroot, tmp_path: Path) -> Emroot:
    """Another machine, with the same SDK."""
    return fake.machine(tmp_path / 'another home')


@pytest.fixture(scope='session')
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a warning is a failure."""
    if not importlib.util.find_spec('material'):
        cannot_run(f'there is no mkdocs-material: {sys.executable} -m pip install -e ".[dev]"')
    directory = tmp_path_factory.mktemp('site') / 'site'
    from dev import docs  # lazy import: it loads the whole command line
    assert docs.main(['--to', str(directory)]) == 0
    return directory
