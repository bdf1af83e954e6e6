"""`emroot explain`: all that went into a key, as text for `diff`."""

from __future__ import annotations

from pathlib import Path

from support.overlay import overlay
from support.running import Emroot


def test_it_says_the_same_each_time_and_from_any_home(shared: Emroot, fresh: Emroot):
    first = shared('explain', 'wasm64-lto/libstubs-debug')
    assert first.code == 0, first.err
    assert fresh('explain', 'wasm64-lto/libstubs-debug').out == first.out
    assert first.out.startswith('key = ')


def test_two_modes_differ_in_the_lines_that_differ(shared: Emroot):
    plain, lto = (set(shared('explain', f'{mode}/libal', '--object', 'al.o').out.splitlines())
                  for mode in ('wasm32', 'wasm32-lto'))
    assert 'argv = -flto=full' in lto - plain
    differing = {line.partition(' = ')[0] for line in plain ^ lto if not line.startswith('input ')}  # of one that was compiled
    assert differing == {'key', 'argv'}


def test_another_source_is_another_key(shared: Emroot, sdk_root: Path, tmp_path: Path):
    changed = overlay(sdk_root, tmp_path / 'emscripten', {'system/lib/al.c': 'int changed;\n'})
    mine = shared('explain', '--json', 'wasm32/libal').json['key']
    assert Emroot(tmp_path / 'home', changed)('explain', '--json', 'wasm32/libal').json['key'] != mine
