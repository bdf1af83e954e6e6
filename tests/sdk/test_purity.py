"""What comes out depends on the SDK and the request, and on nothing around them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.running import Emroot
from support.snapshots import archives

Built = Callable[[tuple[str, ...]], Path]


@pytest.fixture
def expected(built: Built, small: list[str]) -> dict[str, str]:
    return archives(built(tuple(small)))


@pytest.fixture
def poisoned_headers(tmp_path: Path) -> str:
    """A directory whose `stdio.h` does not compile."""
    directory = tmp_path / 'poison'
    directory.mkdir()
    for name in ('stdio.h', 'stdlib.h', 'stddef.h', 'emscripten.h', 'string.h'):
        (directory / name).write_text('#error "a header from the environment was used"\n')
    return str(directory)


def test_variables_of_compilers_change_nothing(fresh: Emroot, small: list[str], expected: dict[str, str], poisoned_headers: str):
    flags = '-O0 -g3 -DNDEBUG=2 -march=nothing -fno-such-flag'
    env = {**dict.fromkeys(('CFLAGS', 'CXXFLAGS', 'CPPFLAGS', 'LDFLAGS', 'EMCC_CFLAGS', 'EMMAKEN_CFLAGS'), flags),
           **dict.fromkeys(('CPATH', 'C_INCLUDE_PATH', 'CPLUS_INCLUDE_PATH', 'OBJC_INCLUDE_PATH'), poisoned_headers),
           'CCC_OVERRIDE_OPTIONS': '+-O0', 'SOURCE_DATE_EPOCH': '1', 'COMPILER_PATH': poisoned_headers,
           'LIBRARY_PATH': poisoned_headers, 'CC': 'false', 'CXX': 'false', 'AR': 'false', 'ZERO_AR_DATE': '0'}
    assert archives(Path(fresh.build(*small, env=env)['cache'])) == expected


@pytest.mark.slow
def test_variables_of_emcc_change_nothing(fresh: Emroot, small: list[str], expected: dict[str, str], tmp_path: Path):
    env = {'EM_CACHE': str(tmp_path / 'nowhere'), 'EM_FROZEN_CACHE': '1', 'EMCC_DEBUG': '1', 'EMCC_FORCE_STDLIBS': '1',
           'EMCC_ONLY_FORCED_STDLIBS': '1', 'EMCC_USE_NINJA': '1', 'EMCC_BATCH_BUILD': '0', 'EMCC_STRICT': '1',
           '_EMCC_CCACHE': '1', 'EM_FORCE_RESPONSE_FILES': '1'}
    assert archives(Path(fresh.build(*small, env=env)['cache'])) == expected
    assert not (tmp_path / 'nowhere').exists()


@pytest.mark.slow
def test_the_user_the_time_zone_and_the_place_change_nothing(fresh: Emroot, small: list[str], expected: dict[str, str],
                                                            tmp_path: Path):
    elsewhere = tmp_path / 'else where'
    elsewhere.mkdir()
    (elsewhere / '.emscripten').write_text('raise Exception("a configuration of somebody else")\n')
    env = {'TZ': 'Asia/Kathmandu', 'LANG': 'tr_TR.UTF-8', 'LC_ALL': 'C', 'HOME': str(elsewhere), 'TMPDIR': str(elsewhere),
           'PWD': '/', 'PYTHONHASHSEED': '7', 'PYTHONPATH': os.pathsep.join([str(elsewhere), *sys.path]), 'PYTHONOPTIMIZE': '2'}
    with_umask = fresh.build(*small, env=env, cwd=elsewhere, umask=0o077)
    assert archives(Path(with_umask['cache'])) == expected


@pytest.mark.slow
def test_programs_on_path_change_nothing(fresh: Emroot, small: list[str], expected: dict[str, str], tmp_path: Path):
    for name in ('clang', 'clang++', 'llvm-ar', 'ar', 'python3', 'node', 'wasm-ld'):
        (tmp_path / name).write_text('#!/bin/sh\necho a program on PATH was used >&2; exit 9\n')
        (tmp_path / name).chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ['PATH']])
    assert archives(Path(fresh.build(*small, env={'PATH': path})['cache'])) == expected


@pytest.mark.slow
@pytest.mark.parametrize('jobs', [1, 7])
def test_the_number_of_processes_changes_nothing(seen: Emroot, small: list[str], expected: dict[str, str], jobs: int):
    assert archives(Path(seen.build(*small, jobs=jobs)['cache'])) == expected


@pytest.mark.slow
def test_the_order_of_the_request_changes_nothing(seen: Emroot, small: list[str], expected: dict[str, str], tmp_path: Path):
    for target in reversed(small):
        seen.build(target, cache=tmp_path / 'cache')
    assert archives(tmp_path / 'cache') == expected


@pytest.mark.slow
def test_the_place_of_home_and_cache_directory_changes_nothing(sdk_root: Path, small: list[str], expected: dict[str, str],
                                                              tmp_path: Path):
    odd = Emroot(tmp_path / 'hömé with space\'s & $dollar', sdk_root)
    odd.build(*small, cache=tmp_path / 'cäche "quoted" 日本')
    assert archives(tmp_path / 'cäche "quoted" 日本') == expected
    deep = tmp_path.joinpath(*['deep'] * 20)
    assert archives(Path(Emroot(deep, sdk_root).build(*small)['cache'])) == expected


def test_an_sdk_reached_through_a_link_is_the_same(sdk_root: Path, small: list[str], expected: dict[str, str], tmp_path: Path):
    top = sdk_root.parents[2]  # with its LLVM, which its configuration may name from where it lies
    (tmp_path / 'link').symlink_to(top)
    linked = Emroot(tmp_path / 'home', tmp_path / 'link' / sdk_root.relative_to(top))
    assert archives(Path(linked.build(*small)['cache'])) == expected
