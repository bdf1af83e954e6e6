"""`emroot gc`, and builds that keep the store below its limit, remove what is of no use, and that only."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

import pytest
from support.running import Emroot
from support.snapshots import files_in

import emroot
from emroot.cli.arguments import size
from emroot.host.files import remove, remove_tree

AHEAD = 365 * 86400


def test_what_was_of_use_in_the_future_counts_from_now(fake: Emroot):
    fake.build('libone', cache=fake.home / 'gone')
    records = files_in(fake.home / 'store' / 'records')
    for path in [*records, *files_in(fake.home / 'store' / 'damaged')]:
        os.utime(path, (time.time() + AHEAD, time.time() + AHEAD))
    assert fake('gc', '--max-size', '1').code == 0
    assert all(path.stat().st_mtime < time.time() + 60 for path in records)


def test_what_was_set_aside_in_the_future_goes(fake: Emroot):
    fake.build('libone')
    aside = fake.home / 'store' / 'damaged' / 'something'
    aside.parent.mkdir(exist_ok=True)
    aside.write_text('x')
    os.utime(aside, (time.time() + AHEAD, time.time() + AHEAD))
    assert fake('gc', '--max-age', '1d').code == 0
    assert not aside.exists()


def test_headers_of_a_cache_directory_that_is_there_are_kept_however_old_they_are(fake: Emroot):
    fake.build('libone')
    for path in files_in(fake.home / 'store' / 'records'):
        os.utime(path, (1e9, 1e9))
    assert fake('gc', '--max-age', '1d').code == 0
    assert len(list((fake.home / 'store' / 'trees').iterdir())) == 1
    assert fake('verify').code == 0


def test_temporary_files_of_killed_processes_go_from_the_home_too(fake: Emroot):
    fake.build('libone')
    for directory in ('memo', 'caches', 'store/records'):
        left = fake.home / directory / '.x.json.1.ab.tmp'
        left.write_text('x')
        os.utime(left, (1e9, 1e9))
    assert fake('gc', '--max-age', '1d').code == 0
    assert list(fake.home.rglob('*.tmp')) == []


@pytest.mark.parametrize('builds', [
    lambda fake: fake('build', '--targets', 'crt1', env={'EMROOT_MAX_SIZE': '1'}),
    lambda fake: emroot.build(targets='crt1', sdk=fake.sdk, home=fake.home),
    lambda fake: emroot.export(fake.home / 'crt1.tar', targets='crt1', sdk=fake.sdk, home=fake.home),
], ids=['command line', 'API', 'export by the API'])
def test_every_build_that_compiled_keeps_the_store_below_its_limit(fake: Emroot, builds: Callable[[Emroot], object],
                                                                   monkeypatch: pytest.MonkeyPatch):
    fake.build('libone', cache=fake.home / 'gone')
    remove_tree(fake.home / 'gone')
    before = files_in(fake.home / 'store' / 'records')
    for path in before:
        os.utime(path, (1e9, 1e9))
    remove(fake.home / 'memo' / 'gc.json')
    monkeypatch.setenv('EMROOT_MAX_SIZE', '1')
    builds(fake)
    assert len([path for path in before if path.exists()]) < len(before)


def test_a_time_of_the_last_gc_that_is_none_does_not_stop_a_build(fake: Emroot):
    (fake.home / 'memo' / 'gc.json').write_text('{"time": "yesterday"}')
    assert fake.build('libone')['modes']['wasm32']['built'] == ['libone']


@pytest.mark.parametrize(('text', 'expected'), [
    ('5G', 5 << 30), ('5g', 5 << 30), ('5GB', 5 << 30), ('5gb', 5 << 30), ('5GiB', 5 << 30), ('5 GB', 5 << 30),
    ('500m', 500 << 20), ('500MB', 500 << 20), ('100k', 100 << 10), ('1.5T', 3 << 39), ('1000', 1000), ('1000B', 1000), ('0', 0)])
def test_a_size_is_read_as_people_write_it(text: str, expected: int):
    assert size(text) == expected


@pytest.mark.parametrize('text', ['', 'G', '5X', '-1', '1e9', 'inf', '5iB', '5GG', '1,5G', '\u0665G'])
def test_what_is_no_size_is_refused(text: str):
    with pytest.raises(argparse.ArgumentTypeError):
        size(text)
