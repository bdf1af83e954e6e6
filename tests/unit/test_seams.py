"""The names of Emscripten that emroot uses: one table, and what happens if an SDK lacks one of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fake import make_fake_sdk
from support.running import Emroot

import emroot
from emroot import schemas
from emroot.hashing import digest_record
from emroot.probe.seams import BY_PATH, SEAMS, USES

SOURCES = Path(emroot.__file__).parent
PROGRAMS = [*sorted((SOURCES / 'probe').rglob('*.py')), SOURCES / 'bazel/repositories/port_queries.py']
#: Attributes of `SdkModules` and what they are.
MODULES = {'emcc': 'emcc', 'embuilder': 'embuilder', **{name: f'tools.{name}' for name in (
    'building', 'cache', 'config', 'ports', 'settings', 'shared', 'system_libs', 'utils')}}


def changed(tmp_path: Path, file: str, before: str, after: str) -> Emroot:
    """A fake SDK in which a text is another, and a home."""
    root = make_fake_sdk(tmp_path / 'changed')
    text = (root / file).read_text(encoding='utf-8')
    assert re.search(before, text)
    (root / file).write_text(re.sub(before, after, text), encoding='utf-8')
    return Emroot(tmp_path / 'changed home', root)


def _used() -> Iterator[tuple[str, str]]:
    """Each name that a program takes from a module of the SDK (`sdk.cache.cachedir`), and the program."""
    for path in PROGRAMS:
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr in MODULES \
                    and re.fullmatch(r'(self\.)?sdk', ast.unparse(node.value.value)):
                yield f'{MODULES[node.value.attr]}.{node.attr}', path.name


def test_every_name_that_a_program_uses_is_in_the_table():
    used = dict(_used())
    assert len(used) > 20
    known = {'.'.join(path.split('.')[:count]) for path in BY_PATH for count in range(1, path.count('.') + 2)}
    assert {path: program for path, program in used.items() if path not in known and not path.endswith('.__file__')} == {}


def test_a_name_is_in_the_table_once_and_for_something():
    assert len(BY_PATH) == len(SEAMS)
    for seam in SEAMS:
        assert seam.needs or seam.helps, seam.path
        assert {*seam.needs, *seam.helps} <= USES.keys() and not {*seam.needs} & {*seam.helps}, seam.path
        assert seam.why and seam.instead in {'', *BY_PATH}, seam.path


def test_what_is_remembered_of_an_sdk_is_asked_again_when_the_table_changes():
    table = [[seam.path, seam.since, seam.until, seam.instead] for seam in SEAMS]
    assert (schemas.SDK_CACHE, digest_record(table)[:8]) == (10, '039e65a2'), 'raise the version with the table'


@pytest.mark.parametrize(('file', 'before', 'after', 'path', 'command'), [
    ('tools/system_libs.py', r'\bcreate_lib\b', 'join_objects', 'tools.system_libs.create_lib', ('build', '--targets', 'libone')),
    ('tools/system_libs.py', r'\bbuild_objects\b', 'compile_objects', 'tools.system_libs.Library.build_objects', ('list',)),
    ('embuilder.py', r'\bget_system_tasks\b', 'get_tasks', 'embuilder.get_system_tasks', ('list',)),
    ('tools/shared.py', r'\bgenerate_sanity\b', 'sanity_text', 'tools.shared.generate_sanity', ('sdk', 'show')),
    ('tools/building.py', r'\blink_lld\b', 'run_lld', 'tools.building.link_lld', ('resolve', '--', 'emcc', 'a.o', '-o', 'a.js')),
], ids=lambda value: value if isinstance(value, str) and value.count('.') > 0 and ' ' not in value and '\\' not in value else '')
def test_a_needed_name_that_is_gone_is_an_error_that_names_it(tmp_path: Path, file: str, before: str, after: str, path: str,
                                                               command: tuple[str, ...]):
    ran = changed(tmp_path, file, before, after)(*command)
    assert ran.code == 3
    assert f'this Emscripten (9.9.9) has no {path}, which emroot needs: {BY_PATH[path].why}' in ran.err
    assert 'hint: use another version of Emscripten' in ran.err


def test_a_module_that_is_gone_is_named(tmp_path: Path):
    other = changed(tmp_path, 'tools/building.py', '^', '')
    (other.sdk / 'tools/building.py').rename(other.sdk / 'tools/builder.py')
    ran = other('list')
    assert ran.code == 3
    assert 'has no module tools.building, which emroot needs' in ran.err


def test_a_name_that_helps_and_is_gone_costs_what_the_table_says(tmp_path: Path):
    other = changed(tmp_path, 'embuilder.py', r'\bpredefined_tasks\b', 'named_groups')
    ran = other('build', '--targets', 'libone')
    assert ran.code == 0, ran.err
    warning = 'has no embuilder.main.predefined_tasks, which emroot uses; without it, groups such as MINIMAL'
    assert warning in ran.err
    assert warning not in other('build', '--targets', 'crt1').err
    assert other('build', '--targets', 'MINIMAL').code == 4


def test_a_name_that_has_another_in_its_stead_is_not_missed(tmp_path: Path):
    other = changed(tmp_path, 'tools/system_libs.py', r'\bcreate_lib_emar\(out, objects\):', 'emar(action, out, objects):')
    text = (other.sdk / 'tools/system_libs.py').read_text(encoding='utf-8')
    text = text.replace('def emar(', 'def _emar(').replace('create_lib_emar(out,', "building.emar('cr', out,")
    text += '\n\nfrom . import building\nbuilding.emar = _emar\n'
    (other.sdk / 'tools/system_libs.py').write_text(text, encoding='utf-8')
    ran = other('build', '--targets', 'libone')
    assert ran.code == 0 and 'has no' not in ran.err, ran.err


def test_doctor_has_the_state_of_each_name(fake: Emroot, tmp_path: Path):
    ran = fake('doctor', '--json')
    states = {seam['name']: seam['state'] for seam in ran.json['seams']}
    assert states.keys() == BY_PATH.keys()
    assert {name for name, state in states.items() if state == 'missing'} == set()
    assert states['tools.building.emar'] == 'other version' and states['tools.system_libs.create_lib_emar'] == 'present'
    assert 'names of its own modules that emroot uses' in fake('doctor').out


def test_doctor_names_what_is_gone(tmp_path: Path):
    other = changed(tmp_path, 'tools/building.py', r'\blink_lld\b', 'run_lld')
    ran = other('doctor', '--json')
    assert [seam['name'] for seam in ran.json['seams'] if seam['state'] == 'missing'] == ['tools.building.link_lld']
    [finding] = [finding for finding in ran.json['findings'] if 'link_lld' in finding['what']]
    assert not finding['ok'] and finding['exit_code'] == 3 and finding['hint']
    assert 'the order of the libraries of a link is unknown' in finding['what']
