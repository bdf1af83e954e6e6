"""Fixtures. Tests marked `sdk` run once for each SDK of EMROOT_TEST_SDKS (`dev.py test` sets it)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from emroot.catalogue import Catalogue
from emroot.home import Home, find_home
from emroot.sdk import Sdk, find_sdk

SDK_ROOTS = [Path(p) for p in os.environ.get('EMROOT_TEST_SDKS', '').split(os.pathsep) if p]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run whatever asks for an SDK with every SDK that is there."""
    if 'sdk_root' in metafunc.fixturenames:
        metafunc.parametrize('sdk_root', SDK_ROOTS, ids=[_version(root) for root in SDK_ROOTS], scope='session')


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever asks for an SDK is marked so."""
    for item in items:
        if 'sdk_root' in getattr(item, 'fixturenames', ()):
            item.add_marker(pytest.mark.sdk)


def _version(root: Path) -> str:
    return (root / 'emscripten-version.txt').read_text(encoding='utf-8').strip().strip('"')


@pytest.fixture(scope='session')
def shared_home() -> Home:
    """A home that outlives the tests: what is built once is there in the next run."""
    given = os.environ.get('EMROOT_TEST_HOME')
    if not given:
        pytest.fail('EMROOT_TEST_HOME is not set: run the tests with `python3 dev.py test`')
    return find_home(given)


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
