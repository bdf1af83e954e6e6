"""Any number of emroots at once: right bytes, and nothing compiled twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sdk_targets import SOME_SECONDS
from support.running import Emroot
from support.snapshots import archives, compiled_objects, damage
from support.waiting import wait_until


@pytest.mark.parametrize('caches', [pytest.param(('one', 'one'), marks=pytest.mark.slow), ('one', 'other')],
                         ids=['one cache directory', 'two cache directories'])
def test_two_builds_of_the_same_share_the_work(seen: Emroot, built: Callable[[tuple[str, ...]], Path], tmp_path: Path,
                                               caches: tuple[str, str]):
    processes = [seen.start('build', '--json', '--targets', ','.join(SOME_SECONDS), '--cache', tmp_path / cache, '-j', '2')
                 for cache in caches]
    outputs = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    documents = [json.loads(out) for out, _ in outputs]
    assert sum(d['objects']['compiled'] for d in documents) == compiled_objects(seen.home)
    for cache in caches:
        assert archives(tmp_path / cache) == archives(built(SOME_SECONDS))
        assert damage(seen.home, tmp_path / cache) == []


@pytest.mark.slow
def test_first_builds_with_an_empty_home_do_not_hinder_each_other(fresh: Emroot, tmp_path: Path):
    processes = [fresh.start('build', '--json', '--targets', target) for target in ('libnoexit', 'libal', 'crt1')]
    outputs = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    cache = Path(json.loads(outputs[0][0])['cache'])
    assert len(archives(cache)) == 3
    assert damage(fresh.home, cache) == []


def test_readers_never_see_a_part_of_a_library(seen: Emroot, tmp_path: Path):
    """While two versions of a library replace each other, every look finds one whole."""
    cache = tmp_path / 'cache'
    seen.build('libhtml5', cache=cache)
    (path,) = [cache / p for p in archives(cache)]
    ours, theirs = path.read_bytes(), b'something of another key'
    looked: list[bytes] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            content = path.read_bytes()
            if content != (looked[-1] if looked else b''):
                looked.append(content)
    reader = threading.Thread(target=look)
    reader.start()
    for _ in range(3):
        aside = tmp_path / 'aside'
        aside.write_bytes(theirs)
        aside.replace(path)
        wait_until(lambda: looked[-1:] == [theirs])
        seen.build('libhtml5', cache=cache)
        wait_until(lambda: looked[-1:] != [theirs])
    stop.set()
    reader.join()
    assert [content for content in looked if content not in (ours, theirs)] == []
    assert looked.count(theirs) == 3
