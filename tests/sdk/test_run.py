"""`emroot run`: every emcc below it links with what it needs, however it was started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.freestanding import STACK
from support.overlay import overlay
from support.running import Emroot, cannot_run

from emroot.sdk import Sdk

#: A link that needs two small libraries, and nothing else.
SMALL_LINK = ('-nostdlib', '-lnoexit', '-lsockets', '--no-entry', '-sEXPORTED_FUNCTIONS=_answer')
BROKEN = 'system/lib/libc/atexit_dummy.c'
SMALL_FILES = ('libnoexit.a', 'libsockets.a')
SMALL = f'int answer(void) {{ return 42; }}\n{STACK}'


def _inside(emroot: Emroot, cache: Path, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a command under `emroot run`."""
    printing = [sys.executable, '-c', 'import json, os; print(json.dumps(dict(os.environ)))']
    ran = emroot('run', '--lazy=off', '--cache', cache, '--', *printing, env=env)
    assert ran.code == 0, ran.err
    return dict(ran.json)


def _emcc(sdk: Sdk, *arguments: object) -> list[str]:
    return [*sdk.python, '-B', str(sdk.root / 'emcc.py'), *map(str, arguments)]


def _small_link(sdk: Sdk, source: Path, out: Path, *more: str) -> list[str]:
    source.write_text(SMALL, encoding='utf-8')
    return _emcc(sdk, *more, source, *SMALL_LINK, '-o', out)


def test_an_emcc_started_by_its_path_gets_what_it_misses_at_once(seen: Emroot, sdk: Sdk, tmp_path: Path):
    """As CMake starts it, in a directory with spaces and letters of other alphabets."""
    directory = tmp_path / 'a location with späces и буквы'
    directory.mkdir()
    env = _inside(seen, directory / 'the cache')
    done = subprocess.run(_small_link(sdk, directory / 'mäin.c', directory / 'öut.js', '-sMEMORY64'), env=env, cwd=directory,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 'generating system library' not in done.stderr  # what emcc says when it builds one itself
    library = directory / 'the cache' / 'sysroot' / 'lib' / 'wasm64-emscripten'
    assert all((library / name).is_file() for name in SMALL_FILES)
    assert len(list((seen.home / 'logs').iterdir())) >= 1


@pytest.mark.slow
def test_two_links_that_miss_the_same_libraries_both_get_them(seen: Emroot, sdk: Sdk, tmp_path: Path):
    env = _inside(seen, tmp_path / 'cache')
    links = [subprocess.Popen(_small_link(sdk, tmp_path / f'{n}.c', tmp_path / f'{n}.js', '-sMEMORY64'), env=env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for n in range(4)]
    said = [link.communicate(timeout=600)[0] for link in links]
    assert [link.returncode for link in links] == [0, 0, 0, 0], said
    assert 'generating system library' not in ''.join(said)


@pytest.mark.parametrize(('lazy', 'asked'), [('exact', '-Wl,--version'), ('off', '-Wl,--fatal-warnings,--version'),
                                             ('off', '-Xlinker --help'), ('exact', '-###'), ('off', '@options')])
def test_what_only_asks_the_linker_has_nothing_built(lazy: str, asked: str, seen: Emroot, sdk: Sdk, tmp_path: Path):
    """Meson asks so which linker there is, libtool what it can do, CMake what it would be told."""
    (tmp_path / 'main.c').write_text(SMALL)
    (tmp_path / 'options').write_text('-Wl,--version')
    source = [tmp_path / 'main.c'] if asked == '-###' else []
    ran = seen('run', f'--lazy={lazy}', '--cache', tmp_path / 'cache', '--', *_emcc(sdk, '-sMEMORY64', *source, *asked.split()),
               cwd=tmp_path)
    assert '--help' in asked or ran.code == 0  # which emcc itself takes for its own, or looks for a program after
    assert ('wasm-ld' if asked == '-###' else 'LLD' if '--version' in asked or '@' in asked else '') in ran.out + ran.err
    assert 'cannot build' not in ran.err and 'unable to find' not in ran.err
    assert not [path for path in (tmp_path / 'cache').rglob('*') if path.suffix in ('.a', '.o')]


@pytest.mark.slow
def test_a_makefile_that_starts_another_build_is_served_too(seen: Emroot, sdk_root: Path, tmp_path: Path):
    if not shutil.which('make'):
        cannot_run('there is no make')
    below = tmp_path / 'a library'
    below.mkdir()
    for name in 'abcd':
        (below / f'{name}.c').write_text(SMALL)
    flags = ' '.join(SMALL_LINK)
    (below / 'Makefile').write_text(f'all: a.js b.js c.js d.js\n%.js: %.c\n\temcc -sMEMORY64 $< {flags} -o $@\n')
    emroot = ' '.join(f"'{word}'" for word in seen.command('run', '--cache', tmp_path / 'cache', '--'))
    (tmp_path / 'Makefile').write_text(f"all:\n\t{emroot} $(MAKE) -C 'a library'\n")
    ran = seen('run', '--cache', tmp_path / 'cache', '--', 'make', '-j4', '-C', tmp_path)
    assert ran.code == 0, ran.err
    assert all((below / f'{name}.wasm').is_file() for name in 'abcd')


def test_when_emroot_cannot_build_a_library_emcc_says_why_in_its_own_words(sdk: Sdk, tmp_path: Path):
    root = overlay(sdk.root, tmp_path / 'emscripten', {BROKEN: '#error this was broken on purpose\n',
                                                              '.emscripten': sdk.config_text})
    emroot = Emroot(tmp_path / 'home', root)
    (tmp_path / 'main.c').write_text(SMALL)
    ran = emroot('run', '--lazy=off', '--', sys.executable, '-B', root / 'emcc.py', tmp_path / 'main.c', *SMALL_LINK, '-o',
                 tmp_path / 'main.js')
    assert ran.code == 1
    assert 'emroot: cannot build wasm32/libnoexit' in ran.err
    assert ran.err.count('this was broken on purpose') >= 2  # said by emroot, and then by emcc
    assert any(': error: ' in line for line in ran.err.splitlines()[-3:])
    assert 'libnoexit' in ran.err.split('emroot: cannot build')[1]


def test_the_users_own_configuration_stays_in_force(shared: Emroot, sdk: Sdk, tmp_path: Path):
    """A compiler wrapper such as ccache is set in it, and configurations look for themselves in EM_CONFIG."""
    wrapper = tmp_path / 'wrapper'
    wrapper.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/wrapped\nexec "$@"\n')
    wrapper.chmod(0o755)
    config = tmp_path / 'my.config'
    config.write_text(f'import os\nhere = os.path.dirname(os.environ["EM_CONFIG"])\nLLVM_ROOT = {str(sdk.llvm_root)!r}\n'
                      f'BINARYEN_ROOT = {str(sdk.binaryen_root)!r}\nNODE_JS = {list(sdk.node)!r}\n'
                      'COMPILER_WRAPPER = os.path.join(here, "wrapper")\n')
    (tmp_path / 'main.c').write_text(SMALL)
    command = _emcc(sdk, '-c', tmp_path / 'main.c', '-o', tmp_path / 'main.o')
    ran = shared('run', '--', *command, env={'EM_CONFIG': str(config)})
    assert ran.code == 0, ran.err
    assert 'main.c' in (tmp_path / 'wrapped').read_text()


@pytest.mark.slow
def test_what_emroot_builds_does_not_depend_on_the_flags_of_the_project(seen: Emroot, sdk: Sdk, tmp_path: Path):
    """EMCC_CFLAGS are flags of the link, and part of what it needs; libraries are built without them."""
    env = _inside(seen, tmp_path / 'cache', env={'EMCC_CFLAGS': '-sMEMORY64 -DNDEBUG=no'})
    done = subprocess.run(_small_link(sdk, tmp_path / 'main.c', tmp_path / 'main.js'), env=env, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    built = tmp_path / 'cache' / 'sysroot' / 'lib' / 'wasm64-emscripten' / SMALL_FILES[0]
    plain = seen.build('libnoexit', features='wasm64', cache=tmp_path / 'other')['cache']
    assert built.read_bytes() == (Path(plain) / 'sysroot' / 'lib' / 'wasm64-emscripten' / SMALL_FILES[0]).read_bytes()


@pytest.mark.slow
def test_below_run_the_sdks_own_variable_says_how_many_compiles_run_at_once(seen: Emroot, sdk: Sdk, tmp_path: Path):
    env = {**_inside(seen, tmp_path / 'cache'), 'EMCC_CORES': '1'}
    done = subprocess.run(_small_link(sdk, tmp_path / 'main.c', tmp_path / 'main.js', '-sMEMORY64', '-lal'), env=env, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    log = max((seen.home / 'logs').glob('*.log'), key=lambda path: path.stat().st_mtime).read_text()
    assert 'on worker 0' in log and 'on worker 1' not in log


def test_a_link_that_misses_nothing_starts_no_build(seen: Emroot, sdk: Sdk, tmp_path: Path):
    """What it costs is a benchmark: `dev.py bench --work present-link`."""
    def logs() -> list[Path]:
        return sorted((seen.home / 'logs').rglob('*.log'))
    env, link = _inside(seen, tmp_path / 'cache'), _small_link(sdk, tmp_path / 'main.c', tmp_path / 'main.js', '-sMEMORY64')
    none = logs()
    subprocess.run(link, env=env, check=True, capture_output=True)
    built = logs()
    assert built != none
    subprocess.run(link, env=env, check=True, capture_output=True)
    assert logs() == built


@pytest.mark.skipif(os.name == 'nt', reason='Windows has no such directory')
def test_without_its_home_emcc_works_as_it_would_without_emroot(shared: Emroot, sdk: Sdk, tmp_path: Path):
    """A build directory outlives what configured it: an emroot that is gone must not break it."""
    env = _inside(shared, tmp_path / 'cache')
    config = Path(env['EM_CONFIG'])
    copy = tmp_path / 'copy.config'
    copy.write_text(config.read_text().replace("'-m', 'emroot'", "'-m', 'emroot_that_is_gone'"))
    done = subprocess.run(_small_link(sdk, tmp_path / 'main.c', tmp_path / 'main.js', '-sMEMORY64'),
                          env={**env, 'EM_CONFIG': str(copy)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
