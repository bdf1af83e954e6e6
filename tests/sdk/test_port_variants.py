"""Ports whose library depends on settings: the one that the link will ask for is built, once, whichever way it is asked for."""

from __future__ import annotations

import hashlib
import io
import shlex
import subprocess
import tarfile
from pathlib import Path

import pytest
from support.freestanding import STACK, TEMPRET
from support.own_ports import own_port
from support.running import Emroot, plain_environment

from emroot.libraries.catalogue import Catalogue
from emroot.libraries.resolution import resolve
from emroot.modes import Mode
from emroot.project.names import split_names
from emroot.project.selection import Selection
from emroot.sdk import Sdk

LIBRARIES = 'sysroot/lib/wasm32-emscripten'


def _emcc(sdk: Sdk, *words: object) -> list[str]:
    return [*sdk.python, '-E', '-B', str(sdk.root / 'emcc.py'), *map(str, words)]


def _frozen(sdk: Sdk, cache: Path, command: list[str], directory: Path) -> subprocess.CompletedProcess[str]:
    """What comes of an emcc that may build nothing."""
    env = plain_environment({'EM_CACHE': str(cache), 'EM_FROZEN_CACHE': '1'})
    return subprocess.run(command, env=env, cwd=directory, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(('link', 'name', 'file'), [
    ('-sUSE_SDL=2 -sUSE_SDL_MIXER=2 -pthread', 'sdl2_mixer:PTHREADS=1', 'libSDL2_mixer-ogg-mt.a'),
    ('-sUSE_SDL_IMAGE=2 -sSDL2_IMAGE_FORMATS=png,jpg', 'sdl2_image:SDL2_IMAGE_FORMATS=png,jpg', 'libSDL2_image-jpg-png.a'),
    ('--use-port=sdl2_image:formats=png -pthread', 'sdl2_image:formats=png:PTHREADS=1', 'libSDL2_image-png-mt.a'),
    ('--use-port=sdl2_image:formats=png --use-port=sdl2_image:formats=jpg', 'sdl2_image:formats=png,jpg',
     'libSDL2_image-jpg-png.a'),
    ('-sUSE_SDL_MIXER=2 -sSDL2_MIXER_FORMATS=mid,mp3 -sMALLOC=mimalloc -pthread',
     'sdl2_mixer:SDL2_MIXER_FORMATS=mid,mp3:PTHREADS=1', 'libSDL2_mixer-mid-mp3-mt.a'),
])
def test_a_port_has_a_name_that_stands_for_the_file_that_the_link_wants(link: str, name: str, file: str, catalogue: Catalogue,
                                                                         sdk: Sdk, tmp_path: Path):
    if "'-mt'" not in (sdk.root / 'tools/ports/sdl2_mixer.py').read_text():
        pytest.skip(f'the files of these ports are the same with threads in {sdk.version}')
    found = resolve(catalogue, ['emcc', *link.split(), 'main.o'], cwd=tmp_path)
    assert found.ports[-1] == name
    assert f'{LIBRARIES}/{file}' in found.files


def test_names_of_ports_may_stand_among_others(catalogue: Catalogue):
    names = ['zlib', 'sdl2_image:formats=jpg,png', 'libc', 'sdl2_mixer:SDL2_MIXER_FORMATS=ogg,mid,mp3:PTHREADS=1',
             'wasm32/libnoexit', 'sdl2_image:formats=png,jpg', 'crt*']
    selection = Selection(catalogue)
    selection.add(features=['wasm64'], targets=split_names([','.join(names)]))
    selected = selection.selected()
    assert selected[Mode(arch='wasm64')][:4] == names[:4]
    assert selected[Mode(arch='wasm64')][4] == names[5]
    assert selected[Mode()] == ['libnoexit']


@pytest.mark.parametrize('list_of', ['sdl2_mixer:formats=', 'wasm64/sdl2_mixer:formats=', 'sdl2_mixer:SDL2_MIXER_FORMATS='])
def test_what_a_ports_option_takes_for_a_value_is_one_though_a_port_is_called_so(list_of: str, catalogue: Catalogue):
    if 'OPTIONS' not in (catalogue.sdk.root / 'tools/ports/sdl2_mixer.py').read_text() and ':formats' in list_of:
        pytest.skip(f'this port takes no options in {catalogue.sdk.version}')
    selection = Selection(catalogue)
    selection.add(targets=split_names([f'{list_of}mp3,ogg,vorbis,zlib,ogg']))
    selected, *_ = selection.selected().values()
    assert selected[0] == f'{list_of.rpartition("/")[2]}mp3,ogg'


@pytest.mark.parametrize(('settings', 'flags', 'file'), [
    (('PTHREADS',), ['-pthread'], 'libown-pthreads.a'),
    pytest.param(('SHARED_MEMORY',), ['-pthread'], 'libown-shared_memory.a', marks=pytest.mark.slow),
    pytest.param(('ASSERTIONS',), ['-O2'], 'libown.a', marks=pytest.mark.slow),  # which emcc allows in links alone
])
def test_a_port_of_ones_own_is_built_as_the_settings_want_it(settings: tuple[str, ...], flags: list[str], file: str, seen: Emroot,
                                                             sdk: Sdk, tmp_path: Path):
    port = own_port(tmp_path, settings=settings)
    with_port = _emcc(sdk, f'--use-port={port.file}', *flags)
    command = [*with_port, '-c', 'main.c', '-o', 'main.o']
    if settings == ('ASSERTIONS',):
        command = [*with_port, 'plain.o', '-nostdlib', '--no-entry', '-sEXPORTED_FUNCTIONS=_answer', '-o', 'main.wasm']
        (tmp_path / 'plain.c').write_text(
            f'{STACK}{TEMPRET}void _initialize(void) {{}}\nint own(void);\nint answer(void) {{ return own(); }}\n')
    built = seen('build', '--ports-from', port.mirror, '--cache', tmp_path / 'built', '--for',
                 f'emcc --use-port={port.file} {" ".join(flags)} -nostdlib')
    assert built.code == 0, built.err
    assert [path.name for path in (tmp_path / 'built' / LIBRARIES).glob('libown*')] == [file]
    if settings == ('SHARED_MEMORY',):  # the flags that its builder derives from another setting are right, too
        assert b'atomics' in (tmp_path / 'built' / LIBRARIES / file).read_bytes()
    if 'plain.o' in command:
        assert _frozen(sdk, tmp_path / 'built', _emcc(sdk, '-c', 'plain.c', '-o', 'plain.o'), tmp_path).returncode == 0
    done = _frozen(sdk, tmp_path / 'built', command, tmp_path)
    assert done.returncode == 0, done.stderr
    ran = seen('run', '--ports-from', port.mirror, '--cache', tmp_path / 'run', '--', *command, cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert [path.name for path in (tmp_path / 'run' / LIBRARIES).glob('libown*')] == [file]


@pytest.mark.slow
def test_a_port_of_ones_own_may_depend_on_another(seen: Emroot, tmp_path: Path):
    port = own_port(tmp_path)
    user = tmp_path / 'user.py'
    user.write_text(port.file.read_text().replace("'own'", "'user'").replace('libown', 'libuser').replace(
        "get_dir('user'", "get_dir('own'").replace("fetch_project('user'", "fetch_project('own'") + "\n\ndeps = ['own']\n")
    built = seen('build', '--ports-from', port.mirror, '--cache', tmp_path / 'built', '--for',
                 f'emcc --use-port={port.file} --use-port={user} -nostdlib')
    assert built.code == 0, built.err
    assert {path.name for path in (tmp_path / 'built' / LIBRARIES).glob('lib*.a')} == {'libown.a', 'libuser.a'}


@pytest.mark.parametrize('how', ['run', *(pytest.param(how, marks=pytest.mark.slow) for how in ('--targets', '--for'))])
def test_a_port_whose_definition_comes_with_its_sources_works_frozen(seen: Emroot, sdk: Sdk, tmp_path: Path, how: str):
    """Which of its variants a link needs is known once they were fetched."""
    if 'EXTERNAL_PORT' not in (sdk.root / 'tools/ports/__init__.py').read_text():
        pytest.skip(f'{sdk.version} has no such ports')
    port, outer = own_port(tmp_path, settings=() if how == '--targets' else ('PTHREADS',)), tmp_path / 'outer' / 'outer.py'
    outer.parent.mkdir()
    inner = port.file.read_text().replace('ports.fetch_project', '(lambda *args, **kw: 0)').replace(
        "ports.get_dir('own', 'own-1.0')", 'os.path.dirname(__file__)')
    archive = port.mirror / 'outer-1.0.tar.gz'
    with tarfile.open(archive, 'w:gz') as tar:
        for name, text in (('real.py', inner), ('own.h', 'int own(void);\n'), ('own.c', 'int own(void) { return 42; }\n')):
            entry = tarfile.TarInfo(f'outer-1.0/{name}')
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    outer.write_text(f"EXTERNAL_PORT = 'http://127.0.0.1:9/{archive.name}'\nPORT_FILE = 'outer-1.0/real.py'\n"
                     f"SHA512 = '{hashlib.sha512(archive.read_bytes()).hexdigest()}'\n"
                     "URL = DESCRIPTION = LICENSE = 'of our own'\n")
    uses = [f'--use-port={outer}', *([] if how == '--targets' else ['-pthread'])]
    compiled = _emcc(sdk, *uses, '-c', 'main.c', '-o', 'main.o')
    selection = {'--targets': ['--targets', outer], '--for': ['--for', shlex.join(['emcc', *uses, '-nostdlib'])]}
    what = ['build', '--ports-from', port.mirror, '--cache', tmp_path / 'built', *selection[how]] if how != 'run' else [
        'run', '--ports-from', port.mirror, '--cache', tmp_path / 'built', '--', *compiled]
    built = seen(*what, cwd=tmp_path)
    assert built.code == 0, built.err
    done = _frozen(sdk, tmp_path / 'built', compiled, tmp_path)
    assert done.returncode == 0, done.stderr


def test_what_no_name_stands_for_is_an_error(seen: Emroot, tmp_path: Path):
    """A file that depends on what is no setting: this one wants another each time."""
    port = own_port(tmp_path)
    port.file.write_text(port.file.read_text().replace("return 'libown'", "import time; return 'libown%d' % time.time_ns()"))
    built = seen('build', '--ports-from', port.mirror, '--cache', tmp_path / 'built', '--for', f'emcc --use-port={port.file}')
    assert built.code == 5
    assert 'of port own, but no variant, option or setting of the port provides it' in built.err


@pytest.mark.parametrize('what', ['', pytest.param(", what='port'", marks=pytest.mark.slow)])
def test_a_port_that_was_used_in_one_mode_can_be_used_in_another(what: str, seen: Emroot, sdk: Sdk, tmp_path: Path):
    port = own_port(tmp_path, what=what)
    for flags in ([], ['-sMEMORY64'], ['-flto']):
        ran = seen('run', '--ports-from', port.mirror, '--cache', tmp_path / 'cache', '--',
                   *_emcc(sdk, f'--use-port={port.file}', *flags, '-c', 'main.c', '-o', 'main.o'), cwd=tmp_path)
        assert ran.code == 0, ran.err
    for directory in ('wasm32-emscripten', 'wasm64-emscripten', 'wasm32-emscripten/lto'):
        assert (tmp_path / 'cache/sysroot/lib' / directory / 'libown.a').is_file()


@pytest.mark.slow
def test_what_emroot_cannot_build_in_another_mode_emcc_builds_with_sources_of_its_own(seen: Emroot, sdk: Sdk, tmp_path: Path):
    port = own_port(tmp_path, first="assert 'wasm64' not in final or os.environ.get('EMCC_CORES') != '1', 'not by embuilder'",
                    url=(tmp_path / 'mirror' / 'own-1.0.tar.gz').as_uri())
    for flags in ([], ['-sMEMORY64']):
        ran = seen('run', '--cache', tmp_path / 'cache', '--',
                   *_emcc(sdk, f'--use-port={port.file}', *flags, '-c', 'main.c', '-o', 'main.o'), cwd=tmp_path)
        assert ran.code == 0, ran.err
    assert (tmp_path / 'cache/sysroot/lib/wasm64-emscripten/libown.a').is_file()


@pytest.mark.slow
def test_compiles_at_once_build_a_port_once(seen: Emroot, sdk: Sdk, tmp_path: Path):
    port = own_port(tmp_path, first='import time; time.sleep(1)')
    lines = [f'{name}.o: main.c\n\t{" ".join(_emcc(sdk, f"--use-port={port.file}", "-c $< -o $@"))}\n' for name in 'abcd']
    (tmp_path / 'Makefile').write_text('all: a.o b.o c.o d.o\n' + ''.join(lines))
    ran = seen('run', '--ports-from', port.mirror, '--cache', tmp_path / 'cache', '--', 'make', '-j4', cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert port.built == ['libown.a']
