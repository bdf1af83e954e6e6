"""SDKs, homes and projects in paths with every sign that clang, shells and lists of names have for themselves."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.overlay import overlay
from support.running import Emroot, plain_environment

#: Compiles of which some name headers in their debug information, and one that names a source.
TARGETS = ('libhtml5', 'crt1')


def _built(emroot: Emroot, cache: Path, *options: str) -> dict[str, bytes]:
    ran = emroot('build', '--targets', ','.join(TARGETS), '--cache', cache, *options)
    assert ran.code == 0, ran.err
    return {path.name: path.read_bytes() for name in ('libhtml5.a', 'crt1.o') for path in (cache / 'sysroot' / 'lib').rglob(name)}


@pytest.mark.slow
def test_where_the_home_lies_is_in_no_bytes_whatever_its_path(shared: Emroot, sdk_root: Path, tmp_path: Path):
    directory = tmp_path / "a b=c,d'é$x"
    home = Emroot(directory / 'home', sdk_root)
    right = _built(shared, tmp_path / 'right')
    assert len(right) == 2
    assert _built(home, directory / 'cache') == right
    assert _built(home, directory / 'embuilder', '--builder', 'embuilder') == right


@pytest.mark.slow
def test_embuilder_in_a_home_behind_a_link_makes_the_same_bytes(shared: Emroot, sdk_root: Path, tmp_path: Path):
    """3.1.69 resolves links in the path of its cache."""
    (tmp_path / 'real').mkdir()
    (tmp_path / 'link').symlink_to('real', target_is_directory=True)
    home = Emroot(tmp_path / 'link' / 'home', sdk_root)
    for number, features in enumerate(['wasm32', 'thinlto']):
        right = _built(shared, tmp_path / f'right{number}', '--features', features)
        assert len(right) == 2
        theirs = tmp_path / f'link/theirs{number}'
        assert _built(home, theirs, '--features', features, '--builder', 'embuilder') == right


@pytest.mark.slow
def test_bytes_of_an_sdk_whose_path_clang_cannot_map_are_for_no_other(shared: Emroot, sdk_root: Path, tmp_path: Path):
    """Clang ends what it maps at the first `=`, in embuilder's compiles as well."""
    home, odd = tmp_path / 'home', overlay(sdk_root, tmp_path / 'a=b' / 'emscripten')
    right = _built(shared, tmp_path / 'right')
    theirs = _built(Emroot(home, odd), tmp_path / 'theirs')
    assert theirs == _built(Emroot(home, odd), tmp_path / 'embuilder', '--builder', 'embuilder')
    assert theirs != right
    assert _built(Emroot(home, sdk_root), tmp_path / 'plain') == right


def test_what_env_says_survives_a_shell(seen_home: Callable[[Path], Emroot], tmp_path: Path):
    directory = tmp_path / "a b=c,d'é$x"
    said = seen_home(directory / 'home')('env', '--targets', 'crt1', '--cache', directory / 'cache').out
    script = 'eval "$1"; test -f "$EM_CACHE/sysroot_install.stamp" && emcc -c "$2" -o "$3"'
    ran = subprocess.run(['sh', '-c', script, 'sh', said, str(_source(directory)), str(directory / 'x.o')],
                         env=plain_environment(),
                         capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert (directory / 'x.o').is_file()


def _source(directory: Path) -> Path:
    (directory / 'x.c').write_text('#include <stdio.h>\nint f(void) { return puts(""); }\n')
    return directory / 'x.c'
