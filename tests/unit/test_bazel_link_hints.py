"""What an action that lacks libraries or ports says: all of them, and what helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from emroot.bazel.sdk_layout import is_for_cache, path_in_cache
from emroot.bazel.toolchain.compile_action import with_ports
from emroot.bazel.toolchain.link_action import by_path
from emroot.bazel.toolchain.link_hints import advice, port_options

GIVEN = ('sysroot/lib/wasm32-emscripten/libc-debug.a', 'sysroot/lib/wasm32-emscripten/libnoexit.a')


def needs(*targets: str, directory: str = 'wasm32-emscripten', ports: Sequence[str] = ()) -> Mapping[str, Any]:
    """An answer of emcc's (`resolve_program.py`)."""
    prefix = f'sysroot/lib/{directory}'
    return {'directory': prefix, 'libraries': [[t, f'{prefix}/{t}.a'] for t in targets], 'ports': list(ports),
            'port_files': [f'{prefix}/{port}.a' for port in ports], 'unfetched': []}


def said(wanted: Mapping[str, Any], *options: str, given: Sequence[str] = GIVEN) -> str:
    found = advice(wanted, given, options)
    assert found
    assert found.startswith('emroot: ')
    return found


def test_one_message_names_every_library() -> None:
    text = said(needs('libc', 'libnoexit', 'libstubs', 'libemmalloc-memvalidate'), '-sMALLOC=emmalloc-memvalidate')
    assert ('  hint: add to MODULE.bazel: emscripten_deps.cache(features = ["wasm32"], '
            'targets = ["auto", "libc", "libstubs", "libemmalloc-memvalidate"])\n') in text
    assert 'linkopts' not in text, 'an option that nobody understands helps nowhere'


@pytest.mark.parametrize('options', [['-O3'], ['-s', 'ASSERTIONS=0'], ['-sMALLOC=emmalloc'], ['--bind']])
def test_options_of_one_target_are_told_where_they_count(options: list[str]) -> None:
    first = next(line for line in said(needs('libc'), *options).splitlines() if 'hint' in line)
    assert first.startswith(f'  hint: give {"".join(options)} to wasm_cc_binary')


@pytest.mark.parametrize(('option', 'feature'), [
    ('-pthread', 'use_pthreads'), ('-sUSE_PTHREADS=1', 'use_pthreads'), ('-sWASM_WORKERS=1', 'wasm_workers'),
    ('-fsanitize=address', 'wasm_asan'), ('-fwasm-exceptions', 'wasm_exceptions'),
])
def test_what_compiles_need_too_is_a_feature(option: str, feature: str) -> None:
    hints = [line for line in said(needs('libc-mt'), '-O2', option).splitlines() if 'hint' in line]
    assert hints[0] == f'  hint: --features={feature}'
    assert 'emscripten_deps.cache' in hints[1]


@pytest.mark.parametrize(('directory', 'hints'), [
    ('wasm32-emscripten/lto', ['lto = "full"']),
    ('wasm64-emscripten', ['arch = "wasm64"']),
    ('wasm64-emscripten/thinlto-pic', ['arch = "wasm64"', '--features=thin_lto', 'dynamic = "main"']),
])
def test_a_link_of_another_mode_is_told_how_to_choose_it(directory: str, hints: list[str]) -> None:
    text = said(needs('libc', 'libnoexit', directory=directory))
    assert all(hint in text for hint in hints)
    assert text.count('hint:') == len(hints)
    assert 'emscripten_deps.cache' not in text, 'libraries of another mode do not reach this link'


def test_a_mode_that_options_leave() -> None:
    text = said(needs('libc'), '-fno-lto', given=['sysroot/lib/wasm32-emscripten/lto/libc.a'])
    assert 'of mode wasm32, and its libraries were chosen for mode wasm32-lto' in text
    assert 'hint: remove the option' in text


def test_ports_are_named_and_are_something_to_depend_on() -> None:
    text = said(needs('libnoexit', ports=['zlib', 'libpng']))
    assert 'the ports zlib, libpng' in text
    assert 'emscripten_deps.cache(features = ["wasm32"], targets = ["auto", "zlib", "libpng"])' in text
    assert 'deps = ["@emscripten_cache//ports:zlib", "@emscripten_cache//ports:libpng"]' in text


def test_a_link_that_makes_its_libraries_is_told_of_ports_alone_and_of_its_mode() -> None:
    both = advice(needs('libemmalloc', ports=['zlib']), GIVEN, [], makes=True)
    assert both and 'libemmalloc' not in both and both.count('emroot: ') == 1
    other = advice(needs('libc', directory='wasm32-emscripten/lto', ports=['zlib']), GIVEN, [], makes=True)
    assert other and 'lto = "full"' in other and 'features = ["wasm32", "lto"], targets = ["auto", "zlib"]' in other


def test_other_failures_are_none_of_its_business() -> None:
    assert advice({}, GIVEN, []) is None
    assert advice(needs('libnoexit'), GIVEN, []) is None
    assert advice(needs('libnoexit', ports=['zlib']), [*GIVEN, 'sysroot/lib/wasm32-emscripten/zlib.a'], []) is None


def test_options_that_bring_ports_in() -> None:
    words = ['-sUSE_ZLIB', '-s', 'USE_SDL=2', '-sUSE_PTHREADS=1', '--use-port=libpng', '-sUSE_BZIP2=0', '-O2', 'USE_X.c',
             '--use-port', 'bzip2', '-lSDL2_mixer']
    assert port_options(words) == ['-sUSE_ZLIB', '-sUSE_SDL=2', '--use-port=libpng', '--use-port=bzip2', '-lSDL2_mixer']


def test_a_compile_finds_its_ports_where_emcc_looks(tmp_path: Path) -> None:
    headers, port = tmp_path / 'headers', tmp_path / 'zlib/emroot-cache'
    for file in (headers / 'sysroot/include/stdio.h', port / 'sysroot/include/zlib.h', port / 'ports/zlib/.emscripten_url'):
        file.parent.mkdir(parents=True)
        file.write_text(file.name, encoding='utf-8')
    assert with_ports(tmp_path / 'unused', headers, ['-isystem', 'include']) == headers
    cache = with_ports(tmp_path / 'scratch', headers, ['-isystem', f'{port}/sysroot/include', '-c'])
    assert sorted(p.relative_to(cache).as_posix() for p in cache.rglob('*') if p.is_file()) == [
        'ports/zlib/.emscripten_url', 'sysroot/include/stdio.h', 'sysroot/include/zlib.h', 'sysroot_install.stamp']


def test_libraries_of_a_dynamic_link_are_found_by_name(tmp_path: Path) -> None:
    name = 'emroot-cache@sysroot@lib@wasm32-emscripten@crt1.o'
    (tmp_path / f'lib{name}.so').touch()
    [user, library] = by_path([f'-L{tmp_path}', '-lother', f'-l{name}'])[1:]
    assert user == '-lother'
    assert is_for_cache(library)
    assert path_in_cache(library) == 'sysroot/lib/wasm32-emscripten/crt1.o'
