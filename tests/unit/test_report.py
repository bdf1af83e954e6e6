"""The report: what a cache directory holds, what the last build did, and the page that says so."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.running import Emroot
from support.snapshots import seed

from emroot.engine.history.build_record import KEPT, SLICES, _timeline, read_build_record, record_path
from emroot.engine.history.timeline import Span
from emroot.engine.result import ReuseReason
from emroot.host.home import find_home


@pytest.fixture(scope='session')
def _seen_fake_sdk(_seen_fake_sdk: Emroot, tmp_path_factory: pytest.TempPathFactory) -> Emroot:
    """Here it has been asked about all of its modes, too: the first report does that."""
    home = tmp_path_factory.mktemp('asked') / 'home'
    seed(home, _seen_fake_sdk.home, link=False)
    asked = Emroot(home, _seen_fake_sdk.sdk)
    _report(asked)
    return asked


def _report(emroot: Emroot, *options: object) -> dict[str, Any]:
    ran = emroot('report', '--json', *options)
    assert ran.code == 0, ran.err
    document: dict[str, Any] = ran.json
    return document


def _archives(document: dict[str, Any], mode: str = 'wasm32') -> dict[str, dict[str, Any]]:
    return {a['target']: a for a in document['archives'] if a['mode'] == mode}


def _page(emroot: Emroot, path: Path, *options: object) -> str:
    ran = emroot('report', '-o', path, *options)
    assert ran.code == 0, ran.err
    assert ran.out == f'{path}\n'
    return path.read_text(encoding='utf-8')


def _record(emroot: Emroot, cache: object) -> Path:
    return record_path(find_home(emroot.home), Path(str(cache)))


def test_before_anything_is_built_every_archive_is_absent_and_there_is_no_last_build(fake: Emroot):
    document = _report(fake)
    assert {a['state'] for a in document['archives']} == {'absent'}
    assert document['last_build'] is None
    assert len(document['modes']) == 12
    assert sum(mode['targets'] for mode in document['modes']) == len(document['archives'])


def test_an_archive_is_present_with_its_size_and_what_it_took(fake: Emroot):
    cache = Path(fake.build('libone', features='wasm64')['cache'])
    found = _archives(_report(fake), 'wasm64')['libone']
    assert found['state'] == 'present'
    assert found['bytes'] == next(cache.rglob('libone.a')).stat().st_size
    assert found['seconds'] > 0 and found['compiled'] == found['objects'] == 3
    assert _archives(_report(fake))['libone']['state'] == 'absent', 'another mode'


def test_what_somebody_else_wrote_to_is_changed(fake: Emroot):
    archive = next(Path(fake.build('libone')['cache']).rglob('libone.a'))
    archive.unlink()
    archive.write_bytes(b'something else')
    assert _archives(_report(fake))['libone']['state'] == 'changed'


def test_what_was_removed_is_absent(fake: Emroot):
    next(Path(fake.build('libone')['cache']).rglob('libone.a')).unlink()
    assert _archives(_report(fake))['libone']['state'] == 'absent'


def test_what_emcc_made_is_foreign(fake: Emroot):
    archive = next(Path(fake.build('libone')['cache']).rglob('libone.a'))
    (archive.parent / 'libone-debug.a').write_bytes(b'made by emcc')
    found = _archives(_report(fake))['libone-debug']
    assert (found['state'], found['bytes']) == ('foreign', 12)


def test_it_describes_a_build_that_used_a_base(fake: Emroot, tmp_path: Path):
    administrator = fake.machine(tmp_path / 'administrator')
    administrator.build('libone', cache=tmp_path / 'base')
    assert fake('build', '--targets', 'libone,crt1', '--base', tmp_path / 'base').code == 0
    why = _report(fake)['last_build']['modes']['wasm32']['why']
    assert why['archive_in_base'] == 3, 'and crt1 was compiled'
    assert ReuseReason.ARCHIVE_IN_BASE.label in _page(fake, tmp_path / 'report.html')


def test_what_failed_says_why_until_it_is_built(fake: Emroot):
    fake.build('libbroken', 'libone', code=5)
    found = _archives(_report(fake))['libbroken']
    assert found['state'] == 'failed' and 'this is broken' in found['error']
    fake.build('crt1')
    assert _archives(_report(fake))['libbroken']['state'] == 'failed', 'a build of something else does not change that'


def test_the_last_build_is_what_that_build_said_of_itself(fake: Emroot):
    said = fake.build('libone', 'libone-debug', 'libmany')
    last = _report(fake)['last_build']
    assert last['objects'] == said['objects']
    why = last['modes']['wasm32'].pop('why')
    assert last['modes'] == {'wasm32': {'built': 3, 'reused': 0, 'failed': 0}}
    assert sum(why.values()) == said['objects']['reused'] > 0
    assert sum(compiles for _, _, compiles in last['work']) == said['objects']['compiled']
    assert last['workers'] == 2
    assert {name for name, *_ in last['work']} == {'wasm32/libone', 'wasm32/libmany'}, 'variants are their library'
    slices = last['timeline']['slices']
    assert sum(jobs for *_, jobs in slices) == said['objects']['compiled'] + 3, 'and a job for each archive'
    assert all(began + took <= last['timeline']['seconds'] + 0.02 for _, began, took, _, _ in slices)


def test_what_a_target_took_is_remembered_across_builds_of_others(fake: Emroot):
    fake.build('libone')
    before = _archives(_report(fake))['libone']['seconds']
    fake.build('libmany')
    assert _archives(_report(fake))['libone']['seconds'] == before


def test_a_build_that_finds_everything_in_place_leaves_the_record_alone(fake: Emroot):
    record = _record(fake, fake.build('libone')['cache'])
    os.utime(record, ns=(1, 1))
    fake.build('libone')
    assert record.stat().st_mtime_ns == 1


def test_each_cache_directory_has_its_own_last_build(fake: Emroot, tmp_path: Path):
    fake.build('libmany')
    fake.build('libone', cache=tmp_path / 'other')
    assert [name for name, *_ in _report(fake)['last_build']['work']] == ['wasm32/libmany']
    assert _report(fake, '--cache', tmp_path / 'other')['last_build']['objects']['compiled'] == 3


@pytest.mark.parametrize('damage', ['', '[]', '{}', '{"schema": 2', '{"schema": 2, "work": 7}'])
def test_a_record_that_is_damaged_is_none(fake: Emroot, damage: str):
    _record(fake, fake.build('libone')['cache']).write_text(damage, encoding='utf-8')
    document = _report(fake)
    assert document['last_build'] is None
    assert _archives(document)['libone']['state'] == 'present'


def test_a_record_that_is_damaged_anywhere_is_none_however_deep(fake: Emroot, tmp_path: Path):
    cache = Path(fake.build('libone', 'libmany')['cache'])
    record, home = _record(fake, cache), find_home(fake.home)
    text = record.read_text(encoding='utf-8')
    paths = [*_places(json.loads(text))]
    assert len(paths) > 60
    for *way, last in paths:
        document = at = json.loads(text)
        for step in way:
            at = at[step]
        at[last] = 'damaged'
        record.write_text(json.dumps(document), encoding='utf-8')
        assert read_build_record(home, cache) is None, [*way, last]
    assert 'No recorded build of this cache directory' in _page(fake, tmp_path / 'page.html')
    record.write_text(text, encoding='utf-8')
    assert read_build_record(home, cache) is not None


def _places(document: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value in a document, at whatever depth; of long lists to the first few."""
    below = document.items() if isinstance(document, dict) else enumerate(document[:5]) if isinstance(document, list) else ()
    for step, value in below:
        yield (*way, step)
        yield from _places(value, (*way, step))


def test_the_timeline_of_a_huge_build_is_bounded_and_loses_no_job():
    spans = [Span(worker=n % 64, kind='compile', name=f'wasm32/lib{n // 640 % 9} {n}.c', began=n // 64 * 0.5, seconds=0.4)
             for n in range(64_000)]
    found = _timeline(spans, {f'wasm32/lib{k}': f'wasm32/lib{k}' for k in range(9)}, 64)
    assert len(found['slices']) <= 2 * SLICES
    assert sum(jobs for *_, jobs in found['slices']) == len(spans)
    assert found['seconds'] == pytest.approx(999 * 0.5 + 0.4)
    by_worker: dict[int, float] = {}
    for worker, began, took, _, _ in found['slices']:
        assert began >= by_worker.get(worker, 0.0) - 0.02, 'slices of a worker do not overlap'
        by_worker[worker] = began + took


def test_only_the_last_builds_of_a_few_cache_directories_are_kept(fake: Emroot, tmp_path: Path):
    record_directory = _record(fake, tmp_path / 'cache').parent
    record_directory.mkdir(exist_ok=True)
    for n in range(30):
        (record_directory / f'{n:02}.json').write_text('{}')
        os.utime(record_directory / f'{n:02}.json', (n, n))
    fake.build('libone', cache=tmp_path / 'cache')
    assert len(list(record_directory.iterdir())) == KEPT
    assert not (record_directory / '00.json').exists() and (record_directory / '29.json').exists()


def test_the_page_is_whole_and_loads_nothing(fake: Emroot, tmp_path: Path):
    fake.build('libone')
    page = _page(fake, tmp_path / 'report.html')
    assert page.startswith('<!doctype html>') and page.rstrip().endswith('</html>')
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', page), 'no address outside of the page'
    assert not re.search(r'@import|url\(|fetch\(|XMLHttpRequest|\$[a-z_]+\b(?!\()', page.partition('<script id')[0])
    assert "default-src 'none'" in page


def test_without_its_script_the_page_says_what_matters(fake: Emroot, tmp_path: Path):
    said = fake.build('libone', 'libone-debug')
    page = re.sub(r'<script.*?</script>|<style>.*?</style>', '', _page(fake, tmp_path / 'report.html'), flags=re.DOTALL)
    words = re.sub(r'<[^>]+>|\s+', ' ', page)
    assert re.search(r'wasm32 +2 +of +\d+', words)
    total = said['objects']['compiled'] + said['objects']['reused']
    assert f'Of {total} objects that the last build needed, {said["objects"]["reused"]} (' in words
    assert 'no macro in which the two compiles differ can occur' in words


def test_the_page_has_words_for_every_reason_of_reuse(fake: Emroot, tmp_path: Path):
    assert fake.machine(tmp_path / 'other')('build', '--targets', 'libone', '--cache', tmp_path / 'base').code == 0
    assert fake('build', '--targets', 'libone,crt1', '--base', tmp_path / 'base').code == 0
    assert fake('report', '-o', tmp_path / 'report.html').code == 0
    assert 'Archive in a base' in (tmp_path / 'report.html').read_text(encoding='utf-8')


def test_names_and_errors_cannot_end_the_element_that_they_stand_in(fake: Emroot, tmp_path: Path):
    cache = tmp_path / '</script><img src=x onerror=alert(1)>'
    fake.build('libone', cache=cache)
    page = _page(fake, tmp_path / 'report.html', '--cache', cache)
    assert '<img' not in page
    assert page.count('</script>') == 2
    data = re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert data and json.loads(data[1])['rows']


@pytest.mark.parametrize(('options', 'words'), [([], 'no output file'), (['-o', '{tmp}'], 'cannot write the report')])
def test_a_report_that_has_no_place_says_what_to_give(fake: Emroot, tmp_path: Path, options: list[str], words: str):
    ran = fake('report', *[option.replace('{tmp}', str(tmp_path)) for option in options])
    assert ran.code == 2
    assert words in ran.err and 'hint: ' in ran.err


def test_the_page_and_its_data_can_be_had_at_once(fake: Emroot, tmp_path: Path):
    ran = fake('report', '--json', '-o', tmp_path / 'report.html')
    assert ran.json['archives'] and (tmp_path / 'report.html').is_file()
