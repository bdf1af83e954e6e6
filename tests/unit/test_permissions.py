"""Whose a home is: what another user made, or may write to, is not used; and nothing is made in which others may write."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from support.running import Emroot, cannot_run, plain_environment
from support.snapshots import snapshot

from emroot.errors import SdkError, StoreError
from emroot.host.home import PARTS, Home, find_home
from emroot.probe import SECONDS_VARIABLE, ask
from emroot.store import Store

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='permissions are another thing there')


@pytest.fixture
def stranger() -> int:
    """Somebody else."""
    if os.geteuid() != 0:
        cannot_run('only root can give files away')
    return 12345


@pytest.mark.parametrize('part', ['', *PARTS])
@pytest.mark.parametrize('whose', ["another's", "everybody's", 'with what is left by another'])
def test_a_home_that_others_could_have_changed_is_not_used(tmp_path: Path, stranger: int, part: str, whose: str):
    home = tmp_path / 'home'
    (home / part).mkdir(parents=True)
    if whose == "another's":
        os.chown(home / part, stranger, stranger)
    elif whose == "everybody's":
        (home / part).chmod(0o777)
    else:
        (home / part / 'left').mkdir()
        os.chown(home / part / 'left', stranger, stranger)
        (home / part).chmod(0o775)
    before = snapshot(home)
    with pytest.raises(StoreError) as caught:
        find_home(home)
    assert caught.value.exit_code == 6 and ('another user' in str(caught.value) or 'by others' in str(caught.value))
    assert caught.value.hint and snapshot(home) == before


def test_nothing_of_it_is_run(fake: Emroot, stranger: int, tmp_path: Path):
    """A memo names the compiler, and the configuration below `run` is Python."""
    fake.build('libone')
    for path in [fake.home, *fake.home.rglob('*')]:
        os.chown(path, stranger, stranger, follow_symlinks=False)
    for command in ('build --targets libone', 'doctor', 'sdk show', 'run -- true', 'verify', 'list'):
        ran = fake(*command.split())
        assert (ran.code, 'another user' in ran.err) == (6, True)


def test_a_group_that_could_write_no_longer_can(tmp_path: Path):
    """So homes were made before, where the umask is 002."""
    home = Home(tmp_path / 'home')
    (home.memo / 'sdk').mkdir(parents=True)
    (home.memo / 'sdk' / 'x.json').write_text('{}')
    for path in (home.root, home.memo, home.memo / 'sdk', home.memo / 'sdk' / 'x.json'):
        path.chmod(0o775)
    find_home(home.root)
    assert not [path for path in [home.root, *home.root.rglob('*')] if path.stat().st_mode & 0o022]


@pytest.mark.parametrize('umask', [0o000, 0o002, 0o022, 0o077])
def test_whatever_the_umask_others_may_write_to_nothing(fake: Emroot, tmp_path: Path, umask: int):
    cache = tmp_path / 'cache'
    ran = fake('run', '--targets', 'libone', '--cache', cache, '--', 'sh', '-c', f'umask; touch {tmp_path}/mine', umask=umask)
    assert (ran.code, int(ran.out, 8)) == (0, umask), ran.err  # what runs below has the user's
    assert (tmp_path / 'mine').stat().st_mode & 0o777 == 0o666 & ~umask
    everything = [fake.home, cache, *fake.home.rglob('*'), *cache.rglob('*')]
    assert not [path for path in everything if not path.is_symlink() and path.stat().st_mode & 0o022]
    assert fake('build', '--targets', 'libone', '--cache', cache).code == 0


def test_a_library_is_made_so_by_a_program_that_uses_emroot_too(fake: Emroot, tmp_path: Path):
    home = tmp_path / 'new'
    program = f'import os, emroot\nos.umask(0)\nemroot.build(targets="libone", sdk={str(fake.sdk)!r}, home={str(home)!r})'
    subprocess.run([sys.executable, '-c', program], check=True, env=plain_environment())
    private = [home / 'store', *home.glob('memo/probe/*/*/bytecode')]
    assert len(private) == 2 and {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o700}
    assert not [path for path in [home, *home.rglob('*')] if path.stat().st_mode & 0o022 and not set(private) & set(path.parents)]


def test_the_configuration_below_run_is_what_it_has_to_be(fake: Emroot):
    ran = fake('run', '--', 'sh', '-c', 'echo $EM_CONFIG')
    config = Path(ran.out.strip())
    right = config.read_bytes()
    for other in (b'import os; os.abort()\n', right + b'import os; os.abort()\n', b''):
        config.write_bytes(other)
        assert fake('run', '--', 'true').code == 0 and config.read_bytes() == right


@pytest.mark.parametrize('store', [0o500, 0o000], ids=['readable store', 'private store'])
def test_a_home_that_cannot_be_written_to_serves_what_is_there(fake: Emroot, stranger: int, store: int):
    """As in a container whose image was built by root."""
    fake.build('libone')
    for path in [fake.home, *fake.home.rglob('*')]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)
    (fake.home / 'store').chmod(0o500)
    before = snapshot(fake.home)
    (fake.home / 'store').chmod(store)
    powerless = ['setpriv', '--bounding-set=-all', '--inh-caps=-all']
    for command in (('run', '--', 'true'), ('run', '--targets', 'libone', '--', 'true'), ('build', '--targets', 'libone')):
        done = subprocess.run([*powerless, *fake.command(*command)], env=plain_environment(), capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, done.stderr
    (fake.home / 'store').chmod(0o500)
    assert snapshot(fake.home) == before
    (fake.home / 'store').chmod(store)
    missing = subprocess.run([*powerless, *fake.command('build', '--targets', 'crt1')], env=plain_environment(), text=True,
                             capture_output=True, check=False)
    assert missing.returncode == 6 and 'hint: choose a writable directory' in missing.stderr, missing.stderr


def test_a_pipe_in_place_of_bytecode_is_not_waited_for(fake: Emroot):
    fake.build('libone')
    compiled = list((fake.home / 'memo' / 'probe').rglob('*.pyc'))
    assert compiled
    for path in compiled:
        path.unlink()
        os.mkfifo(path)
    fake.build('libone', features='wasm64,thinlto')
    assert not [path for path in (fake.home / 'memo').rglob('*') if path.is_fifo()]


def test_a_question_that_is_not_answered_in_time_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(SECONDS_VARIABLE, '0.2')
    program = tmp_path / 'program.py'
    program.write_text('import time\nwhile True: time.sleep(1)\n')
    with pytest.raises(SdkError, match='did not answer "anything" in') as caught:
        ask([sys.executable], tmp_path, 'anything', dict(os.environ), program=program)
    assert SECONDS_VARIABLE in caught.value.hint


@pytest.mark.parametrize('said', [b'', b'\0\0', b'2\0\0\0', b'\xff\xfe', b'garbage'])
def test_a_store_whose_format_was_lost_in_a_power_cut_heals(tmp_path: Path, said: bytes):
    with Store(tmp_path) as store:
        store.write('object', 'ab' * 32, {'digest': 'cd' * 32, 'size': 1})
        right = (tmp_path / 'VERSION').read_bytes()
        (tmp_path / 'VERSION').write_bytes(said)
    with Store(tmp_path) as store:
        assert store.read('object', 'ab' * 32)
    assert (tmp_path / 'VERSION').read_bytes() == right


@pytest.mark.parametrize(('said', 'record'), [(b'1\n', True), (b'3\n', True), (b'', False), (b'garbage', False)])
def test_a_store_of_another_format_or_of_nobody_knows_which_is_refused(tmp_path: Path, said: bytes, record: bool):
    with Store(tmp_path) as store:
        store.write('object', 'ab' * 32, {'digest': 'cd' * 32, 'size': 1})
        if not record:
            store.record_path('object', 'ab' * 32).write_text('{"of": "another format"}')
    (tmp_path / 'VERSION').write_bytes(said)
    with pytest.raises(StoreError, match='has format'), Store(tmp_path):
        pass


@pytest.mark.skipif(os.name == 'nt', reason='permissions are others on Windows')
@pytest.mark.parametrize(('option', 'hint'), [('--dest', 'with --dest'), ('--home', 'with --home (or EMROOT_HOME)')])
def test_what_an_installation_cannot_write_to_is_what_to_choose_again(tmp_path: Path, option: str, hint: str):
    closed, home = tmp_path / 'closed', tmp_path / 'home'
    closed.mkdir(mode=0o555)
    command = ['--home', home, 'sdk', 'install', '--dest', closed / 'sdk'] if option == '--dest' else \
        ['--home', closed / 'home', 'sdk', 'install']
    powerless = ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] if os.geteuid() == 0 else []
    done = subprocess.run([*powerless, sys.executable, '-m', 'emroot', *map(str, command)], env=plain_environment(),
                          capture_output=True, text=True, check=False)
    assert done.returncode == 6 and f'hint: choose a writable directory {hint}\n' in done.stderr, done.stderr
