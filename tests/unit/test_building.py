"""Building, with a fake SDK: what is built, reused, failed and shown."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
from support.fake import make_fake_sdk
from support.running import Emroot
from support.snapshots import archives, counts, damage, snapshot

from emroot.host.home import LOGS_KEPT


def test_what_is_asked_for_is_built_into_the_cache_directory(fake: Emroot, tmp_path: Path):
    document = fake.build('libone', 'crt1', features='wasm64-lto', cache=tmp_path / 'cache')
    assert sorted(document['modes']['wasm64-lto']['built']) == ['crt1', 'libone']
    assert counts(document) == (4, 0)
    assert sorted(archives(tmp_path / 'cache')) == ['sysroot/lib/wasm64-emscripten/lto/crt1.o',
                                                    'sysroot/lib/wasm64-emscripten/lto/libone.a']
    assert damage(fake.home, tmp_path / 'cache') == []


def test_what_is_there_is_reused_and_what_the_store_has_is_not_compiled_again(fake: Emroot, tmp_path: Path):
    fake.build('libone', cache=tmp_path / 'one')
    again = fake.build('libone', cache=tmp_path / 'one')
    elsewhere = fake.build('libone', cache=tmp_path / 'other')
    for document in (again, elsewhere):
        assert document['modes']['wasm32'] == {'built': [], 'reused': ['libone'], 'failed': []}
        assert counts(document) == (0, 3)
    assert archives(tmp_path / 'one') == archives(tmp_path / 'other')


def test_libraries_of_many_modes_share_a_cache_directory_and_equal_work(fake: Emroot):
    """An assembly file that takes only the target's flags is the same in every kind of LTO."""
    ran = fake('build', '--json', '--features', 'wasm32', '--features', 'lto', '--features', 'wasm64', '--targets', 'libasm')
    assert ran.code == 0
    assert list(ran.json['modes']) == ['wasm32', 'wasm32-lto', 'wasm64']
    assert len(archives(Path(ran.json['cache']))) == 3


def test_a_mode_may_be_named_with_the_target(fake: Emroot):
    ran = fake('build', '--json', '--targets', 'wasm64-lto/libcxx,wasm32/crt1')
    assert {mode: r['built'] for mode, r in ran.json['modes'].items()} == {'wasm64-lto': ['libcxx'], 'wasm32': ['crt1']}


def test_one_that_fails_does_not_keep_the_others(fake: Emroot):
    document = fake.build('SYSTEM', code=5)
    result = document['modes']['wasm32']
    assert [f['target'] for f in result['failed']] == ['libbroken']
    assert 'broken.c:1:1: error: this is broken' in result['failed'][0]['error']
    assert len(result['built']) == 6
    assert counts(fake.build('libone', 'libmany')) == (0, 27)


def test_what_the_compiler_says_is_shown_once_for_all_targets_that_it_fails(fake: Emroot):
    ran = fake('build', '--features', 'wasm32', '--features', 'lto', '--targets', 'libbroken,wasm32/libbroken')
    assert ran.code == 5
    assert ran.err.count('error: this is broken') == 1
    assert 'wasm32/libbroken, wasm32-lto/libbroken' in ran.err
    log = ran.err.split('log: ')[1].splitlines()[0]
    assert 'error: this is broken' in ran.err and Path(log).is_file()


def test_an_archive_that_was_damaged_in_the_cache_directory_is_put_there_again(fake: Emroot, tmp_path: Path):
    fake.build('libone', cache=tmp_path)
    before = archives(tmp_path)
    file = tmp_path / next(iter(before))
    file.unlink()
    file.write_text('damaged')
    assert counts(fake.build('libone', cache=tmp_path)) == (0, 3)
    assert archives(tmp_path) == before


def test_what_a_killed_build_left_goes_with_the_next_one_even_if_that_has_nothing_to_do(fake: Emroot, tmp_path: Path):
    """It may have been killed when all was in place."""
    cache = tmp_path / 'cache'
    fake.build('libone', cache=cache)
    tops = (fake.home / 'store/tmp', cache / '.emroot/tmp')
    for top in tops:
        (top / '1-abcd').mkdir()
        (top / '1-abcd.lock').touch()
    assert counts(fake.build('libone', cache=cache)) == (0, 3)
    assert [list(top.iterdir()) for top in tops] == [[], []]


def test_records_that_are_damaged_cost_work_and_nothing_else(fake: Emroot, tmp_path: Path):
    fake.build('libone', cache=tmp_path / 'one')
    for path in (fake.home / 'store' / 'records').rglob('*'):
        if path.is_file():
            path.write_text('{"dig')
    assert counts(fake.build('libone', cache=tmp_path / 'other')) == (3, 0)
    assert archives(tmp_path / 'one') == archives(tmp_path / 'other')


def test_a_memo_that_is_damaged_is_asked_again(fake: Emroot):
    for path in (fake.home / 'memo').rglob('*.json'):
        path.write_text('{')
    assert fake.build('libone')['modes']['wasm32']['built'] == ['libone']


def test_embuilder_makes_the_same_bytes(fake: Emroot, tmp_path: Path):
    fake.build('libone', 'crt1', 'libcxx', cache=tmp_path / 'source')
    ran = fake('build', '--builder', 'embuilder', '--targets', 'libone,crt1,libcxx', '--cache', tmp_path / 'embuilder')
    assert ran.code == 0, ran.err
    assert archives(tmp_path / 'source') == archives(tmp_path / 'embuilder')


def test_a_port_is_built_by_embuilder_and_marked_for_frozen_links(fake: Emroot, tmp_path: Path):
    assert fake.build('fakeport', cache=tmp_path)['modes']['wasm32']['built'] == ['fakeport']
    assert (tmp_path / 'ports' / 'fakeport' / '.emscripten_url').exists()
    assert fake.build('fakeport', cache=tmp_path)['modes']['wasm32']['reused'] == ['fakeport']


def test_what_embuilder_cannot_build_is_a_failure_in_its_words(fake: Emroot):
    ran = fake('build', '--builder', 'embuilder', '--targets', 'libbroken,crt1')
    assert ran.code == 5
    assert 'this is broken' in ran.err
    assert 'built wasm32/crt1' in ran.err


def test_nothing_is_written_into_the_sdk(tmp_path: Path):
    emroot = Emroot(tmp_path / 'home', make_fake_sdk(tmp_path / 'sdk'))
    before = snapshot(tmp_path / 'sdk')
    assert emroot('list').code == 0
    assert emroot('build', '--targets', 'SYSTEM,fakeport').code == 5
    assert emroot('explain', 'wasm32/libone').code == 0
    assert snapshot(tmp_path / 'sdk') == before


def test_the_last_logs_are_kept(fake: Emroot):
    (fake.home / 'logs').mkdir()
    for number in range(LOGS_KEPT + 5):
        (fake.home / 'logs' / f'20200101-0000{number:02}-1.log').write_text('old')
    fake.build('libone')
    logs = sorted((fake.home / 'logs').iterdir())
    assert len(logs) == LOGS_KEPT
    text = logs[-1].read_text()
    assert 'llvm-ar' in text and 'clang' in text and 'built wasm32/libone' in text


def test_quiet_says_nothing_unless_something_is_wrong(fake: Emroot):
    ran = fake('-q', 'build', '--targets', 'libone')
    assert (ran.code, ran.out, ran.err) == (0, '', '')
    assert 'this is broken' in fake('-q', 'build', '--targets', 'libbroken').err


def test_verbose_says_every_command(fake: Emroot):
    ran = fake('-v', 'build', '--targets', 'libone')
    assert ran.err.count('compile ../../../system/lib/libone/') == 3


@pytest.mark.skipif(os.name == 'nt', reason='signals are another thing there')
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_says_so_and_leaves_nothing_in_flight(fake: Emroot, number: signal.Signals):
    with fake.start('-v', 'build', '--targets', 'libmany', '-j', '2') as process:
        assert process.stderr is not None
        seen = next(line for line in process.stderr if line.startswith('compile'))
        process.send_signal(number)
        said = process.stderr.read()
    assert seen
    assert process.returncode == 130
    assert 'interrupted' in said and 'Traceback' not in said
    assert list((fake.home / 'store' / 'tmp').iterdir()) == []


def test_two_that_build_the_same_at_once_compile_it_once(fake: Emroot, tmp_path: Path):
    processes = [fake.start('build', '--json', '--targets', 'libmany', '--cache', tmp_path / str(n)) for n in range(2)]
    documents = [json.loads(process.communicate()[0]) for process in processes]
    assert sum(d['objects']['compiled'] for d in documents) == 24
    assert archives(tmp_path / '0') == archives(tmp_path / '1')


def test_where_there_are_no_locks_the_work_is_done_twice_and_the_bytes_are_right(fake: Emroot, tmp_path: Path):
    shutil.rmtree(fake.home / 'store' / 'locks', ignore_errors=True)
    (fake.home / 'store' / 'locks').write_text('no directory, so no lock can be made')
    assert fake.build('libone', cache=tmp_path)['modes']['wasm32']['built'] == ['libone']
    assert damage(fake.home, tmp_path) == []


def test_a_variant_takes_from_another_what_does_not_look_at_what_they_differ_in(fake: Emroot, tmp_path: Path):
    """Of libone's sources only `a.c` says DEBUG, which is all that `libone-debug` adds."""
    fake.build('libone', cache=tmp_path)
    assert counts(fake.build('libone-debug', cache=tmp_path)) == (1, 2)
    assert len(set(archives(tmp_path).values())) == 2


def test_why_a_compile_was_spared_is_said_and_adds_up(fake: Emroot, tmp_path: Path):
    def why(*targets: str, **options: str | Path) -> dict[str, int]:
        objects = fake.build(*targets, **options)['objects']
        assert objects['reused'] == sum(objects['why'].values())
        return {reason: count for reason, count in objects['why'].items() if count}
    assert why('libone', cache=tmp_path / 'one') == {}
    assert why('libone', cache=tmp_path / 'one') == {'in_cache_directory': 3}
    assert why('libone', cache=tmp_path / 'other') == {'archive_in_store': 3}
    assert why('libone-debug', cache=tmp_path / 'other') == {'same_in_family': 2}
    shutil.rmtree(fake.home / 'store' / 'records' / 'archive')
    assert why('libone', cache=tmp_path / 'third') == {'in_store': 3}
