"""Keys beside those of the plan: of results that contain a path, and of targets whose keys were known before."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.synthetic_sdk import paper_recipe, synthetic_sdk

from emroot.engine.reuse.key_cache import CachedKey, KeyCache
from emroot.hashing import digest_record
from emroot.host.home import Home
from emroot.keys.location import (
    SOMEWHERE,
    candidate_keys,
    contains_path,
    embedded_location,
    embeds_path,
    local_key,
    portable_key,
)
from emroot.keys.plan import make_plan
from emroot.libraries.catalogue import Catalogue
from emroot.modes import Mode, parse_mode

KEY, OTHER = 'ab' * 32, 'cd' * 32
SDK = synthetic_sdk()
WASM64 = parse_mode('wasm64')


def test_a_result_is_looked_for_as_that_of_this_place_of_no_place_and_of_any() -> None:
    local, plain, portable = candidate_keys(KEY, 'object', SDK)
    assert local == (local_key(KEY, SDK.embedded_paths, 'object'), SDK.location_key)
    assert plain == (KEY, '') and portable == (portable_key(KEY, 'object'), SOMEWHERE)
    assert candidate_keys(KEY, 'object', SDK, own_location=True) == [local, plain], 'who insists on the own place takes no other'


def test_keys_of_results_with_a_path_are_the_ones_that_remotes_have() -> None:
    assert local_key(KEY, ['/a', '/b'], 'object') == digest_record({'object': KEY, 'places': ['/a', '/b']})
    assert portable_key(KEY, 'archive') == digest_record({'archive': KEY, 'places': 'anywhere'})


def test_keys_of_another_result_kind_or_place_are_others() -> None:
    keys = [local_key(key, places, what) for key in (KEY, OTHER) for what in ('object', 'archive')
            for places in (['/a'], ['/b'], [])]
    keys += [portable_key(key, what) for key in (KEY, OTHER) for what in ('object', 'archive')]
    assert len({KEY, OTHER, *keys}) == len(keys) + 2


@pytest.mark.parametrize(('content', 'found'), [
    (b'\0/opt/sdk/x\0', True), (b'/home/\xc3\xa4/y', True), (b'/opt/sd', False), (b'', False), (b'/OPT/SDK', False)])
def test_a_result_has_a_place_if_a_path_is_anywhere_in_its_bytes(tmp_path: Path, content: bytes, found: bool) -> None:
    paths = ['/opt/sdk', '/home/ä']
    (tmp_path / 'file').write_bytes(content)
    assert contains_path(content, paths) == embeds_path(tmp_path / 'file', paths) == found
    assert not contains_path(content, [])


def test_only_a_result_of_any_place_says_itself_of_which() -> None:
    record = {'place': OTHER}
    assert embedded_location(record, SOMEWHERE) == OTHER
    assert embedded_location(record, KEY) == KEY and embedded_location(record, '') == ''
    for said in ({}, {'place': 'elsewhere'}, {'place': 7}):
        assert embedded_location(said, SOMEWHERE) == SOMEWHERE


def _cache(home: Home, builder: str = 'source') -> KeyCache:
    return KeyCache(Catalogue(SDK, home), builder)


def test_keys_are_known_again_by_all_who_build_in_the_same_way(home: Home) -> None:
    plan = make_plan(SDK, [paper_recipe('libtwo'), paper_recipe('libone', ['c.c']), paper_recipe('libone', mode=WASM64)])
    first, later = _cache(home), _cache(home)
    first.add(plan)
    first.add_files(Mode(), 'zlib', KEY, ['z/b', 'z/a'])
    assert first.get(Mode(), 'libone') == CachedKey(plan.archives[1].key, (plan.archives[1].path,), 1)
    assert later.get(WASM64, 'libone') is None, 'nothing was saved'
    first.save()
    for known in (first, _cache(home)):
        assert known.get(Mode(), 'libtwo') == CachedKey(plan.archives[0].key, (plan.archives[0].path,), 2)
        assert known.get(WASM64, 'libone') == CachedKey(plan.archives[2].key, (plan.archives[2].path,), 2)
        assert known.get(Mode(), 'zlib') == CachedKey(KEY, ('z/a', 'z/b'), 0)
        assert known.targets(Mode()) == ['libone', 'libtwo', 'zlib'] and known.targets(WASM64) == ['libone']
        assert known.get(Mode(), 'none') is None and known.targets(parse_mode('wasm64-lto')) == []
    assert _cache(home, 'embuilder').targets(Mode()) == []


def test_what_others_saved_meanwhile_stays(home: Home) -> None:
    one, other = _cache(home), _cache(home)
    for known, target in ((one, 'libone'), (other, 'libother')):
        assert known.targets(Mode()) == []
        known.add_files(Mode(), target, KEY, [target])
    one.save()
    other.save()
    assert _cache(home).targets(Mode()) == ['libone', 'libother']


def test_only_what_is_new_is_written(home: Home) -> None:
    known = _cache(home)
    known.save()
    known.add_files(Mode(), 'zlib', KEY, ['z'])
    known.save()
    [file] = home.memo.rglob('keys/*')
    file.unlink()
    known.add_files(Mode(), 'zlib', KEY, ['z'])
    known.save()
    assert not file.exists()
    known.add_files(Mode(), 'zlib', OTHER, ['z'])
    known.save()
    assert file.exists() and _cache(home).get(Mode(), 'zlib') == CachedKey(OTHER, ('z',), 0)
