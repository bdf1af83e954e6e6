"""How long compiles are expected to take: as long as last time, else what language and size let expect."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.running import Emroot
from support.synthetic_sdk import synthetic_sdk

from emroot.engine.history.compile_times import CompileTimes, kind
from emroot.engine.history.estimate import expected_seconds
from emroot.host.home import Home
from emroot.keys.plan import Compile


def _compile(source: str = 'a.c', *flags: str, driver: str = 'clang') -> Compile:
    return Compile(key='k', argv=(driver, *flags, '{source}'), source=source)


def test_what_was_never_compiled_is_expected_by_language_and_size(home: Home):
    durations = CompileTimes(home, synthetic_sdk())
    assert durations.expected(_compile()) == expected_seconds(synthetic_sdk(), _compile())
    assert durations.expected(_compile('a.cpp', driver='clang++')) > durations.expected(_compile())


def test_what_was_compiled_is_expected_to_take_as_long_again(home: Home):
    first = CompileTimes(home, synthetic_sdk())
    first.record(_compile('a.c', '-O2'), 1.2344)
    first.record(_compile('a.c', '-O2', '-flto'), 0.5)
    first.save()
    durations = CompileTimes(home, synthetic_sdk(version='8.8.8'))
    assert durations.expected(_compile('a.c', '-O1', '-O2', '-DX')) == 1.234
    assert durations.expected(_compile('a.c', '-flto', '-O2')) == 0.5
    assert durations.expected(_compile('a.c', '-Os')) == 1.234, 'of another kind there is nothing, so the longest known'


def test_what_another_process_learned_meanwhile_is_kept(home: Home):
    one, other = CompileTimes(home, synthetic_sdk()), CompileTimes(home, synthetic_sdk())
    one.record(_compile('a.c'), 1)
    other.record(_compile('b.c'), 2)
    one.save()
    other.save()
    durations = CompileTimes(home, synthetic_sdk())
    assert (durations.expected(_compile('a.c')), durations.expected(_compile('b.c'))) == (1, 2)


@pytest.mark.parametrize('content', ['{"a.c": ', '{"a.c": 3}', '{"a.c": {}}', '{"a.c": {"-O0": "long"}}', '[]'])
def test_a_damaged_memory_is_none(home: Home, content: str):
    home.memo.mkdir(parents=True)
    (home.memo / 'durations.json').write_text(content)
    assert CompileTimes(home, synthetic_sdk()).expected(_compile()) == expected_seconds(synthetic_sdk(), _compile())


@pytest.mark.parametrize(('argv', 'expected'), [
    (('clang', '-c'), '-O0'), (('clang', '-O2', '-Oz'), '-Oz'), (('clang', '-flto=thin', '-Os'), '-Os-flto=thin')])
def test_a_compile_is_of_the_kind_of_its_last_level_and_its_lto(argv: tuple[str, ...], expected: str):
    assert kind(argv) == expected


def test_a_build_remembers_how_long_its_compiles_took_and_starts_with_the_longest(fake: Emroot, tmp_path: Path):
    fake.build('libmany', cache=tmp_path / 'one')
    directory = fake.home / 'memo' / 'durations.json'
    known = {source: kinds for source, kinds in json.loads(directory.read_text()).items() if 'libmany' in source}
    assert len(known) == 24 and all(list(kinds) == ['-Os'] and kinds['-Os'] > 0 for kinds in known.values())
    name = '../../../system/lib/libmany/f13.c'
    directory.write_text(json.dumps({**known, name: {'-Os': 60_000}}))
    ran = fake('build', '--features', 'wasm64', '--targets', 'libmany', '-j', '1', '--trace', tmp_path / 'trace.json')
    assert ran.code == 0, ran.err
    events = json.loads((tmp_path / 'trace.json').read_text())['traceEvents']
    assert next(e['name'] for e in events if e['ph'] == 'X') == 'wasm64/libmany f13.c'
