"""Fixtures for pages: a real browser, and the pages to look at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.browser.chromium import browser
from support.browser.devtools import DevTools
from support.downloads.debian_packages import ProgramUnavailable
from support.fake import make_fake_sdk
from support.running import Emroot, cannot_run

from emroot.cache_directory.directory import CacheDirectory
from emroot.engine.build import Build
from emroot.engine.history.build_record import save_build_record
from emroot.engine.history.timeline import Span
from emroot.engine.result import ModeResult, ReuseReason
from emroot.host.home import Home, find_home
from emroot.libraries.catalogue import Catalogue
from emroot.modes import all_modes
from emroot.reporting import collect
from emroot.sdk import Sdk, find_sdk
from emroot.store import Store


@pytest.fixture(scope='session')
def chromium() -> Iterator[DevTools]:
    """One browser for all."""
    try:
        with browser() as started:
            yield started
    except ProgramUnavailable as error:
        cannot_run(str(error))


@pytest.fixture(scope='session')
def _faked(tmp_path_factory: pytest.TempPathFactory) -> Emroot:
    directory = tmp_path_factory.mktemp('faked')
    return Emroot(directory / 'home', make_fake_sdk(directory))


@pytest.fixture(scope='session')
def empty_page(_faked: Emroot, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of a cache directory in which nothing was ever built."""
    path = tmp_path_factory.mktemp('page') / 'empty.html'
    assert _faked('report', '-o', path, '--cache', path.with_name('nothing')).code == 0
    return path.as_uri()


@pytest.fixture(scope='session')
def page(_faked: Emroot, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report after a build of three modes, of which a part was shared and a part failed."""
    path = tmp_path_factory.mktemp('page') / 'report.html'
    ran = _faked('build', '--features', 'wasm32', '--features', 'wasm64,lto', '--features', 'wasm32,thinlto,pic',
                 '--targets', 'libone,libone-debug,libmany,libbroken,crt1', '-j2')
    assert ran.code == 5, ran.err
    assert _faked('report', '-o', path).code == 0
    return path.as_uri()


@pytest.fixture(scope='session')
def full_page(shared_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a cache directory that holds every archive of all modes of a real SDK, and of a build of that size: real
    names, placed as builds place them. What the archives hold is of no matter to it, so they are a few bytes each."""
    roots = [Path(root) for root in os.environ.get('EMROOT_TEST_SDKS', '').split(os.pathsep) if root]
    if not roots:
        cannot_run('no SDK to take the names of all libraries from')
    directory = tmp_path_factory.mktemp('full')
    catalogue = Catalogue(find_sdk(shared_home, roots[0]), shared_home)
    home = find_home(directory / 'home')
    build = Build(catalogue, home, Store(home.store), directory / 'cache')
    _fill(build, catalogue.sdk)
    save_build_record(build.home, build.catalogue, build.result, build.timeline.spans, {}, 1_700_000_000.0)
    report = directory / 'full.html'
    report.write_text(collect(catalogue, home, build.cache.root).to_html(), encoding='utf-8')
    return report


def _fill(build: Build, sdk: Sdk) -> None:
    """Every archive of every mode in place, and a timeline with a span for each twentieth of its objects."""
    cache, at = CacheDirectory(build.cache.root, sdk), 0.0
    with build.store:
        small = build.store.root.parent / 'small'
        small.write_bytes(b'!<arch>\n' * 100)
        blob = build.store.add_file(small)
        for mode in all_modes():
            made = build.result.modes[mode] = ModeResult()
            for library in build.catalogue.listing(mode).libraries.values():
                cache.put(library.path, 'f' * 64, blob, build.store)
                made.built.append(library.target)
                made.why[ReuseReason.EQUIVALENT] += library.objects // 3
                for n in range(0, library.objects, 20):
                    at += 0.37
                    build.timeline.spans.append(Span(worker=len(build.timeline.spans) % 64, kind='compile', began=at,
                                                     seconds=20.0, name=f'{mode}/{library.target} source{n}.c'))
                build.result.compiled += library.objects - library.objects // 3
                build.result.reused += library.objects // 3
    cache.close()
    build.result.seconds, build.result.workers, build.result.busy = at + 20, 64, build.timeline.busy(64)
