"""What compiles make that share a run of the front end is what each makes of its own: with real compilers."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.overlay import overlay
from support.running import Emroot, cannot_run, plain_environment
from support.snapshots import archives, damage

from emroot.engine.execution import bitcode
from emroot.engine.execution.forkserver import ForkServers
from emroot.engine.execution.pool import Pool
from emroot.engine.execution.shared_front_end import SharedFrontEnd, SharedModule
from emroot.engine.execution.zygote import find_zygote
from emroot.libraries.catalogue import Catalogue
from emroot.modes import Mode
from emroot.sdk import Sdk

pytestmark = pytest.mark.skipif(sys.platform != 'linux', reason='there are no fork servers elsewhere')

SHARED = 'compiles that differ in nothing but -flto share a run of the front end'
KINDS = ((), ('-flto',), ('-flto=thin',))
PROGRAMS = Path(__file__).parent / 'programs' / 'shared_front_end'
SOURCES = sorted(path.name for path in PROGRAMS.iterdir())
FLAGS = {
    'optimised': ('--target=wasm32-unknown-emscripten', '-O2', '-g', '-fwasm-exceptions'),
    'debug': ('--target=wasm64-unknown-emscripten', '-O1', '-g', '-fPIC', '-fwasm-exceptions'),
    'threads': ('--target=wasm32-unknown-emscripten', '-Oz', '-g', '-pthread', '-msimd128', '-fexceptions'),
    'small': ('--target=wasm64-unknown-emscripten', '-Os', '-gline-tables-only', '-fno-inline', '-fignore-exceptions'),
}
ENV = plain_environment({})


@contextlib.contextmanager
def _sharing(sdk: Sdk, directory: Path) -> Iterator[SharedFrontEnd]:
    """Compiles that share runs of a front end, in `directory`."""
    preload = find_zygote(sdk.tools, directory / 'programs', ENV)
    if not preload or not preload.wait():
        cannot_run('no compiler of this SDK can be preloaded')
    with contextlib.closing(preload), contextlib.closing(ForkServers(Pool(1), preload)) as servers:
        (directory / 'scratch').mkdir()
        yield SharedFrontEnd(servers, ENV, 'tried here', programs=directory / 'programs', scratch=directory / 'scratch',
                             verdicts=directory / 'verdicts.json', note=lambda _: None)


@pytest.mark.parametrize('flags', FLAGS)
def test_the_bytes_are_those_of_compiles_of_their_own(sdk: Sdk, flags: str, tmp_path: Path):
    _compare(sdk, flags, tmp_path)


@pytest.mark.parametrize('flags', FLAGS)
def test_the_bytes_of_a_static_compiler_are_those_of_compiles_of_their_own(static_sdk: Sdk, flags: str, tmp_path: Path):
    _compare(static_sdk, flags, tmp_path)


def _compare(sdk: Sdk, flags: str, directory: Path) -> None:
    shutil.copytree(PROGRAMS, directory, dirs_exist_ok=True)
    with _sharing(sdk, directory) as shared:
        made, expected = _shared(sdk, shared, flags, directory), _alone(sdk, flags, directory)
    assert [name for name, content in expected.items() if made[name] != content] == []
    assert [*(directory / 'scratch').glob('*.bc')] == [directory / 'scratch' / 'shared.bc'], 'the others are removed after use'


def _shared(sdk: Sdk, shared: SharedFrontEnd, flags: str, directory: Path) -> dict[str, bytes]:
    made = {}
    for name in SOURCES:
        module = SharedModule(len(KINDS))
        for kind in KINDS:
            command = [*_command(sdk, name, flags, kind), '-MD', '-MF', f'{name}.d']
            done = shared.compile([str(directory / word) if word == 'out.o' else word for word in command], directory, module)
            assert done and done.code == 0, (name, kind)
            made[f'{name} {kind}'] = (directory / 'out.o').read_bytes()
            module.end_compile()
        assert module.works and module.ran
        assert name in (directory / f'{name}.d').read_text()
    return made


def _alone(sdk: Sdk, flags: str, directory: Path) -> dict[str, bytes]:
    made = {}
    for name in SOURCES:
        for kind in KINDS:
            subprocess.run(_command(sdk, name, flags, kind), cwd=directory, check=True, env=ENV)
            made[f'{name} {kind}'] = (directory / 'out.o').read_bytes()
    return made


def _command(sdk: Sdk, name: str, flags: str, kind: tuple[str, ...]) -> list[str]:
    language = [word for word in FLAGS[flags] if name.endswith('.cpp') or 'exceptions' not in word]
    own = ['-ffile-prefix-map=' + os.sep + 'nothing=/', '-w']
    return [str(sdk.tools['clang++' if name.endswith('.cpp') else 'clang']), *language, *own, *kind, '-c', name, '-o', 'out.o']


#: Changes bytes of a file and of its end at random, and has them edited. Says how many were understood, and how many refused.
DAMAGING = r'''
#include <stdio.h>
#include <stdlib.h>
#include "bitcode.c"
static long (*const edits[])(const uint8_t *, size_t, uint8_t *, struct Moved *, size_t) = {
    list_names, remove_types, remove_local_names};
static uint32_t seed = 1;
static uint32_t chance(uint32_t below) { return (seed = seed * 1664525 + 1013904223) / 65536 % below; }
int main(int count, char **words) {
    FILE *file = fopen(words[count - 1], "rb");
    static uint8_t whole[1 << 20];
    size_t size = fread(whole, 1, sizeof whole, file);
    int done[2] = {0, 0};
    for (int turn = 0; turn < 4000; turn++) {
        size_t length = turn % 5 ? size : size - 4 * chance(size / 4);
        uint8_t *in = malloc(length), *out = malloc(length + 64);
        struct Moved *moved = malloc(64 * sizeof *moved);
        memcpy(in, whole, length);
        for (uint32_t i = turn ? chance(4) + 1 : 0; i; i--)
            in[chance(length)] = (uint8_t)chance(256);
        long edited = edits[turn % 3](in, length, out, moved, 64);
        if (edited > (long)length + 64)
            return 1;
        for (long i = 0; i < edited; i++)
            seed += out[i];
        done[edited < 0]++;
        free(in), free(out), free(moved);
    }
    printf("%d %d\n", done[0], done[1]);
}
'''


@pytest.mark.parametrize('kind', KINDS)
def test_damaged_files_are_read_and_edited_within_bounds(static_sdk: Sdk, kind: tuple[str, ...], tmp_path: Path):
    shutil.copytree(PROGRAMS, tmp_path, dirs_exist_ok=True)
    kind = (*kind, *(['-Xclang', '-disable-llvm-passes', '-fno-discard-value-names'] if kind else []))
    command = _command(static_sdk, 'classes.cpp', 'optimised', kind)
    subprocess.run(command, cwd=tmp_path, check=True, env=ENV)
    (tmp_path / 'damaging.c').write_text(DAMAGING)
    build = ['cc', '-O1', '-g', f'-I{Path(bitcode.__file__).parent}', 'damaging.c', '-o', 'damaging']
    checked = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all']
    if subprocess.run([*build, *checked], cwd=tmp_path, capture_output=True, check=False).returncode:
        subprocess.run(build, cwd=tmp_path, check=True)  # a C compiler without sanitizers
    ran = subprocess.run([tmp_path / 'damaging', 'out.o'], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    understood, refused = map(int, ran.stdout.split())
    assert understood > 100 and refused > 100


def test_names_and_types_are_removed_once(static_sdk: Sdk, tmp_path: Path):
    shutil.copytree(PROGRAMS, tmp_path, dirs_exist_ok=True)
    command = _command(static_sdk, 'classes.cpp', 'optimised', ('-flto=thin', '-fno-discard-value-names'))
    subprocess.run(command, cwd=tmp_path, check=True, env=ENV)
    editor, content = bitcode.BitcodeEditor(tmp_path / 'programs'), (tmp_path / 'out.o').read_bytes()
    nameless = editor.remove_local_names(content)
    assert nameless and len(nameless) < len(content)
    assert editor.remove_local_names(nameless) == nameless
    assert editor.remove_local_names(content + b'1234') is None and editor.remove_types(content[4:]) is None


NUMBERED = '''const char *of(int); int one(int);
int twice(int a, int *b) {
    int x, y;
    switch (a) {
    case 0: x = 3, y = 9; break;
    case 1: x = 17, y = 4; break;
    case 2: x = 5, y = 80; break;
    case 3: x = 8, y = 1; break;
    default: return one(a);
    }
    *b = x;
    return y;
}
const char *text(int a) { return a ? of("one"[0]) : "other"; }
'''


@pytest.mark.parametrize(('flags', 'source', 'count'), [
    ((), NUMBERED, 0), ((), 'int a;', 3), (('-fsanitize=address',), 'int a;', 0), (('-g0',), 'int a;', 0),
    (('-O0',), 'int a;', 0)])
def test_where_the_bytes_may_differ_nothing_is_shared(sdk: Sdk, flags: tuple[str, ...], source: str, count: int, tmp_path: Path):
    (tmp_path / 'a.c').write_text(source)
    with _sharing(sdk, tmp_path) as shared:
        module, out = SharedModule(3), str(tmp_path / 'a.o')
        done = [shared.compile([*_command(sdk, 'a.c', 'optimised', (*flags, *kind))[:-1], out], tmp_path, module)
                for kind in KINDS]
    assert sum(map(bool, done)) == count


def test_a_source_with_an_error_fails_as_ever_in_all_modes(sdk_root: Path, catalogue: Catalogue, tmp_path: Path):
    """The others of its library share a front end, are kept, and are those of a build without."""
    sources = [member.source for member in catalogue.recipes(Mode(), ['libhtml5'])['libhtml5'].members]
    broken = sources[1].removeprefix('../../../').removeprefix('{sdk}/')
    root = overlay(sdk_root, tmp_path / 'emscripten', {broken: 'int fine;\nthis does not compile;\n'})
    emroot, cache = Emroot(tmp_path / 'home', root), tmp_path / 'cache'
    ran = emroot('build', '--targets', 'libhtml5,libal,libembind-rtti,libnoexit', '-j', '2', '--cache', cache,
                 '--features', 'wasm32', '--features', 'lto', '--features', 'thinlto')
    assert ran.code == 5
    assert ran.err.count('cannot build wasm32/libhtml5, wasm32-lto/libhtml5, wasm32-thinlto/libhtml5:') == 1
    assert ran.err.count('this does not compile') >= 1
    assert damage(emroot.home, cache) == []


@pytest.mark.slow
def test_archives_of_three_modes_are_those_of_builds_of_their_own(sdk_root: Path, tmp_path: Path):
    _compare_archives(sdk_root, tmp_path)


@pytest.mark.slow
def test_archives_of_a_static_compiler_are_those_of_builds_of_their_own(static_sdk: Sdk, tmp_path: Path):
    _compare_archives(static_sdk.root, tmp_path)


def _compare_archives(root: Path, directory: Path) -> None:
    targets, found = ['--targets', 'libc++abi,libprintf_long_double', '-j', '2'], {}
    for features in ('wasm32', 'lto', 'thinlto'):
        ran = Emroot(directory / 'own', root)('build', *targets, '--features', features, '--cache', directory / 'own cache')
        assert ran.code == 0, ran.err
    emroot = Emroot(directory / 'home', root)
    ran = emroot('build', *targets, '--features', 'wasm32', '--features', 'lto', '--features', 'thinlto',
                 '--cache', directory / 'cache')
    assert ran.code == 0, ran.err
    assert SHARED in max((emroot.home / 'logs').iterdir()).read_text()
    found = archives(directory / 'cache')
    assert found == archives(directory / 'own cache') and len(found) == 6
    assert damage(emroot.home, directory / 'cache') == []
    assert not [*(emroot.home / 'store' / 'tmp').rglob('*.bc')]
