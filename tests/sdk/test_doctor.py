"""`emroot doctor`: what is wrong, what fixes it, and what a message of emcc means."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from support.freestanding import STACK
from support.running import Emroot, plain_environment

from emroot.sdk import Sdk

SMALL = f'int answer(void) {{ return 42; }}\n{STACK}'
LIB = 'sysroot/lib/wasm32-emscripten/libnoexit.a'


@pytest.fixture
def cache(shared: Emroot, tmp_path: Path) -> Path:
    """A cache directory with one library."""
    shared.build('libnoexit', cache=tmp_path / 'cache')
    return tmp_path / 'cache'


def _wrong(emroot: Emroot, cache: Path, code: int, env: dict[str, str] | None = None) -> tuple[str, str]:
    """The one thing that is wrong, and what fixes it."""
    ran = emroot('doctor', '--json', '--cache', cache, env=env)
    wrong = [(finding['what'], finding['hint']) for finding in ran.json['findings'] if not finding['ok']]
    assert ran.code == code
    assert len(wrong) == 1, wrong
    return wrong[0]


def test_a_set_up_without_fault_is_exit_code_0(shared: Emroot, sdk: Sdk, cache: Path):
    ran = shared('doctor', '--cache', cache)
    assert ran.code == 0, ran.out
    assert f'ok    Emscripten {sdk.version} at {sdk.root}' in ran.out and 'WRONG' not in ran.out
    assert f'cache directory {cache}: 1 files, all unchanged' in ran.out


def test_no_sdk_is_exit_code_3(tmp_path: Path):
    ran = Emroot(tmp_path / 'home')('doctor', env={'PATH': '/nowhere'})
    assert ran.code == 3
    assert 'no Emscripten SDK found' in ran.out and 'emroot sdk install' in ran.out


def test_a_wiped_cache_directory(shared: Emroot, cache: Path):
    shutil.rmtree(cache / 'sysroot')
    what, hint = _wrong(shared, cache, 6)
    assert 'was erased or changed' in what and 'headers' in what and LIB in what
    assert 'emroot build' in hint


def test_a_library_that_something_else_replaced(shared: Emroot, cache: Path):
    (cache / LIB).unlink()
    (cache / LIB).write_bytes(b'!<arch>\n')
    what, _ = _wrong(shared, cache, 6)
    assert LIB in what
    shared.build('libnoexit', cache=cache)
    assert shared('doctor', '--cache', cache).code == 0


def test_a_cache_directory_that_emcc_would_erase(shared: Emroot, cache: Path):
    (cache / 'sanity.txt').write_text('3.1.5|/opt/llvm\n')
    ran = shared('doctor', '--json', '--cache', cache)
    wrong = [finding['what'] for finding in ran.json['findings'] if not finding['ok']]
    assert ran.code == 6
    assert any('emcc would erase this cache directory' in what for what in wrong)
    shared.build('libnoexit', cache=cache)
    assert shared('doctor', '--cache', cache).code == 0


def test_a_cache_directory_that_emroot_did_not_make(shared: Emroot, tmp_path: Path):
    (tmp_path / 'foreign' / 'sysroot').mkdir(parents=True)
    ran = shared('doctor', '--cache', tmp_path / 'foreign')
    assert ran.code == 0
    assert 'was not made by emroot' in ran.out


def test_a_frozen_cache_without_headers(shared: Emroot, tmp_path: Path):
    cache = tmp_path / 'frozen'
    what, hint = _wrong(shared, cache, 6, {'EM_CACHE': str(cache), 'EM_FROZEN_CACHE': '1'})
    assert 'has no headers' in what and f'--cache {cache}' in hint


def test_a_configuration_that_is_not_there(shared: Emroot, cache: Path, tmp_path: Path):
    ran = shared('doctor', '--json', '--cache', cache, env={'EM_CONFIG': str(tmp_path / 'gone.config')})
    assert ran.code == 3
    assert any('gone.config' in finding['what'] for finding in ran.json['findings'] if not finding['ok'])


def test_a_home_that_cannot_be_written(shared: Emroot, sdk_root: Path, tmp_path: Path):
    (tmp_path / 'file').write_text('')
    ran = Emroot(tmp_path / 'file' / 'home', sdk_root)('doctor')
    assert ran.code == 6
    assert f'WRONG the home {tmp_path / "file" / "home"} cannot be used' in ran.out and 'hint: ' in ran.out


def test_what_emcc_says_of_a_frozen_cache_is_turned_into_a_command_that_mends_it(shared: Emroot, sdk: Sdk, cache: Path,
                                                                                tmp_path: Path):
    """emcc's own message, from a link that misses something; then the command that doctor names, word for word."""
    (tmp_path / 'main.c').write_text(SMALL)
    link = [*sdk.python, '-B', str(sdk.root / 'emcc.py'), '-sMEMORY64', str(tmp_path / 'main.c'), '-nostdlib', '-lnoexit',
            '--no-entry', '-o', str(tmp_path / 'main.js')]
    env = plain_environment({'EM_CACHE': str(cache), 'EM_FROZEN_CACHE': '1'})
    failed = subprocess.run(link, env=env, capture_output=True, text=True, check=False)
    assert failed.returncode != 0
    log = tmp_path / 'log'
    log.write_text(failed.stderr)
    with log.open() as stdin:
        remedies = shared('doctor', '--json', stdin=stdin).json['remedies']
    assert [(r['missing'], r['target']) for r in remedies] == [('sysroot/lib/wasm64-emscripten/libnoexit.a', 'wasm64/libnoexit')]
    assert remedies[0]['bazel'] == 'emscripten_deps.cache(features = ["wasm64"], targets = ["libnoexit"])'
    program, *arguments = remedies[0]['command'].split()
    assert program == 'emroot'
    assert shared(*arguments, '--cache', cache).code == 0
    assert subprocess.run(link, env=env, check=False).returncode == 0


@pytest.mark.parametrize(('message', 'target'), [
    ('cache file is missing: "sysroot/lib/wasm32-emscripten/thinlto-pic/libal.a"', 'wasm32-thinlto-pic/libal'),
    ('cache file is missing: "sysroot\\lib\\wasm64-emscripten\\lto\\crt1.o"', 'wasm64-lto/crt1'),
    ('cache:INFO: generating system library: sysroot/lib/wasm32-emscripten/libembind.a... (this', 'wasm32/libembind'),
    ('cache file is missing: "sysroot/lib/wasm32-emscripten/libz.a"', 'wasm32/zlib'),
    ('cache file is missing: "sysroot/lib/wasm64-emscripten/libpng.a"', 'wasm64/libpng'),
    ('wasm-ld: error: unable to find library -lembind', 'wasm32/libembind'),
    ('cache:INFO: generating port: sysroot/lib/wasm32-emscripten/pic/libSDL2.a... (this will be cached', 'wasm32-pic/sdl2'),
    ("main.c:1:10: fatal error: 'SDL2/SDL_mixer.h' file not found", 'wasm32/sdl2_mixer'),
])
def test_a_message_names_the_target_of_its_mode(shared: Emroot, message: str, target: str):
    remedies = shared('doctor', '--json', '--message', message).json['remedies']
    assert [r['target'] for r in remedies] == [target]
    mode, _, name = target.partition('/')
    assert remedies[0]['command'] == f'emroot build --features {mode.replace("-", ",")} --targets {name}'


def test_a_log_with_nothing_in_it_says_so(shared: Emroot):
    ran = shared('doctor', '--message', 'ninja: build stopped: subcommand failed.')
    assert (ran.code, ran.out) == (0, 'no message about a file that is missing in emcc\'s cache\n')


def test_variables_that_lead_elsewhere_are_mentioned(shared: Emroot, cache: Path, tmp_path: Path):
    ran = shared('doctor', '--cache', cache, env={'EM_CACHE': str(tmp_path / 'other'), 'EMCC_CFLAGS': '-sMEMORY64'})
    assert ran.code == 0
    assert f'EM_CACHE is {tmp_path / "other"}' in ran.out and 'EMCC_CFLAGS is set' in ran.out
