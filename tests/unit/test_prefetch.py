"""What is begun before it is known what is to be built: it is there when it is wanted, and nothing is begun in vain."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from support.running import Emroot

from emroot.engine.execution.background import run_in_background
from emroot.engine.execution.prefetch import start_prefetch
from emroot.engine.request import Options
from emroot.errors import StoreError
from emroot.host.home import Home
from emroot.libraries.catalogue import Catalogue
from emroot.modes import Mode, parse_mode
from emroot.sdk import find_sdk


def test_what_runs_beside_a_block_runs_while_it_does_and_is_waited_for():
    begun, done = threading.Event(), []

    def call() -> str:
        begun.wait(timeout=30)
        done.append('it')
        return 'that'
    with run_in_background(call) as later:
        assert not done
        begun.set()
    assert done == ['it'] and later.result() == 'that'


def test_what_it_raises_is_raised_behind_the_block_unless_that_fails():
    def call() -> None:
        raise ValueError('beside')
    with pytest.raises(ValueError, match='beside'), run_in_background(call):
        pass
    with pytest.raises(KeyError, match='block'), run_in_background(call):
        raise KeyError('block')


def _catalogue(fake: Emroot) -> Catalogue:
    assert fake.sdk
    home = Home(fake.home)
    return Catalogue(find_sdk(home, fake.sdk), home)


def test_what_went_wrong_is_told_to_whoever_wants_the_result(fake: Emroot, tmp_path: Path):
    def load() -> None:
        raise StoreError('it is full', hint='make room')
    catalogue, home = _catalogue(fake), Home(tmp_path / 'new')
    with start_prefetch(catalogue, home, tmp_path / 'cache', [], Options(), load) as ahead:
        assert ahead.installed
    for _ in range(2):
        with pytest.raises(StoreError, match='it is full'):
            ahead.installed.result()


def test_for_a_mode_that_was_never_asked_for_the_headers_are_there_when_the_build_wants_them(fake: Emroot, tmp_path: Path):
    catalogue = _catalogue(fake)
    with start_prefetch(catalogue, Home(fake.home), tmp_path / 'cache', [parse_mode('wasm64-pic')], Options()) as ahead:
        assert ahead.installed
        found = ahead.installed.result()
    assert (found.headers / 'sysroot_install.stamp').is_file()
    assert found.files.names and found.context.cache == found.headers


def test_nothing_is_begun_for_what_was_built_before(fake: Emroot, tmp_path: Path):
    assert fake('build', '--targets', 'libone').code == 0
    catalogue = _catalogue(fake)
    for modes in ([], [Mode()]):
        with start_prefetch(catalogue, Home(fake.home), tmp_path / 'cache', modes, Options()) as ahead:
            assert not ahead.installed and not ahead.preload


def test_headers_that_are_not_there_are_installed_whatever_is_wanted(fake: Emroot, tmp_path: Path):
    catalogue, home = _catalogue(fake), Home(tmp_path / 'new')
    with start_prefetch(catalogue, home, tmp_path / 'cache', [], Options()) as ahead:
        assert ahead.installed and not ahead.preload
    assert ahead.installed.result().headers.is_relative_to(home.store)
