"""Links that make libraries by themselves: what they are given, what they say, and where they keep it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from emroot.bazel.toolchain import missing_libraries, source_package
from emroot.bazel.toolchain.action import Action
from emroot.bazel.toolchain.link_action import shared
from emroot.bazel.toolchain.link_hints import share

PACKAGE = Path(missing_libraries.__file__).parents[2]


def pack(top: Path, out: str, files: dict[str, str], order: int = 1) -> Path:
    """An archive of sources, of files by path below a directory."""
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')
    listed = sorted(str(top / name) for name in files if name.startswith(('repo/', 'src/')))[::order]
    (top / 'list').write_text('\n'.join(listed) + '\n', encoding='utf-8')
    source_package.main(str(top / out), str(top / 'repo/sdk.json'), str(top / 'identity.json'), str(top / 'installed'),
                        str(top / 'src/emroot'), f'@{top / "list"}')
    return top / out


FILES = {'repo/emscripten/system/lib/a.c': 'int a;', 'repo/sdk.json': '{}', 'src/emroot/__init__.py': '',
         'identity.json': '{"a": 1}', 'installed/sysroot/include/stdio.h': '#define X', 'elsewhere': 'not listed'}


def test_sources_are_packed_and_unpacked_whatever_the_order(tmp_path: Path) -> None:
    one, other = pack(tmp_path, 'one.zip', FILES), pack(tmp_path, 'other.zip', FILES, -1)
    assert one.read_bytes() == other.read_bytes()
    source_package.unpack(str(one), tmp_path / 'to')
    assert {path.relative_to(tmp_path / 'to').as_posix(): path.read_text(encoding='utf-8')
            for path in (tmp_path / 'to').rglob('*') if path.is_file() and path.suffix != '.pyc'} == {
        'sdk/emscripten/system/lib/a.c': 'int a;', 'sdk/sdk.json': '{}', 'package/emroot/__init__.py': '',
        'identity.json': '{"a": 1}', 'headers/sysroot/include/stdio.h': '#define X'}


def test_modules_are_packed_compiled_and_are_the_same_in_each_process(tmp_path: Path) -> None:
    """What links have as their input does not depend on how Python orders sets."""
    listed = [str(path) for path in sorted(PACKAGE.rglob('*.py'))]
    (tmp_path / 'list').write_text('\n'.join(listed), encoding='utf-8')
    for name in ('about', 'identity'):
        (tmp_path / name).touch()
    for seed in ('1', '2'):
        command = [sys.executable, '-B', source_package.__file__, seed, 'about', 'identity', 'headers', str(PACKAGE), '@list']
        subprocess.run(command, cwd=tmp_path, env={**os.environ, 'PYTHONHASHSEED': seed}, check=True)
    assert (tmp_path / '1').read_bytes() == (tmp_path / '2').read_bytes()
    source_package.unpack(str(tmp_path / '1'), tmp_path / 'to')
    top = tmp_path / 'to/package/emroot'
    assert len([*top.rglob('*.pyc')]) == len(listed)
    (top / 'hashing.py').write_text('broken', encoding='utf-8')  # so that only what is compiled can be imported
    program = 'import emroot.hashing as module; print(module.__cached__, module.digest_bytes(b""))'
    done = subprocess.run([sys.executable, '-E', '-c', program], cwd=top.parent, capture_output=True, text=True, check=True)
    assert str(top) in done.stdout and hashlib.sha256().hexdigest() in done.stdout


def test_an_archive_is_known_by_what_it_holds(tmp_path: Path) -> None:
    before = source_package.digest(str(pack(tmp_path, 'one.zip', FILES)))
    assert source_package.digest(str(pack(tmp_path, 'two.zip', FILES))) == before
    assert source_package.digest(str(pack(tmp_path, 'two.zip', {**FILES, 'repo/emscripten/system/lib/a.c': 'int b;'}))) != before


def action(tmp_path: Path, notes: list[dict[str, object]]) -> Action:
    """A link that noted something."""
    (tmp_path / 'sdk.json').write_text('{"tools": {}}', encoding='utf-8')
    (tmp_path / 'made.json').write_text(''.join(json.dumps(note) + '\n' for note in notes), encoding='utf-8')
    return Action.of(str(tmp_path), 'sdk.json', 'headers', 'clang/include', '-', scratch=tmp_path)


def test_one_line_tells_what_was_made_and_what_shares_it(tmp_path: Path) -> None:
    notes = [{'why': 'no index'}, {'missing': ['wasm64-lto/libc', 'wasm64-lto/libal'], 'compiled': 3},
             {'missing': ['wasm64-lto/libc'], 'compiled': 4}]
    said = missing_libraries.tell(action(tmp_path, list(notes)), []).decode()
    assert said == ('emroot: this link compiled 7 objects of libraries of mode wasm64-lto by itself; to have them made once for '
                    'all links, add to MODULE.bazel: emscripten_deps.cache(features = ["wasm64", "lto"], '
                    'targets = ["auto", "libc", "libal"])\n')


def test_a_declaration_of_another_mode_is_not_advised(tmp_path: Path) -> None:
    notes: list[dict[str, object]] = [{'missing': ['wasm64-lto/libc'], 'compiled': 1}]
    said = missing_libraries.tell(action(tmp_path, notes), ['sysroot/lib/wasm64-emscripten/libc.a']).decode()
    assert 'say the mode to Bazel: `lto = "full"` of wasm_cc_binary, or --features=lto\n' in said
    assert 'MODULE.bazel' not in said
    assert 'remove the option' in share('sysroot/lib/wasm32-emscripten', ['libc'], 'sysroot/lib/wasm32-emscripten/lto')


def test_nothing_is_said_if_nothing_was_made(tmp_path: Path) -> None:
    assert missing_libraries.tell(action(tmp_path, [{'why': 'no index'}]), []) == b''


@pytest.mark.skipif(os.name == 'nt', reason='permissions of POSIX')
def test_what_calls_share_lies_where_nobody_else_can_write(tmp_path: Path) -> None:
    own = tmp_path / 'own'
    assert missing_libraries._private(own) == own
    assert own.stat().st_mode & 0o777 == 0o700
    theirs = tmp_path / 'theirs'
    theirs.mkdir()
    theirs.chmod(0o777)
    assert missing_libraries._private(theirs) is None
    (tmp_path / 'link').symlink_to(own)
    assert missing_libraries._private(tmp_path / 'link') is None


@pytest.mark.parametrize(('known', 'words', 'wanted'), [
    (True, ['a.o', '--oformat=js'], ['-shared', 'a.o', '-sFAKE_DYLIBS']),
    (True, ['a.o', '-sSIDE_MODULE=2'], ['-shared', 'a.o', '-sSIDE_MODULE=2']),
    (False, ['a.o'], ['-shared', 'a.o']),
])
def test_a_shared_library_is_linked_into_programs(tmp_path: Path, known: bool, words: list[str], wanted: list[str]) -> None:
    (tmp_path / 'src').mkdir()
    (tmp_path / 'src/settings.js').write_text('var FAKE_DYLIBS = false;' if known else '', encoding='utf-8')
    assert shared(words, tmp_path) == wanted
