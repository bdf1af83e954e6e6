"""Which emcc, configuration and cache directory `emroot run` serves: other SDKs, names in the environment and in options."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from run_support import compiler_wrapper, libraries_in, own_configuration, sdk_tool, tiny_link
from support.overlay import overlay
from support.running import Emroot, plain_environment

from emroot.sdk import Sdk


@pytest.fixture
def other(sdk: Sdk, tmp_path: Path) -> Path:
    """The root of another SDK, of another version."""
    return overlay(sdk.root, tmp_path / 'other', {'emscripten-version.txt': '"9.9.9"\n'})


def test_an_emcc_of_another_sdk_has_its_own_cache(seen: Emroot, other: Path, tmp_path: Path):
    cache = tmp_path / 'cache'
    seen.build('crt1', cache=cache)
    before = {path: path.stat().st_mtime_ns for path in cache.rglob('*') if path.is_file()}
    ran = seen('run', '--cache', cache, '--', *tiny_link(other, tmp_path), env={'EM_CACHE': str(cache)})
    assert ran.code == 0, ran.err
    assert {path: path.stat().st_mtime_ns for path in cache.rglob('*') if path.is_file()} == before
    assert libraries_in(other / 'cache') == ['wasm32-emscripten/libnoexit.a']
    assert 'clearing cache' not in ran.err
    assert ran.err.count(f'emroot: warning: the emcc of {other} ran without emroot') == 1
    assert f'emroot --sdk {other} run' in ran.err


@pytest.mark.slow
def test_an_emcc_of_another_sdk_has_its_own_configuration(seen: Emroot, sdk: Sdk, tmp_path: Path):
    own = f'LLVM_ROOT = {str(tmp_path / "nowhere")!r}\nBINARYEN_ROOT = "/nowhere"\nNODE_JS = "/nowhere"\n'
    other = overlay(sdk.root, tmp_path / 'other', {'.emscripten': own})
    ran = seen('run', '--cache', tmp_path / 'cache', '--', *tiny_link(other, tmp_path))
    assert ran.code == 1
    assert str(tmp_path / 'nowhere') in ran.err


@pytest.mark.slow
def test_a_run_within_a_run_serves_its_own_sdk(seen: Emroot, other: Path, tmp_path: Path):
    inner = Emroot(seen.home, other).command('run', '--cache', tmp_path / 'inner', '--', *tiny_link(other, tmp_path))
    ran = seen('run', '--cache', tmp_path / 'outer', '--', *inner)
    assert ran.code == 0, ran.err
    assert libraries_in(tmp_path / 'inner') == ['wasm32-emscripten/libnoexit.a']
    assert not (other / 'cache').exists()
    assert 'warning' not in ran.err


@pytest.mark.slow
def test_emccs_cache_option_names_where_libraries_go(seen: Emroot, sdk: Sdk, tmp_path: Path):
    """A lazy link whose libraries have indexes may need nothing of this one."""
    for lazy in ('exact', 'off'):
        mine = tmp_path / lazy
        link = tiny_link(sdk.root, tmp_path, f'--cache={mine}')
        ran = seen('run', f'--lazy={lazy}', '--cache', tmp_path / 'cache', '--', *link)
        assert ran.code == 0, ran.err
        assert 'generating system library' not in ran.err
        assert libraries_in(mine) in (['wasm32-emscripten/libnoexit.a'], [] if lazy == 'exact' else None)
        assert (mine / '.emroot').is_dir()
        assert not list((tmp_path / 'cache').rglob('*.a'))


@pytest.mark.slow
def test_a_cache_that_is_set_for_one_emcc_is_used(seen: Emroot, sdk: Sdk, tmp_path: Path):
    """As a makefile may: and without EM_CACHE, the configuration says which."""
    for given in (['EM_CACHE=' + str(tmp_path / 'cache')], ['-u', 'EM_CACHE']):
        ran = seen('run', '--lazy=off', '--cache', tmp_path / 'cache', '--', 'env', *given, *tiny_link(sdk.root, tmp_path))
        assert ran.code == 0, ran.err
        assert libraries_in(tmp_path / 'cache') == ['wasm32-emscripten/libnoexit.a']
        assert 'generating system library' not in ran.err
        shutil.rmtree(tmp_path / 'cache')


@pytest.mark.skipif(os.name == 'nt', reason='Windows has no env')
@pytest.mark.slow
def test_an_emcc_whose_environment_was_cleared_is_told_of(seen: Emroot, sdk: Sdk, tmp_path: Path):
    root = overlay(sdk.root, tmp_path / 'sdk')
    emroot = Emroot(seen.home, root)
    ran = emroot('run', '--cache', tmp_path / 'cache', '--', 'env', '-i', f'PATH={os.environ["PATH"]}',
                 *tiny_link(root, tmp_path))
    assert ran.code == 0, ran.err
    assert 'emroot: warning: an emcc ran without emroot and wrote to the cache of the SDK itself' in ran.err
    assert 'EM_CONFIG and EM_CACHE' in ran.err
    ran = emroot('run', '--cache', tmp_path / 'cache', '--', *tiny_link(root, tmp_path))
    assert (ran.code, 'warning' in ran.err) == (0, False), ran.err


#: What is said of an emcc that another configuration was named to.
ANOTHERS = 'emroot: warning: an emcc ran without emroot and '


def test_a_configuration_that_is_named_to_emcc_is_heeded_as_em_config_is(seen: Emroot, sdk: Sdk, tmp_path: Path):
    wrapper, log = compiler_wrapper(tmp_path)
    config = own_configuration(sdk, tmp_path, COMPILER_WRAPPER=str(wrapper))
    ran = seen('run', '--lazy=off', '--cache', tmp_path / 'cache', '--',
               *tiny_link(sdk.root, tmp_path, '--em-config', 'my.config'), cwd=tmp_path)
    assert (ran.code, config.name in ran.err, 'generating system library' in ran.err) == (0, False, False), ran.err
    assert 'main.c' in log.read_text() and 'atexit_dummy' in log.read_text()


@pytest.mark.skipif(os.name == 'nt', reason='Windows has no env')
@pytest.mark.parametrize('how', [pytest.param('option', marks=pytest.mark.slow), 'variable'])
def test_an_emcc_that_something_names_another_configuration_to_is_told_of(seen: Emroot, sdk: Sdk, tmp_path: Path, how: str):
    config, cache = own_configuration(sdk, tmp_path), tmp_path / 'cache'
    link = tiny_link(sdk.root, tmp_path, *(['--em-config', config] if how == 'option' else []))
    script = tmp_path / 'build.sh'
    script.write_text(' '.join([*([f'EM_CONFIG={config}'] if how == 'variable' else []), *link]))
    ran = seen('run', '--cache', cache, '--', 'sh', script)
    assert ran.code == 0, ran.err
    assert f'{ANOTHERS}built libraries itself ({cache}: libnoexit.a)' in ran.err
    assert 'EM_CONFIG=FILE emroot run' in ran.err
    assert 'warning' not in seen('-q', 'run', '--cache', cache, '--', 'sh', script).err
    ran = seen('run', '--cache', cache, '--', 'sh', script)  # what it finds it takes
    assert (ran.code, 'warning' in ran.err) == (0, False), ran.err


@pytest.mark.skipif(os.name == 'nt', reason='a shell script')
def test_no_emcc_clears_the_cache_directory(seen: Emroot, sdk: Sdk, tmp_path: Path):
    """As emcc does by itself if its compiler is another one: here the same, by another path."""
    (tmp_path / 'llvm').symlink_to(sdk.llvm_root)
    config, cache = own_configuration(sdk, tmp_path, LLVM_ROOT=str(tmp_path / 'llvm')), tmp_path / 'cache'
    script = tmp_path / 'build.sh'
    script.write_text(' '.join(tiny_link(sdk.root, tmp_path, '--em-config', config)))
    seen.build('crt1', cache=cache)
    ran = seen('run', '--cache', cache, '--', 'sh', script)
    assert ran.code == 0, ran.err
    assert f'{ANOTHERS}built libraries itself ({cache}: libnoexit.a)' in ran.err
    assert libraries_in(cache) == ['wasm32-emscripten/crt1.o', 'wasm32-emscripten/libnoexit.a']
    assert 'clearing cache' not in ran.err


@pytest.mark.parametrize('lazy', [pytest.param('exact', marks=pytest.mark.slow), 'off'])
@pytest.mark.parametrize('whose', [pytest.param("emroot's", marks=pytest.mark.slow), "emcc's"])
def test_a_link_takes_no_library_that_another_sdk_left_in_the_cache_directory(seen: Emroot, sdk: Sdk, other: Path, tmp_path: Path,
                                                                              whose: str, lazy: str):
    cache = tmp_path / 'cache'
    link = tiny_link(sdk.root, tmp_path)
    assert seen('run', '--lazy=off', '--cache', tmp_path / 'right', '--', *link).code == 0
    program = (tmp_path / 'main.wasm').read_bytes()
    if whose == "emroot's":
        Emroot(seen.home, other).build('libnoexit', cache=cache)
    else:
        env = plain_environment({'EM_CACHE': str(cache)})
        subprocess.run(sdk_tool(other, 'embuilder.py', 'build', 'libnoexit'), env=env, check=True, capture_output=True)
    (cache / 'sysroot/lib/wasm32-emscripten/libnoexit.a').write_bytes(b'made by another')
    (cache / 'ports/zlib').mkdir(parents=True)
    ran = seen('run', f'--lazy={lazy}', '--cache', cache, '--', *link)
    assert ran.code == 0, ran.err
    assert f'{cache} was the cache directory of another SDK than {sdk.root}' in ran.err
    assert (tmp_path / 'main.wasm').read_bytes() == program
    assert not (cache / 'ports/zlib').exists()
    assert 'another SDK' not in seen('run', '--cache', cache, '--', *link).err


@pytest.mark.slow
def test_a_relative_configuration_is_the_one_in_the_current_directory(seen: Emroot, sdk: Sdk, tmp_path: Path):
    """As emcc takes it; below run also in other directories."""
    wrapper, log = compiler_wrapper(tmp_path)
    config = own_configuration(sdk, tmp_path, COMPILER_WRAPPER=str(wrapper))
    (tmp_path / 'below').mkdir()
    link = shlex.join(tiny_link(sdk.root, tmp_path))
    ran = seen('run', '--lazy=off', '--cache', tmp_path / 'cache', '--', 'sh', '-c', f'cd below && {link}', cwd=tmp_path,
               env={'EM_CONFIG': config.name})
    assert ran.code == 0, ran.err
    assert 'main.c' in log.read_text() and 'atexit_dummy' in log.read_text()


@pytest.mark.skipif(os.name == 'nt', reason='a shell script')
@pytest.mark.parametrize('config', [True, False], ids=['with em-config', 'alone'])
def test_the_users_own_wrapper_of_emcc_stays_first(seen: Emroot, sdk: Sdk, tmp_path: Path, config: bool):
    for name in ('emcc', *(['em-config'] if config else [])):
        (tmp_path / name).write_text(f'#!/bin/sh\necho wrapped >&2\nexec {sdk.root / name} "$@"\n')
        (tmp_path / name).chmod(0o755)
    ran = seen('run', '--', 'sh', '-c', 'command -v emcc', env={'PATH': f'{tmp_path}{os.pathsep}{os.environ["PATH"]}'})
    assert ran.out == f'{tmp_path / "emcc"}\n'


def test_an_emcc_of_another_sdk_on_path_comes_after(seen: Emroot, sdk: Sdk, other: Path):
    path = os.pathsep.join([str(other), str(sdk.root), os.environ['PATH']])
    ran = seen('run', '--', 'sh', '-c', 'command -v emcc', env={'PATH': path})
    assert ran.out == f'{sdk.root / "emcc"}\n'


def test_settings_that_do_not_hold_are_said(seen: Emroot, tmp_path: Path):
    mine = tmp_path / 'mine'
    env = {'EM_CACHE': str(mine), 'EM_FROZEN_CACHE': '1'}
    ran = seen('run', '--cache', tmp_path / 'cache', '--', 'true', env=env)
    assert f'emroot: note: EM_CACHE={mine} is ignored for this command, which uses {tmp_path / "cache"}' in ran.err
    assert 'emroot: note: EM_FROZEN_CACHE is ignored' in ran.err
    assert 'note' not in seen('run', '--cache', mine, '--', 'true', env={'EM_CACHE': str(mine)}).err
    assert 'note' not in seen('-q', 'run', '--cache', tmp_path / 'cache', '--', 'true', env=env).err
