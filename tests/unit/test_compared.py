"""What `dev.py upstream-tests` and `dev.py projects` choose, compare and say."""

from __future__ import annotations

import json
from pathlib import Path

from real_projects.building import Built, differing, made
from real_projects.building import worse as wrong_in
from real_projects.project import MODES, read_projects
from real_projects.results import Row, keep, last, read_page, read_rows
from real_projects.results import table as table_of_projects
from upstream.__main__ import chosen, listed
from upstream.results import Outcome, read_outcomes, read_record, table, together, worse, write_page, write_record

PASSED, FAILED, SKIPPED = (Outcome(state, '', 1.0) for state in ('passed', 'failed', 'skipped'))


def test_the_list_has_tests_of_every_suite_once():
    names = listed()
    assert len(names) == len(set(names)) >= 400
    assert {name.partition('.')[0] for name in names} == {
        'core0', 'core2', 'core3', 'lto0', 'lto2', 'thinlto0', 'wasm64', 'wasmfs', 'minimal0', 'strict', 'asan', 'ubsan', 'lsan',
        'other', 'sanity'}


def test_tests_are_chosen_by_name_by_pattern_and_evenly():
    names = [f'core0.test_{letter}' for letter in 'abcdef'] + ['other.test_a']
    assert chosen([], names) == names
    assert chosen(['core0.*', 'other.test_new'], names) == [*names[:6], 'other.test_new']
    assert chosen([], names, 3) == [names[0], names[2], names[4]]
    assert chosen(['core0.test_a', '*_a'], names) == ['core0.test_a', 'other.test_a']


def test_the_last_run_of_a_test_counts(tmp_path: Path):
    said = [{'name': 'a', 'state': state, 'why': '', 'seconds': 1.0} for state in ('failed', 'passed')]
    (tmp_path / 'file').write_text('\n'.join(map(json.dumps, said)))
    assert read_outcomes(tmp_path / 'file') == {'a': PASSED}
    assert read_outcomes(tmp_path / 'none') == {}


def test_worse_is_what_passes_with_plain_emcc_alone():
    plain = {'a': PASSED, 'b': FAILED, 'c': SKIPPED, 'd': PASSED, 'e': PASSED}
    assert worse(plain, {'a': FAILED, 'b': FAILED, 'c': FAILED, 'd': PASSED, 'e': SKIPPED, 'new': FAILED}) == ['a', 'e']
    assert worse(plain, {'a': Outcome('skipped', "doesn't work with frozen cache", 0.0)}) == []


def test_the_table_counts_what_passes_and_tells_what_fails_alike(tmp_path: Path):
    why = Outcome('failed', 'Traceback\nAssertionError: error: a|b\n', 1.0)
    text = table({'plain': {'core0.a': PASSED, 'core0.b': why, 'lto0.c': PASSED, 'lto0.d': SKIPPED},
                  'lazy': {'core0.a': PASSED, 'core0.b': why, 'lto0.c': FAILED}})
    assert '| core0 | 2 | 0 | 1 | 1 of 1 | 1 of 1 |' in text
    assert '| lto0 | 2 | 1 | 0 | 0 of 1 | 1 of 1 |' in text
    assert '| all | 4 | 1 | 1 | 1 of 2 | 2 of 2 |' in text
    assert '| `core0.b` | AssertionError: error: a\\|b |' in text
    page = tmp_path / 'page.md'
    page.write_text('before\n<!-- results: begin -->\nold\n<!-- results: end -->\nafter\n')
    write_page(page, text)
    assert page.read_text().startswith('before\n') and page.read_text().endswith('after\n')
    assert text in page.read_text() and 'old' not in page.read_text()


def test_what_ran_is_on_record_for_each_way_and_later_runs_count(tmp_path: Path):
    file = tmp_path / 'record.txt'
    why = Outcome('failed', 'wasm-ld: error: /tmp/tmpsu1kba2wlibjs.so: undefined symbol: a | b\n', 1.0)
    write_record(file, '6.0.5', {'plain': {'core0.b': why}, 'lazy': {'core0.a': PASSED, 'core0.b': why}})
    assert file.read_text().splitlines()[1:] == [
        '# test plain lazy', 'core0.a - passed', 'core0.b failed failed wasm-ld: error: libjs.so: undefined symbol: a | b']
    known = read_record(file, '6.0.5')
    assert {name: outcome.state for name, outcome in known['lazy'].items()} == {'core0.a': 'passed', 'core0.b': 'failed'}
    assert set(known['plain']) == {'core0.b'}
    more = together(known, {'plain': {}, 'frozen': {'core0.a': SKIPPED}, 'lazy': {'core0.b': PASSED}})
    write_record(file, '6.0.5', more)
    assert together(read_record(file, '6.0.5'), {}) == read_record(file, '6.0.5')
    assert '| core0 | 2 | 1 | 1 | 0 of 0 | 1 of 1 | 0 of 0 |' in table(more), 'frozen, lazy, plain'
    assert read_record(file, '6.0.6') == read_record(tmp_path / 'none', '6.0.5') == {}, 'results are those of one version'


def test_projects_have_commands_for_every_mode(tmp_path: Path):
    for project in read_projects().values():
        for mode in MODES:
            commands = project.commands(mode, '/node')
            project.write_files(tmp_path, mode, '/node')
            assert commands and all(commands)
            assert '{' not in ''.join(word for command in commands for word in command)
    assert '{' not in (tmp_path / 'cross.ini').read_text()


def test_what_was_made_is_compared_by_content(tmp_path: Path):
    for name, content in (('one.wasm', b'1'), ('sub/two.a', b'2'), ('three.o', b'3')):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    files = made(tmp_path)
    assert list(files) == ['one.wasm', 'sub/two.a']
    other = {**files, 'sub/two.a': 'another', 'more.js': '4'}
    assert differing(Built(files=files), Built(files=other)) == ['more.js', 'sub/two.a']


def test_a_project_is_worse_if_it_fails_alone_or_makes_other_files():
    good = Built(files={'a': '1'})
    assert wrong_in(good, good) == []
    assert wrong_in(Built(failed='make'), good) == ['make']
    assert wrong_in(Built(failed='make'), Built(failed='make, too')) == []
    assert wrong_in(Built(files={'a': '2'}), good) == ['other bytes than with plain emcc: a']


def test_the_last_result_of_a_project_is_in_the_table_and_what_failed_is_not_in_the_sum(tmp_path: Path):
    file, projects = tmp_path / 'results.jsonl', read_projects()
    assert read_rows(file) == []
    for result, seconds in (('fails alike', 9.0), ('3 files and outputs equal', 4.0)):
        keep(file, Row('cjson', 'wasm64', result, [8.0, seconds, 2.0, 2.0]))
    keep(file, Row('bzip2', 'wasm64', 'fails alike', [80.0, 80.0, 80.0, 80.0]))
    text = table_of_projects(last(read_rows(file)), projects)
    rows = [[cell.strip() for cell in line.split('|')] for line in text.splitlines()]
    assert [row[1] for row in rows[2:]] == ['bzip2', 'cjson', 'all']
    assert rows[3][4:] == ['wasm64', '3 files and outputs equal', '8.0 s', '4.0 s', '0.50', '2.0 s', '2.0 s', '1.00', '']
    assert rows[4][5:] == ['', *rows[3][6:]]
    page = tmp_path / 'page.md'
    page.write_text(f'# Projects\n\n| some | other |\n|---|---|\n\n{text}')
    assert [row.project for row in read_page(page)] == ['bzip2', 'cjson']
    assert table_of_projects(read_page(page), projects) == text, 'the page is enough to go on from'
