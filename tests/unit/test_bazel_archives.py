"""The SDK's sources and headers as a few archives: what is in them, and which of them an action needs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from emroot.bazel.libraries import cache_assembly
from emroot.bazel.repositories.sources_repository import fetch_sources
from emroot.bazel.source_archives import digest, pack, part_of, read, unpack
from emroot.host.home import Home

FILES = ('sdk/system/lib/libc/musl/src/exit/exit.c', 'sdk/system/lib/libc/crt1.c', 'sdk/system/lib/al.c',
         'sdk/system/bin/tool.py', 'sdk/system/lib/__pycache__/update.cpython-311.pyc', 'sdk/system/include/AL/al.h',
         'sdk/third_party/stb_image.h', 'sdk/third_party/terser/terser.js', 'sdk/emcc.py',
         'headers/sysroot/include/AL/al.h', 'headers/sysroot/include/c++/v1/version', 'llvm/lib/clang/21/include/stddef.h')


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    """Those of a small SDK."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, encoding='utf-8')
    return fetched(tmp_path)


def fetched(tmp_path: Path) -> Path:
    """What is packed of `sdk`, `headers` and `llvm`."""
    out = tmp_path / 'repository'
    out.mkdir(exist_ok=True)
    request = {'root': 'sdk', 'headers': 'headers', 'resource_dir': 'llvm/lib/clang/21'}
    fetch_sources({name: str(tmp_path / path) for name, path in request.items()}, out, Home(tmp_path / 'home'))
    return out


def test_each_part_of_the_sources_is_an_archive(archives: Path) -> None:
    """What Python keeps of modules that ran is in none, nor what is no source."""
    assert {path.name: [*read(path)] for path in archives.iterdir() if path.name != 'package.zip'} == {
        'system-lib-libc.zip': ['sdk/emscripten/system/lib/libc/crt1.c', 'sdk/emscripten/system/lib/libc/musl/src/exit/exit.c'],
        'system-lib.zip': ['sdk/emscripten/system/lib/al.c'],
        'system-bin.zip': ['sdk/emscripten/system/bin/tool.py'],
        'system-include.zip': ['sdk/emscripten/system/include/AL/al.h'],
        'third_party.zip': ['sdk/emscripten/third_party/stb_image.h'],
        'headers.zip': ['headers/sysroot/include/AL/al.h'],
        'headers-cpp.zip': ['headers/sysroot/include/c++/v1/version'],
        'clang.zip': ['clang/include/stddef.h']}


@pytest.mark.skipif(os.name == 'nt', reason='links need a privilege there')
def test_sources_behind_a_link_to_a_directory_are_packed(archives: Path, tmp_path: Path) -> None:
    (tmp_path / 'elsewhere').mkdir()
    (tmp_path / 'elsewhere/thread.c').touch()
    (tmp_path / 'sdk/system/lib/pthread').symlink_to(tmp_path / 'elsewhere')
    assert fetched(tmp_path) == archives
    assert [*read(archives / 'system-lib-pthread.zip')] == ['sdk/emscripten/system/lib/pthread/thread.c']


def test_what_links_run_of_emroot_is_one(archives: Path) -> None:
    """What they start is found in it; the command line is not there."""
    names = {name.removeprefix('package/emroot/') for name in read(archives / 'package.zip')}
    assert {'bazel/toolchain/lazy_link_action.py', 'probe/emcc_hook/hook.py', 'symbol_index/hints.bin',
            'engine/execution/forkserver.c', 'engine/execution/forkserver.h', 'engine/execution/child_memory.h',
            'engine/execution/static_forkserver.c',
            '__init__.py'} <= names
    assert not [name for name in names if name.startswith(('cli/', 'reporting/')) or '__pycache__' in name]


@pytest.mark.parametrize(('path', 'part'), [
    ('emscripten/system/lib/libc/musl/src/exit/exit.c', 'system-lib-libc'), ('emscripten/system/lib/al.c', 'system-lib'),
    ('emscripten/system/include/AL/al.h', 'system-include'), ('emscripten/third_party/stb_image.h', 'third_party'),
    ('headers/sysroot/include/stdio.h', 'headers'), ('headers/sysroot/include/c++/v1/version', 'headers-cpp'),
    ('llvm/lib/clang/21/include/stddef.h', 'clang')])
def test_a_file_is_known_to_be_in_the_archive_of_its_part(path: str, part: str) -> None:
    assert part_of(path) == part


def test_an_archive_depends_on_names_and_contents_alone(tmp_path: Path) -> None:
    content = {'b': b'2', 'a/c': b'1'}
    pack(content, tmp_path / 'one.zip')
    (tmp_path / 'file').write_bytes(b'1')
    pack({'a/c': tmp_path / 'file', 'b': b'2'}, tmp_path / 'other.zip')
    assert (tmp_path / 'one.zip').read_bytes() == (tmp_path / 'other.zip').read_bytes()
    before = digest(tmp_path / 'one.zip')
    pack({**content, 'b': b'3'}, tmp_path / 'one.zip')
    assert digest(tmp_path / 'one.zip') != before == digest(tmp_path / 'other.zip')


def test_what_lies_below_a_directory_is_unpacked(tmp_path: Path) -> None:
    content = {'sdk/a.c': b'int a;', 'sdk/empty.h': b'', 'sdk/deep/er/b.c': b'int b;', 'headers/c.h': b'#define C'}
    pack(content, tmp_path / 'archive.zip')
    unpack(tmp_path / 'archive.zip', tmp_path / 'all')
    unpack(tmp_path / 'archive.zip', tmp_path / 'some', 'sdk/')
    for directory, start in (('all', ''), ('some', 'sdk/')):
        found = {p.relative_to(tmp_path / directory).as_posix(): p.read_bytes() for p in (tmp_path / directory).rglob('*.*')}
        assert found == {name.removeprefix(start): data for name, data in content.items() if name.startswith(start)}


def test_a_cache_directory_has_the_headers_of_archives(archives: Path, tmp_path: Path) -> None:
    """And beside them libraries, where their paths say, and all of a directory."""
    library = tmp_path / 'bin/libal/emroot-cache/sysroot/lib/libal.a'
    library.parent.mkdir(parents=True)
    library.touch()
    port = tmp_path / 'bin/zlib/emroot-cache'
    (port / 'ports').mkdir(parents=True)
    (port / 'ports/zlib.h').touch()
    headers = [str(archives / name) for name in ('headers.zip', 'headers-cpp.zip')]
    cache_assembly.main(str(tmp_path / 'cache'), *headers, str(library), str(port))
    cache_assembly.main(str(tmp_path / 'include'), str(archives / 'clang.zip'))
    assert [path.name for path in (tmp_path / 'include').iterdir()] == ['stddef.h']
    assert {path.relative_to(tmp_path / 'cache').as_posix() for path in (tmp_path / 'cache').rglob('*') if path.is_file()} == {
        'sysroot/include/AL/al.h', 'sysroot/include/c++/v1/version', 'sysroot/lib/libal.a', 'ports/zlib.h'}
