"""What compiles are said to read: all that `#include` lines can reach, and headers as links to what they were copied from."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from emroot.bazel.repositories.compile_inputs import IncludeScanner, Numbers
from emroot.bazel.repositories.sdk_repository import lay_out_headers
from emroot.libraries.catalogue import Member
from emroot.sdk import Sdk

OWN = 'llvm/lib/clang/21/include'
WHERE = '../../..'


def write(files: dict[str, str], top: Path) -> None:
    """Text files below a directory."""
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text, encoding='utf-8')


@pytest.fixture
def includes(tmp_path: Path) -> IncludeScanner:
    """Those of a small SDK."""
    write({
        'sdk/system/lib/a/a.c': '#include "near.h"\n# include <stdint.h>\n#if __has_include(<asked.h>)\n#endif\n',
        'sdk/system/lib/a/order.c': '#include <shared.h>\n#include <first.h>\n#include <asked.h>\n',
        'sdk/system/lib/a/near.h': '#include <shared.h>\n',
        'sdk/system/lib/a/text.s': '  .incbin "blob.bin"\n',
        'sdk/system/lib/a/blob.bin': '',
        'sdk/system/lib/inc/shared.h': '#ifdef NEVER\n#include <stddef.h>\n#endif\n#include MACRO\n',
        'sdk/system/lib/inc/unused.h': '',
        'sdk/system/lib/inc/first.h': '#include_next <first.h>\n',
        'sdk/system/lib/later/first.h': '',
        'sdk/system/lib/later/shared.h': '',
        'cache/sysroot/include/shared.h': '',
        'cache/sysroot/include/stdint.h': '',
        'cache/sysroot/include/asked.h': '',
        'cache/sysroot/include/compat/stdint.h': '#include_next <stdint.h>\n',
        'cache/sysroot/include/c++/v1/stdint.h': '#include <__config>\n',
        'cache/sysroot/include/c++/v1/__config': '',
        'clang/21/include/stdint.h': '#include_next <stdint.h>\n',
        'clang/21/include/stddef.h': '',
    }, tmp_path)
    sdk = SimpleNamespace(root=tmp_path / 'sdk', resource_dir=tmp_path / 'clang/21')
    return IncludeScanner(cast(Sdk, sdk), tmp_path / 'cache')


def member(compiler: str, source: str, *more: str) -> Member:
    """A compile as recipes have it."""
    return Member(name='a.o', source=f'{WHERE}/system/lib/a/{source}', argv=(compiler, f'-I{WHERE}/system/lib/inc', *more))


ALWAYS = ('emscripten/system/lib/a/a.c', 'emscripten/system/lib/a/near.h', 'emscripten/system/lib/inc/shared.h',
          'headers/sysroot/include/asked.h', 'headers/sysroot/include/compat/stdint.h', 'headers/sysroot/include/stdint.h',
          f'{OWN}/stddef.h', f'{OWN}/stdint.h')
CPP = ('headers/sysroot/include/c++/v1/__config', 'headers/sysroot/include/c++/v1/stdint.h')


@pytest.mark.parametrize(('compiler', 'more', 'cpp'), [('clang', (), ()), ('clang++', (), CPP), ('clang', ('-xc++',), CPP)])
def test_a_closure_has_all_that_may_be_read(includes: IncludeScanner, compiler: str, more: tuple[str, ...],
                                            cpp: tuple[str, ...]) -> None:
    """Whatever the conditions are and whichever directory comes first; C++'s headers for C++ alone."""
    assert includes.closure(member(compiler, 'a.c', *more)) == tuple(sorted([*ALWAYS, *cpp]))


def test_of_the_directories_of_a_command_line_the_first_that_has_a_file_counts(includes: IncludeScanner) -> None:
    """So those of musl's sources go before its installed headers; but for `#include_next`."""
    found = includes.closure(member('clang', 'order.c', f'-I{WHERE}/system/lib/later', '-I{cache}/sysroot/include'))
    assert found == ('emscripten/system/lib/a/order.c', 'emscripten/system/lib/inc/first.h',
                     'emscripten/system/lib/inc/shared.h', 'emscripten/system/lib/later/first.h',
                     'headers/sysroot/include/asked.h', f'{OWN}/stddef.h')


def test_assembly_has_what_it_takes_in(includes: IncludeScanner) -> None:
    assert includes.closure(member('clang', 'text.s')) == ('emscripten/system/lib/a/blob.bin',
                                                           'emscripten/system/lib/a/text.s')


def test_sets_are_written_once() -> None:
    numbers = Numbers()
    assert [numbers.of(files) for files in (['a', 'b'], ['b'], ['a', 'b'], [])] == [0, 1, 0, 2]
    assert list(numbers.files) == ['a', 'b']
    assert list(numbers.sets) == [(0, 1), (1,), ()]


@pytest.mark.skipif(os.name == 'nt', reason='links need a privilege there; headers are copied')
def test_headers_are_links_to_what_they_were_copied_from(tmp_path: Path) -> None:
    """So that a change in the SDK is seen. Of several equal files, to the one whose place is most alike; what the SDK made is
    copied."""
    write({
        'sdk/system/include/AL/al.h': 'same',
        'sdk/system/lib/other/al.h': 'same',
        'sdk/system/lib/libcxx/include/version': 'of C++',
        'installed/sysroot/include/AL/al.h': 'same',
        'installed/sysroot/include/c++/v1/version': 'of C++',
        'installed/sysroot/include/emscripten/version.h': 'made',
    }, tmp_path)
    (tmp_path / 'sdk/system/version.h').write_text('another', encoding='utf-8')
    out = tmp_path / 'headers'
    lay_out_headers(tmp_path / 'installed', tmp_path / 'sdk', out)

    files = {p.relative_to(out).as_posix(): p for p in out.rglob('*') if p.is_file()}
    assert {name: path.read_text(encoding='utf-8') for name, path in files.items()} == {
        'sysroot/include/AL/al.h': 'same', 'sysroot/include/c++/v1/version': 'of C++',
        'sysroot/include/emscripten/version.h': 'made'}
    assert files['sysroot/include/AL/al.h'].readlink() == tmp_path / 'sdk/system/include/AL/al.h'
    assert files['sysroot/include/c++/v1/version'].readlink() == tmp_path / 'sdk/system/lib/libcxx/include/version'
    assert not files['sysroot/include/emscripten/version.h'].is_symlink()
