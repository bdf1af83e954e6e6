"""Third-party projects, built as the how-to pages say: every command of theirs is run here, word for word."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.documents import DOCS, follow, reader
from support.downloads.debian_packages import ProgramUnavailable
from support.downloads.rust import ensure_rust, offline_home
from support.downloads.sources import SourceUnavailable, copy_source
from support.running import cannot_run

from emroot.host.home import Home
from emroot.sdk import Sdk

HOW_TO = DOCS / 'how-to'
#: A location that a careless script would trip over.
PLACE = 'a location with späces'

#: What the pages say of older releases: the LLVM of 3.1.69 cannot link every C program with ThinLTO (wasm-ld: "attempt to
#: add bitcode file after LTO", with plain emcc as well), and its programs do not start Node by themselves.
BEFORE_4 = {
    ' -flto=thin': '', ", '-flto=thin'": '', '"-Clink-arg=-flto=thin", ': '', '"-flto=thin ': '"',
    'make -j2 check': 'make -j2 && for t in bitwise framing; do '
                      'emroot run -- make -C src test_$t && "$(emroot sdk node)" src/test_$t || exit 1; done',
    'make -j2 CC': 'make -j2 bzip2 CC',
    '-sALLOW_MEMORY_GROWTH"': '-sALLOW_MEMORY_GROWTH" && cp sample1.ref s && '
                              '"$(emroot sdk node)" bzip2 -1 s && cmp s.bz2 *1.bz2 && echo ok.',
}

pytestmark = pytest.mark.slow


def _get(package: str, directory: Path) -> Path:
    """The sources that a page works on."""
    try:
        if package != 'ports':
            return copy_source(package, directory)
        for port, name in (('zlib', 'zlib'), ('libpng', 'libpng1.6')):
            copy_source(name, directory / 'sources' / port)
        return directory
    except SourceUnavailable as error:
        cannot_run(str(error))
        raise


@pytest.fixture
def followed(sdk: Sdk, tmp_path: Path) -> Callable[..., str]:
    """Follows a page with a home, and returns what its commands said."""
    if sdk.node_version < (24,):
        cannot_run(f'wasm64 programs need Node 24, the SDK has {sdk.node_version}')
    if not shutil.which('bash'):
        cannot_run('there is no bash')

    def run(page: str, home: Path, more: Mapping[str, str] | None = None) -> str:
        env = reader(tmp_path / 'reader', home, sdk.root)
        env |= {name: value + env['PATH'] if name == 'PATH' else value for name, value in (more or {}).items()}
        return follow(HOW_TO / page, tmp_path / PLACE, env, _get,
                      BEFORE_4 if sdk.version < '4' and page in ('cargo.md', 'cmake.md', 'make.md', 'meson.md') else None)
    return run


def _needs(*modules: str) -> None:
    """Build tools that are packages of Python's index are among the development dependencies."""
    if missing := [name for name in modules if not importlib.util.find_spec(name) and not shutil.which(name)]:
        cannot_run(f'there is no {", ".join(missing)}: {sys.executable} -m pip install -e ".[dev]"')


def test_a_cmake_project_is_built_and_tested_with_a_store_that_has_nothing(followed: Callable[..., str], tmp_path: Path):
    _needs('cmake', 'ninja')
    said = followed('cmake.md', tmp_path / 'an empty höme')
    assert '100% tests passed, 0 tests failed out of 2' in said or '100% tests passed out of 2' in said


def test_a_cmake_project_is_built_and_tested(followed: Callable[..., str], shared_home: Home):
    _needs('cmake', 'ninja')
    said = followed('cmake.md', shared_home.root)
    assert '100% tests passed' in said


def test_autotools_and_make_projects_are_built_and_tested(followed: Callable[..., str], shared_home: Home):
    if not shutil.which('make'):
        cannot_run('there is no make: install your system\'s (make on Debian)')
    said = followed('make.md', shared_home.root)
    assert 'checking size of long... 8' in said and 'ok.' in said


def test_a_meson_project_is_built_and_tested(followed: Callable[..., str], shared_home: Home):
    _needs('mesonbuild', 'ninja')
    said = followed('meson.md', shared_home.root)
    assert 'Ok:                1' in said


def test_a_cargo_project_is_built_and_run(sdk: Sdk, followed: Callable[..., str], shared_home: Home, tmp_path: Path):
    """The page's Rust is a nightly's; here it is a stable one that is told to be it, and crates come from Debian."""
    try:
        rust = ensure_rust()
    except ProgramUnavailable as error:
        cannot_run(str(error))
    env = offline_home(tmp_path / 'cargo') | {'PATH': f'{rust}{os.pathsep}'}
    said = followed('cargo.md', shared_home.root, env)
    assert '"": -1\n"system libraries in any mode": 9\n' in said and 'a panic was caught: true\n' in said


def test_ports_from_directories_work_frozen(followed: Callable[..., str], shared_home: Home):
    said = followed('ports.md', shared_home.root)
    assert 'deflated and inflated in 64 bits, zlib 1.3' in said and 'no libpng' not in said


def test_what_a_project_says_is_built_and_used(followed: Callable[..., str], shared_home: Home):
    said = followed('ci.md', shared_home.root)
    assert 'pointers of 64 bits' in said
    assert 'emroot build --features wasm64,pic --targets libal' in said


def test_what_was_built_is_shipped(followed: Callable[..., str], shared_home: Home):
    said = followed('ship.md', shared_home.root)
    assert '"archive_in_base": 2' in said and 'key=emroot-' in said


def test_finished_libraries_are_carried_to_where_no_network_is(followed: Callable[..., str], shared_home: Home):
    assert 'no network was asked' in followed('air-gapped.md', shared_home.root)


def test_the_tutorial_leads_to_a_program(followed: Callable[..., str], shared_home: Home):
    said = followed('../tutorial.md', shared_home.root)
    assert 'Emscripten: 10 bytes, and pointers of 64 bits' in said and '0 objects compiled' in said


def test_what_was_built_is_shared(followed: Callable[..., str], shared_home: Home, sdk: Sdk):
    said = followed('share.md', shared_home.root, {'PATH': f'{sdk.root}{os.pathsep}'})  # a plain emcc
    assert 'http_archive_url = "https://files.example/crt1.tar.xz"' in said and 'emroot-' in said
    assert 'linked with what others built' in said


def test_a_report_is_written_and_read(followed: Callable[..., str], shared_home: Home):
    said = followed('report.md', shared_home.root)
    assert 'report.html' in said and "'wasm64-lto': " in said


def test_what_is_offered_can_be_asked_for(followed: Callable[..., str], shared_home: Home):
    assert 'libc-mt-debug' in followed('shell.md', shared_home.root)
