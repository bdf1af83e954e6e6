"""Links that make libraries by themselves: what they are given, what they say, and where they keep it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from emroot.bazel.source_archives import pack, unpack
from emroot.bazel.toolchain import missing_libraries, source_package
from emroot.bazel.toolchain.action import Action
from emroot.bazel.toolchain.link_action import shared
from emroot.bazel.toolchain.link_hints import share

PACKAGE = Path(missing_libraries.__file__).parents[2]


def test_links_have_all_archives_and_what_the_sdk_is_as_one(tmp_path: Path) -> None:
    """With the package's modules compiled; the same in each process: it does not depend on how Python orders sets."""
    (tmp_path / 'identity.json').write_text('{"a": 1}', encoding='utf-8')
    pack({'sdk/emscripten/system/lib/a.c': b'int a;'}, tmp_path / 'system-lib.zip')
    modules = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob('*.py'))}
    pack({f'package/emroot/{name}': path for name, path in modules.items()}, tmp_path / 'package.zip')
    for seed in ('1', '2'):
        command = [sys.executable, '-B', source_package.__file__, seed, 'identity.json', 'system-lib.zip', 'package.zip']
        subprocess.run(command, cwd=tmp_path, env={**os.environ, 'PYTHONHASHSEED': seed}, check=True)
    assert (tmp_path / '1').read_bytes() == (tmp_path / '2').read_bytes()
    unpack(tmp_path / '1', tmp_path / 'to')
    assert (tmp_path / 'to/identity.json').read_text(encoding='utf-8') == '{"a": 1}'
    assert (tmp_path / 'to/sdk/emscripten/system/lib/a.c').read_text(encoding='utf-8') == 'int a;'
    top = tmp_path / 'to/package/emroot'
    assert len([*top.rglob('*.pyc')]) == len(modules)
    (top / 'hashing.py').write_text('broken', encoding='utf-8')  # so that only what is compiled can be imported
    program = 'import emroot.hashing as module; print(module.__cached__, module.digest_bytes(b""))'
    done = subprocess.run([sys.executable, '-E', '-c', program], cwd=top.parent, capture_output=True, text=True, check=True)
    assert str(top) in done.stdout and hashlib.sha256().hexdigest() in done.stdout


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
