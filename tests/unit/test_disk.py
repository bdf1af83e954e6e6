"""Disks that are full or write-protected: a sentence and exit code 6, and the next run goes on from there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.disks import disk, protect, resize, unprotect
from support.fake import make_fake_sdk
from support.running import Emroot, cannot_run
from support.snapshots import damage
from support.synthetic_sdk import synthetic_sdk

from emroot.cache_directory.directory import CacheDirectory
from emroot.errors import EmrootError, from_exception
from emroot.host.files import remove_tree
from emroot.host.home import Home
from emroot.sdk.discovery import candidates
from emroot.store import Store


@pytest.fixture
def small_home(tmp_path: Path, fake: Emroot) -> Iterator[Emroot]:
    with disk(tmp_path / 'small', '20m') as directory:
        yield Emroot(directory / 'home', fake.sdk)  # with nothing on it


@pytest.mark.parametrize('free', [0, 4, 12, 40, 100])
def test_a_disk_that_fills_up_at_any_moment_is_an_error_of_the_store(small_home: Emroot, free: int):
    """`free` pages: from not even the first directory to almost everything."""
    resize(small_home.home.parent, f'{4096 * (free + 1)}')
    ran = small_home('build', '--targets', 'libone,libasm,libcxx,crt1')
    resize(small_home.home.parent, '20m')
    if ran.code != 0:
        assert ran.code == 6, ran.err
        assert 'no space left' in ran.err
        assert 'hint: free some space' in ran.err
    document = small_home.build('libone', 'libasm', 'libcxx', 'crt1')
    assert document['modes']['wasm32']['failed'] == []
    assert damage(small_home.home, Path(document['cache'])) == []


def test_a_full_cache_directory_elsewhere_leaves_the_store_whole(fake: Emroot, tmp_path: Path):
    with disk(tmp_path / 'small', '4k') as directory:
        ran = fake('build', '--targets', 'libone,libasm', '--cache', directory / 'cache')
        assert ran.code == 6, ran.err
        assert 'no space left' in ran.err and str(directory) in ran.err
        resize(directory, '20m')
        document = fake.build('libone', 'libasm', cache=directory / 'cache')
        assert document['modes']['wasm32']['failed'] == []
        assert damage(fake.home, directory / 'cache') == []


@pytest.mark.parametrize('command', [['sdk', 'show'], ['list'], ['explain', 'wasm32/libone']])
def test_what_only_reads_works_from_a_write_protected_home(small_home: Emroot, command: list[str]):
    assert small_home(*command).code == 0
    protect(small_home.home.parent)
    assert small_home(*command).code == 0


def test_a_write_protected_home_is_an_error_of_the_store(small_home: Emroot, tmp_path: Path):
    protect(small_home.home.parent)
    ran = small_home('build', '--targets', 'libone', '--cache', tmp_path / 'cache')
    assert ran.code == 6, ran.err
    assert 'not writable' in ran.err and str(small_home.home) in ran.err
    assert '--home' in ran.err


def test_a_write_protected_home_that_has_everything_is_enough(small_home: Emroot):
    small_home.build('libone')
    protect(small_home.home.parent)
    assert small_home.build('libone')['modes']['wasm32']['reused'] == ['libone']
    unprotect(small_home.home.parent)


def test_a_write_protected_cache_directory_is_an_error_of_the_store(fake: Emroot, tmp_path: Path):
    with disk(tmp_path / 'small', '20m') as directory:
        protect(directory)
        ran = fake('build', '--targets', 'libone', '--cache', directory / 'cache')
    assert ran.code == 6, ran.err
    assert 'not writable' in ran.err and str(directory) in ran.err
    assert '--cache' in ran.err


@pytest.fixture
def foreign() -> Iterator[Path]:
    """A directory that another user may enter, but not write to."""
    with tempfile.TemporaryDirectory(prefix='emroot-foreign-') as directory:
        os.chmod(directory, 0o555)
        yield Path(directory)
        os.chmod(directory, 0o755)


def _as_somebody_else(action: Callable[[], object]) -> EmrootError:
    """What `action` raises for a user without rights: root is refused nothing, so a child gives its rights up."""
    if not hasattr(os, 'fork'):
        cannot_run('there are no child processes of another user here')
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            action()
            said = f'{0}\0'
        except EmrootError as error:
            said = f'{error.exit_code}\0{error.message}\0{error.hint}'
        except BaseException as error:  # noqa: BLE001  # said in the parent
            said = f'-1\0{error!r}\0'
        os.write(write, said.encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read, 'rb') as pipe:
        code, _, rest = pipe.read().decode().partition('\0')
    message, _, hint = rest.partition('\0')
    error = EmrootError(message, hint=hint)
    error.exit_code = int(code)
    return error


OWN = pytest.mark.parametrize('action', [
    lambda directory: Store(directory / 'store').prepare(),
    lambda directory: Home(directory / 'home').prepare(),
    lambda directory: CacheDirectory(directory / 'cache', synthetic_sdk()).prepare(directory),
], ids=['store', 'home', 'cache directory'])


@OWN
def test_what_belongs_to_somebody_else_is_named_with_what_to_do(foreign: Path, action: Callable[[Path], object]):
    error = _as_somebody_else(lambda: action(foreign))
    assert error.exit_code == 6, error.message
    assert 'not writable' in error.message and str(foreign) in error.message
    assert 'choose a writable directory with --cache or --home' in error.hint


@OWN
def test_a_directory_of_emroot_that_cannot_even_be_looked_at_can_be_another(foreign: Path, action: Callable[[Path], object]):
    foreign.chmod(0)  # for whoever runs the tests, too
    error = _as_somebody_else(lambda: action(foreign))
    foreign.chmod(0o755)
    assert error.exit_code == 6, error.message
    assert str(foreign) in error.message
    assert error.hint.startswith('choose a writable directory with --cache or --home')


@pytest.mark.parametrize(('below', 'action', 'code'), [
    ('', lambda directory: list(candidates(Home(directory), directory / 'emscripten')), 3),
    ('emscripten', lambda directory: list(candidates(Home(directory), directory)), 3),
    ('', lambda directory: _read(directory / 'emscripten' / 'emcc.py'), 6),
], ids=['SDK below it', 'part of an SDK', 'input'])
@pytest.mark.parametrize('hiding', [False, True], ids=['', 'Python 3.14'])
def test_what_cannot_be_read_is_said_not_to_be_readable(foreign: Path, below: str, action: Callable[[Path], object], code: int,
                                                        hiding: bool, monkeypatch: pytest.MonkeyPatch):
    if hiding:  # where these say no of what cannot be looked at
        monkeypatch.setattr(Path, 'is_file', lambda path: os.path.isfile(path))
        monkeypatch.setattr(Path, 'exists', lambda path: os.path.exists(path))
    foreign.chmod(0o755)
    (foreign / 'emscripten').mkdir()
    (foreign / 'emscripten' / 'emcc.py').touch()
    (foreign / below).chmod(0)
    error = _as_somebody_else(lambda: action(foreign))
    (foreign / below).chmod(0o755)
    assert error.exit_code == code, error.message
    assert 'read' in error.message and str(foreign) in error.message and 'writable' not in str(error)
    assert 'give this user read access' in error.hint


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        known = from_exception(error)
        assert known
        raise known from error


def test_half_a_file_of_bytecode_that_a_full_disk_left_is_no_reason_to_fail(fake: Emroot, tmp_path: Path):
    own = Emroot(tmp_path / 'own', fake.sdk)
    assert own('list').code == 0
    halves = list(own.home.glob('memo/probe/**/bytecode/**/*.pyc'))
    for half in halves:
        half.write_bytes(half.read_bytes()[:40])
    assert halves
    ran = own('list', '--features', 'wasm64')
    assert ran.code == 0, ran.err


def test_the_sdk_that_is_asked_again_begins_with_an_empty_directory(tmp_path: Path):
    """Where the disk was full while the SDK's modules were compiled, a question may fail after it has written something."""
    own = Emroot(tmp_path / 'own', make_fake_sdk(tmp_path))
    assert own.sdk
    (own.sdk / 'tools' / 'late.py').write_text('')
    libraries = own.sdk / 'tools' / 'system_libs.py'
    stamping = "        with open(stamp, 'w')"
    libraries.write_text(libraries.read_text().replace(stamping, f'        from . import late\n{stamping}'))
    own.build('libone')
    for half in own.home.glob('memo/probe/**/bytecode/**/late.*.pyc'):
        half.write_bytes(half.read_bytes()[:20])
    remove_tree(own.home / 'store')
    assert own.build('libone', cache=tmp_path / 'cache')['modes']['wasm32']['failed'] == []
