"""What is remembered of an SDK and decides on bytes: damaged, it is asked again, and never believed."""

from __future__ import annotations

import marshal
import math
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.running import Emroot
from support.snapshots import archives

from emroot.hashing import is_file_with
from emroot.host.bytecode import note_bytecode, prepare_bytecode
from emroot.host.checked_json import read_checked_json, write_checked_json
from emroot.probe import PROGRAM, is_of_half_a_module

TARGETS = ('libone', 'libcxx', 'libasm')


def _built(emroot: Emroot, cache: Path) -> dict[str, str]:
    """What a build makes of nothing but what is remembered of the SDK."""
    emroot.build(*TARGETS, cache=cache)
    return archives(cache)


def _memos(emroot: Emroot, pattern: str) -> list[Path]:
    found = sorted(emroot.home.glob(f'memo/{pattern}'))
    assert found, pattern
    return found


def test_a_recipe_with_another_flag_is_not_compiled(fake: Emroot, other: Emroot, tmp_path: Path):
    right = _built(fake, tmp_path / 'right')
    other('list', '--json')
    _built(other, tmp_path / 'first')
    for path in _memos(other, 'probe/*/*/wasm32/lib*.json'):
        said = path.read_bytes()
        path.write_bytes(said.replace(b'"-g"', b'"-O3"'))
        assert said != path.read_bytes()
    for path in _memos(other, 'probe/*/*/keys/*.json'):
        path.unlink()
    assert _built(other, tmp_path / 'second') == right


@pytest.mark.parametrize('pattern', ['probe/*/*/wasm32/lib*.json', 'probe/*/*/keys/*.json', 'sdk/*.json'])
def test_a_fact_that_is_none_is_asked_again(fake: Emroot, tmp_path: Path, pattern: str):
    right = _built(fake, tmp_path / 'right')
    fake.build(*TARGETS, features='wasm64')
    paths = _memos(fake, pattern)
    contents = [path.read_bytes() for path in paths]
    damages = [[content[:-1] for content in contents], contents[1:] + contents[:1], [b'{}' for _ in contents],
               [content.replace(b'a', b'b', 1) for content in contents]]
    for number, damaged in enumerate(damages):
        for path, content in zip(paths, damaged, strict=True):
            path.write_bytes(content)
        assert _built(fake, tmp_path / str(number)) == right


def test_bytecode_that_says_something_else_is_compiled_again(fake: Emroot, tmp_path: Path):
    right = _built(fake, tmp_path / 'right')
    changed = 0
    for path in _memos(fake, 'probe/*/*/bytecode/**/system_libs*.pyc'):
        said = path.read_bytes()
        changed += said.count(b'-Os')
        path.unlink()  # it is a link
        path.write_bytes(said.replace(b'-Os', b'-O3'))
    assert changed
    for path in [*_memos(fake, 'probe/*/*/wasm32/*.json'), *_memos(fake, 'probe/*/*/keys/*.json')]:
        path.unlink()
    assert _built(fake, tmp_path / 'again') == right


def test_the_library_of_python_itself_is_not_compiled_again(fake: Emroot, tmp_path: Path):
    """It has its own compiled modules; all of what the SDK imports of it takes a quarter of a second."""
    _built(fake, tmp_path / 'cache')
    compiled = {path.name.partition('.')[0] for path in _memos(fake, 'probe/*/*/bytecode/**/*.pyc')}
    assert {'system_libs', 'libraries', 'seams'} <= compiled
    assert compiled - {'__init__'} <= {path.stem for top in (PROGRAM.parent, fake.sdk) if top for path in top.rglob('*.py')}
    assert not compiled & {'subprocess', 'shutil', 'tempfile', 'logging'}


def test_a_module_that_ends_too_early_is_told_whatever_it_lacks():
    """A disk that was full leaves any part of one."""
    source = 'import os\ndef f(a: int = 2 ** 70, *, b=1.5, c=2j) -> bytes:\n    return b"a" + {"k": (a, None, ...)}["k"]\n'
    whole = marshal.dumps(compile(source, 'name', 'exec'))
    for size in range(len(whole)):
        with pytest.raises((EOFError, ValueError, TypeError)) as caught:
            marshal.loads(whole[:size])  # noqa: S302  # our own
        assert is_of_half_a_module(f'{caught.type.__name__}: {caught.value}'), size


@pytest.mark.skipif(os.name == 'nt', reason='Windows has no time of change that cannot be set')
@pytest.mark.parametrize('settled', [True, False])
def test_bytecode_that_was_not_touched_since_it_was_noted_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                      settled: bool):
    monkeypatch.setattr('emroot.host.bytecode.SETTLED', -math.inf if settled else math.inf)
    read: list[str] = []
    monkeypatch.setattr('emroot.host.bytecode.is_file_with', lambda path, digest: read.append(Path(path).name) or
                        is_file_with(path, digest))
    directory = tmp_path / 'memo/bytecode'
    assert prepare_bytecode(directory) == {}
    kept, moved, changed = (directory / name for name in ('kept.pyc', 'below/moved.pyc', 'changed.pyc'))
    for path in (kept, moved, changed, directory / 'unknown.txt'):
        path.parent.mkdir(exist_ok=True)
        path.write_text(path.name)
    note_bytecode(directory, {})
    shutil.copy2(moved, tmp_path / 'aside')
    os.replace(tmp_path / 'aside', moved)
    before = changed.stat()
    while changed.stat().st_ctime_ns == before.st_ctime_ns:  # file systems' clocks tick a few hundred times a second
        changed.write_text('CHANGED.pyc')
        os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert prepare_bytecode(directory).keys() == {'kept.pyc', 'below/moved.pyc'}
    assert sorted(read) == ['changed.pyc', *([] if settled else ['kept.pyc']), 'moved.pyc']
    assert sorted(path.name for path in directory.rglob('*.*')) == ['kept.pyc', 'moved.pyc']
    read.clear()
    assert prepare_bytecode(directory).keys() == {'kept.pyc', 'below/moved.pyc'}
    assert sorted(read) == ([] if settled else ['kept.pyc', 'moved.pyc'])


@given(st.dictionaries(st.text(), st.integers() | st.text()), st.data())
def test_no_byte_of_a_fact_can_change_unnoticed(tmp_path_factory: pytest.TempPathFactory, answer: dict[str, object],
                                                data: st.DataObject):
    path = tmp_path_factory.mktemp('home') / 'memo' / 'x.json'
    write_checked_json(path, answer)
    assert read_checked_json(path) == answer
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    assert read_checked_json(path) is None


def test_a_fact_belongs_to_its_name_wherever_the_home_lies(tmp_path: Path):
    write_checked_json(tmp_path / 'one/memo/sdk/a.json', {'answer': 1})
    for name, found in (('moved/memo/sdk/a.json', {'answer': 1}), ('one/memo/sdk/b.json', None), ('one/memo/probe/a.json', None)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((tmp_path / 'one/memo/sdk/a.json').read_bytes())
        assert read_checked_json(tmp_path / name) == found
