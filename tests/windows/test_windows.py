"""What is otherwise on Windows. Run there, and by `dev.py windows` with Windows' Python under Wine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.fake import make_fake_sdk
from support.running import Emroot, plain_environment

from emroot.cli.shells import SHELLS
from emroot.host.files import READ_ONLY, remove, remove_tree, replace, write_bytes
from emroot.host.home import find_home
from emroot.sdk import find_sdk
from emroot.sdk.discovery import candidates
from emroot.store import Lock, Store, try_lock

pytestmark = pytest.mark.skipif(os.name != 'nt', reason='for Windows')


@pytest.fixture(scope='session')
def emroot(tmp_path_factory: pytest.TempPathFactory) -> Emroot:
    """The command line, with a small SDK whose programs are executables, in a location with a space."""
    directory = tmp_path_factory.mktemp('a fake')
    return Emroot(directory / 'home', make_fake_sdk(directory))


def test_a_build_works_and_is_not_done_twice(emroot: Emroot, tmp_path: Path):
    first = emroot.build('libone', 'libasm', 'crt1', features='wasm64,lto')
    assert sorted(first['modes']['wasm64-lto']['built']) == ['crt1', 'libasm', 'libone']
    again = emroot.build('libone', features='wasm64,lto', cache=tmp_path / 'öther cache')
    assert again['objects']['compiled'] == 0
    archive = Path('sysroot', 'lib', 'wasm64-emscripten', 'lto', 'libone.a')
    assert (Path(again['cache']) / archive).read_bytes() == (Path(first['cache']) / archive).read_bytes()


def test_a_build_leaves_nothing_in_flight(emroot: Emroot):
    emroot.build('libcxx')
    assert not any((emroot.home / 'store' / 'tmp').iterdir())


def test_a_store_is_verified_and_deleted(emroot: Emroot, tmp_path: Path):
    other = Emroot(tmp_path / 'home', emroot.sdk)
    other.build('libone', cache=tmp_path / 'cache')
    assert other('verify').code == 0
    assert other('gc', '--max-size', '1').code == 0
    remove_tree(tmp_path / 'home')
    assert not (tmp_path / 'home').exists()


def test_two_processes_share_a_store(emroot: Emroot, tmp_path: Path):
    home = tmp_path / 'home'
    command = ('build', '--json', '--targets', 'libone', '--cache', str(tmp_path / 'cache'))
    both = [Emroot(home, emroot.sdk).start(*command) for _ in '12']
    said = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    archives = {Path(json.loads(out)['cache'], 'sysroot/lib/wasm32-emscripten/libone.a').read_bytes() for out, _ in said}
    assert len(archives) == 1


def test_a_file_that_somebody_reads_is_replaced_or_refused_but_never_half_written(tmp_path: Path):
    file = tmp_path / 'file'
    write_bytes(file, b'old')
    with open(file, 'rb') as reader:
        try:
            write_bytes(file, b'new')
        except PermissionError:
            assert file.read_bytes() == b'old'
        assert reader.read() == b'old'
    write_bytes(file, b'newer')
    assert file.read_bytes() == b'newer' and os.listdir(tmp_path) == ['file']


def test_read_only_files_are_replaced_and_removed(tmp_path: Path):
    for name in ('one', 'other'):
        (tmp_path / name).write_text(name)
        os.chmod(tmp_path / name, READ_ONLY)
    replace(tmp_path / 'one', tmp_path / 'other')
    assert (tmp_path / 'other').read_text() == 'one'
    remove(tmp_path / 'other')
    assert os.listdir(tmp_path) == []


def test_a_lock_is_the_operating_systems_between_processes(tmp_path: Path):
    hold = 'import sys; from pathlib import Path; from emroot.store import try_lock\n' \
           'with try_lock(Path(sys.argv[1])) as held: print(held.value, flush=True); sys.stdin.read()'
    with subprocess.Popen([sys.executable, '-c', hold, str(tmp_path / 'lock')], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          env=plain_environment(), text=True) as process:
        assert process.stdout and process.stdout.readline().strip() == 'held'
        with try_lock(tmp_path / 'lock', seconds=0.1) as held:
            assert held is Lock.BUSY
        process.communicate('')
    with try_lock(tmp_path / 'lock', seconds=5) as held:
        assert held


def test_many_threads_make_a_tree_once(tmp_path: Path):
    store, made = Store(tmp_path / 'store'), []

    def make(directory: Path) -> None:
        (directory / 'file').write_text('x')
        made.append(directory)
    threads = [threading.Thread(target=store.tree, args=('0' * 32, make)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


@pytest.mark.parametrize('length', [9_000, 31_000])
def test_command_lines_may_be_as_long_as_windows_has_them(length: int):
    """8,191 is the limit of cmd, through which nothing of emroot's goes; 32,767 that of a process."""
    command = [sys.executable, '-c', 'import sys; print(len(sys.argv[1]))', 'x' * length]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert int(said) == length


def test_archives_of_any_number_of_members_are_joined(emroot: Emroot):
    """Members go through a response file."""
    result = emroot.build('libmany')
    text = Path(result['cache'], 'sysroot/lib/wasm32-emscripten/libmany.a').read_text()
    assert text.count('.o/ ') == 24


def test_an_sdk_is_the_same_however_its_path_is_spelled(emroot: Emroot):
    """Names of files have no case, slashes go both ways, and a drive has a letter."""
    home = find_home(emroot.home)
    digest = find_sdk(home, emroot.sdk).digest
    assert emroot.sdk is not None and emroot.sdk.drive
    assert find_sdk(home, str(emroot.sdk).upper()).digest == digest
    assert find_sdk(home, emroot.sdk.as_posix()).digest == digest


def test_a_path_beyond_260_characters_is_fine_or_said(emroot: Emroot, tmp_path: Path):
    deep = tmp_path.joinpath(*['d' * 40] * 5)
    ran = emroot('build', '--json', '--targets', 'crt1', '--cache', deep)
    assert ran.code == 0 or (ran.code == 6 and 'hint:' in ran.err), ran.err
    if ran.code == 0:
        assert (deep / 'sysroot/lib/wasm32-emscripten/crt1.o').is_file()


def test_a_path_that_windows_takes_word_for_word_is_refused_with_a_mend(emroot: Emroot, tmp_path: Path):
    r"""After `\\?\` neither slashes nor dots are read as elsewhere; emroot's paths have both kinds of slashes."""
    directory = Path('\\\\?\\' + str(tmp_path / 'cache'))
    assert directory.anchor.startswith('\\\\')
    ran = emroot('build', '--json', '--targets', 'crt1', '--cache', directory)
    assert ran.code == 6 and 'hint: check the directory, or choose another' in ran.err


@pytest.mark.parametrize('ending', ['.bat', '.exe', '.cmd'])
def test_emcc_is_found_on_path_whatever_it_ends_in(ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ('EMSDK', 'EMSCRIPTEN_ROOT'):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / 'emcc.py').write_text('')
    (tmp_path / f'emcc{ending}').write_text('@rem\n')
    monkeypatch.setenv('PATH', str(tmp_path))
    assert [c.root for c in candidates(find_home(tmp_path / 'home'))] == [tmp_path]


def test_cmd_reads_what_env_prints(tmp_path: Path):
    value = r'C:\a (b) & c\d'
    script = tmp_path / 'set.bat'
    script.write_text('@echo off\n' + SHELLS['cmd'].assignment('EM_CACHE', value) + 'set EM_CACHE\n', encoding='utf-8')
    said = subprocess.run(['cmd', '/d', '/c', str(script)], capture_output=True, text=True, check=True).stdout
    assert said.strip() == f'EM_CACHE={value}'


def test_a_launcher_of_bazels_rules_starts_its_program_wherever_it_is_called(tmp_path: Path):
    """As `run_tool.bzl` writes it (`tests/unit/test_bazel_versions.py`)."""
    root, launcher = tmp_path / 'an execroot', Path('bazel-out/x64 cfg/bin/tools/emcc.bat')
    shutil.copytree(Path(sys.executable).parent, root / 'external/python')
    (root / launcher).parent.mkdir(parents=True)
    shutil.copy(Path(__file__).parents[1] / 'golden/launcher.bat', root / launcher)
    (root / 'external/emroot~').mkdir()
    (root / 'external/emroot~/a tool.py').write_text('import json, sys\nprint(json.dumps(sys.argv[1:]))\nsys.exit(3)\n')
    ran = subprocess.run([str(root / launcher), '-DA="b c"', 'x y'], cwd=tmp_path, capture_output=True, text=True, check=False)
    tool, top, *words = json.loads(ran.stdout)
    assert (ran.returncode, tool, words) == (3, 'emcc', ['sdk.json', 'a word', '-DA="b c"', 'x y'])
    assert os.path.samefile(top, root)


def test_run_passes_the_variables_and_the_exit_code_on(emroot: Emroot):
    code = 'import os, sys; print(os.environ["EM_CACHE"]); sys.exit(7)'
    ran = emroot('run', '--targets', 'crt1', '--', sys.executable, '-c', code)
    assert ran.code == 7 and Path(ran.out.strip()).is_dir()


def test_env_is_for_powershell_unless_it_is_told(emroot: Emroot):
    assert '$env:EM_CACHE = ' in emroot('env', '--targets', 'crt1').out
    assert 'set "EM_CACHE=' in emroot('env', '--targets', 'crt1', '--shell', 'cmd').out
