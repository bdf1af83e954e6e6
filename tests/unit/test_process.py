"""The process that a command runs in: closed streams, names that are no text, another locale, no home, nothing left to have."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.fake import make_fake_sdk
from support.running import Emroot, cannot_run, plain_environment

from emroot.host.files import as_python
from emroot.host.home import read_json, user_path
from emroot.project.names import split_names
from emroot.remote.remote_spec import parse_remote

pytestmark = pytest.mark.skipif(os.name != 'posix', reason='names are bytes, streams can be closed and HOME is heeded on POSIX')
#: A locale in which Python decodes names as ASCII.
ASCII = {'LC_ALL': 'C', 'PYTHONUTF8': '0', 'PYTHONCOERCECLOCALE': '0'}
#: A name of Latin-1, as bytes no text in UTF-8.
LATIN = os.fsdecode(b'x\xe4')


def _shell(redirections: str, command: list[str], env: Mapping[str, str] | None = None,
           cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command as a shell does with redirections."""
    return subprocess.run(['sh', '-c', f'"$@" {redirections}', 'sh', *command], env=plain_environment(env), cwd=cwd, text=True,
                          check=False, capture_output=True, timeout=100)


@pytest.mark.parametrize('closed', ['>&-', '2>&-', '<&- >&- 2>&-'])
@pytest.mark.parametrize('arguments', [['build', '--targets', 'libone', '--cache', 'cache'], ['list'],
                                       ['env', '--targets', 'libone', '--cache', 'cache']], ids=['build', 'list', 'env'])
def test_closed_streams_change_nothing(fake: Emroot, tmp_path: Path, arguments: list[str], closed: str):
    ran = _shell(closed, fake.command(*arguments), cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert 'Traceback' not in ran.stderr
    assert '--cache' not in arguments or (tmp_path / 'cache' / 'sysroot_install.stamp').is_file()


def test_no_file_gets_the_number_of_a_closed_stream(fake: Emroot, tmp_path: Path):
    report = 'import os; print([os.fstat(n).st_rdev == os.stat(os.devnull).st_rdev for n in (0, 2)])'
    ran = _shell('<&- 2>&-', fake.command('run', '--', sys.executable, '-c', report))
    assert ran.stdout.strip() == '[True, True]'


def test_whoever_reads_standard_error_may_go_without_ending_the_build(fake: Emroot, tmp_path: Path):
    read, write = os.pipe()
    os.close(read)
    with fake.start('build', '--targets', 'libmany', '--cache', tmp_path / 'cache', stderr=write) as process:
        os.close(write)
        process.communicate(timeout=100)
    assert process.returncode == 0
    assert list((tmp_path / 'cache').rglob('libmany.a'))


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='Linux has a device that is always full')
@pytest.mark.parametrize('arguments', [['list'], ['list', '--json'], ['build', '--targets', 'libone']])
def test_a_full_standard_output_is_no_full_store(fake: Emroot, arguments: list[str]):
    ran = _shell('>/dev/full', fake.command(*arguments))
    assert ran.returncode == 1
    assert 'standard output cannot be written to: No space left on device' in ran.stderr
    assert 'gc' not in ran.stderr and 'Exception' not in ran.stderr


def test_names_that_are_no_text_go_everywhere(fake: Emroot, tmp_path: Path):
    directory = tmp_path / LATIN
    directory.mkdir()
    own = fake.machine(directory / 'home')

    def run(*arguments: object) -> bytes:
        ran = subprocess.run(own.command(*arguments), env=plain_environment(), cwd=directory, capture_output=True, check=False,
                             timeout=100)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout
    assert run('build', '--targets', 'libone', '--cache', 'cache') == os.fsencode(directory / 'cache') + b'\n'
    assert run('build', '--json', '--targets', 'libone')
    assert os.fsencode(directory / 'cache') in run('env', '--targets', 'libone', '--cache', 'cache')
    assert b'hi' in run('-v', 'run', '--targets', 'libone', '--', 'echo', 'hi')
    run('report', '-o', 'report.html')
    run('export', '--targets', 'libone', '-o', 'libs.tar.gz')
    run('publish', 'files', '--targets', 'libone')
    run('verify')
    assert os.fsencode(directory) in b''.join(log.read_bytes() for log in own.home.glob('logs/*.log'))


def test_what_is_kept_does_not_depend_on_the_locale(fake: Emroot, tmp_path: Path):
    own = fake.machine(tmp_path / 'höme')
    assert own('build', '--targets', 'libone', '--cache', tmp_path / 'cäche', env=ASCII).code == 0
    kept = sorted(path for path in own.home.rglob('*.json') if 'store' not in path.parts)
    assert [read_json(path) for path in own.home.glob('caches/*')] == [{'path': str(tmp_path / 'cäche')}]
    assert own('build', '--targets', 'libone', '--cache', tmp_path / 'cäche').err.startswith('0 built, 1 reused')
    assert sorted(path for path in own.home.rglob('*.json') if 'store' not in path.parts) == kept
    assert own('verify', env=ASCII).out == own('verify').out


def test_configurations_name_the_same_files_in_every_locale(tmp_path: Path):
    named: dict[str, Any] = {'argv': [str(tmp_path / 'ä$\''), str(tmp_path / LATIN), 'plain'],
                             'env': {'EM_CONFIG': str(tmp_path / 'ü')}}
    said = as_python(named)
    assert said.isascii()
    script = f'import os, json; v = {said}; print([os.fsencode(x).hex() for x in [*v["argv"], *v["env"].values()]])'
    ran = subprocess.run([sys.executable, '-c', script], env={**os.environ, **ASCII}, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == str([os.fsencode(x).hex() for x in [*named['argv'], *named['env'].values()]])


def _homeless(fake: Emroot, cwd: Path, *arguments: str, home: str = '~') -> subprocess.CompletedProcess[str]:
    """Run it in an empty directory as a user whose home directory is not known: `~` stands for itself then."""
    cwd.mkdir()
    env = {name: value for name, value in plain_environment({'HOME': home}).items() if name != 'XDG_CACHE_HOME'}
    ran = subprocess.run([sys.executable, '-m', 'emroot', '--sdk', str(fake.sdk), *arguments], env=env, cwd=cwd, text=True,
                         capture_output=True, check=False, timeout=100)
    assert 'Traceback' not in ran.stderr
    assert list(cwd.iterdir()) == []
    return ran


@pytest.mark.parametrize('home', ['~', 'relative'])
@pytest.mark.parametrize('arguments', [['build', '--targets', 'libone'], ['build', '--targets', 'libone', '--cache', 'cache'],
                                       ['run', '--', 'true'], ['gc', '--max-size', '1G'], ['sdk', 'install'], ['doctor']])
def test_without_a_home_directory_nothing_is_written_anywhere(fake: Emroot, tmp_path: Path, arguments: list[str], home: str):
    ran = _homeless(fake, tmp_path / 'project', *arguments, home=home)
    assert ran.returncode == 6, ran.stderr
    said = ran.stdout if arguments == ['doctor'] else ran.stderr
    assert 'no home directory' in said and 'set EMROOT_HOME or --home' in said


@pytest.mark.parametrize('arguments', [['list'], ['sdk', 'show'], ['--version'], ['build', '--help'],
                                       ['cache-key', '--targets', 'libone']])
def test_what_only_looks_needs_no_home_directory(fake: Emroot, tmp_path: Path, arguments: list[str]):
    ran = _homeless(fake, tmp_path / 'project', *arguments)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize('arguments', [['build', '--targets', 'libone', '--cache', '~/c'], ['list', '--home', '~/h'],
                                       ['list', '--sdk', '~/s'], ['list', '--home', '~no-such-user/h'],
                                       ['build', '--targets', 'libone', '--base', '~/b'],
                                       ['build', '--targets', 'libone', '--remote', '~/r']])
def test_a_tilde_that_stands_for_nothing_is_no_directory(fake: Emroot, tmp_path: Path, arguments: list[str]):
    ran = _homeless(fake, tmp_path / 'project', *arguments, *([] if '--home' in arguments else ['--home', str(fake.home)]))
    assert ran.returncode == 6, ran.stderr
    assert 'cannot expand the ~ in ~' in ran.stderr and 'set HOME' in ran.stderr


@pytest.mark.parametrize('arguments', [['build', '--cache', '~/c'], ['env', '--ports-from', '~/p'], ['build', '--base', '~/b'],
                                       ['build', '--trace', '~/t'], ['list', '--cache', '~/c'], ['report', '-o', '~/r.html'],
                                       ['verify', '--cache', '~/c'], ['build', '--remote-key', '~/k']])
def test_a_tilde_that_stands_for_nothing_is_said_before_an_sdk_is_missed(fake: Emroot, tmp_path: Path, arguments: list[str]):
    ran = _homeless(fake, tmp_path / 'project', '--sdk', str(tmp_path / 'none'), '--home', str(tmp_path / 'home'), *arguments)
    assert ran.returncode == 6, ran.stderr
    assert 'cannot expand the ~ in ~' in ran.stderr and 'SDK' not in ran.stderr


def test_what_only_looks_needs_no_home_that_can_be_written_to(fake: Emroot, tmp_path: Path):
    (tmp_path / 'file').write_bytes(b'')
    own = Emroot(tmp_path / 'file' / 'home', fake.sdk)
    assert own('list').code == 0
    assert own('build', '--targets', 'libone').code == 6


def test_dots_are_taken_out_of_paths_unless_a_link_gives_them_another_meaning(tmp_path: Path):
    (tmp_path / 'far' / 'below').mkdir(parents=True)
    (tmp_path / 'link').symlink_to(tmp_path / 'far' / 'below')
    assert user_path(tmp_path / 'far' / '..' / 'x') == tmp_path / 'x'
    assert user_path(tmp_path / 'link' / '..' / 'x').resolve() == tmp_path / 'far' / 'x'


def test_a_home_with_a_line_break_is_refused_where_emcc_would_refuse_it(fake: Emroot, tmp_path: Path):
    ran = Emroot(tmp_path / 'a\nb', fake.sdk)('list')
    assert ran.code == 2
    assert 'line break' in ran.err and '--home' in ran.err


def test_a_current_directory_that_is_gone_is_named(fake: Emroot, tmp_path: Path):
    gone = tmp_path / 'gone'
    gone.mkdir()
    ran = _shell('', ['sh', '-c', 'rmdir "$0"; exec "$@"', str(gone), *fake.command('build', '--targets', 'libone')], cwd=gone)
    assert ran.returncode == 2, ran.stderr
    assert 'the current directory was deleted' in ran.stderr


def _limited(limit: str, command: list[str]) -> subprocess.CompletedProcess[str]:
    as_user: list[str] = []
    if limit.startswith('-u') and os.geteuid() == 0:  # there is no limit for root
        if not shutil.which('setpriv'):
            cannot_run('limiting processes needs setpriv where tests run as root')
        allowed = '+dac_override,+dac_read_search'
        user = f'--reuid={60000 + os.getpid() % 5000}'
        as_user = ['setpriv', user, '--clear-groups', f'--inh-caps={allowed}', f'--ambient-caps={allowed}']
    return subprocess.run([*as_user, 'bash', '-c', f'ulimit {limit}; exec "$@"', 'bash', *command], env=plain_environment(),
                          capture_output=True, text=True, check=False, timeout=100)


@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='limits of Linux')
@pytest.mark.parametrize(('limit', 'says'), [('-u 1', 'cannot start processes'), ('-u 4', 'cannot start processes'),
                                             ('-n 7', 'cannot open more files'), ('-n 12', 'cannot open more files')])
def test_what_the_machine_has_no_more_of_is_not_the_fault_of_the_sdk(fake: Emroot, tmp_path: Path, limit: str, says: str):
    os.chmod(tmp_path, 0o777)
    ran = _limited(limit, fake.command('build', '--targets', 'libone,libmany', '-j', '4'))
    assert ran.returncode == 6, ran.stderr
    assert says in ran.stderr and f'ulimit {limit[:2]}' in ran.stderr
    assert 'Traceback' not in ran.stderr and 'SDK at' not in ran.stderr


def test_commas_in_the_path_of_a_port_separate_no_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / 'a,b').mkdir()
    port = tmp_path / 'a,b' / 'port.py'
    port.write_text('')
    assert split_names([f'libone,{port},crt1', 'x, y']) == ['libone', str(port), 'crt1', 'x', 'y']
    assert split_names([f'{port}:size=2,{port}']) == [f'{port}:size=2', str(port)]
    assert split_names([f'{tmp_path}/none,b/port.py']) == [f'{tmp_path}/none', 'b/port.py']
    monkeypatch.chdir(tmp_path / 'a,b')
    assert split_names(['port.py,libone']) == [str(port), 'libone']


def test_of_what_a_compiler_says_both_ends_are_shown_and_nothing_that_a_terminal_obeys(tmp_path: Path):
    own = Emroot(tmp_path / 'home', make_fake_sdk(tmp_path))
    assert own.sdk
    clang = own.sdk.parent / 'llvm' / 'clang'
    said = r"'\x1b]0;title\x07\x1b[2Jfirst\n::set-output name=a::b\n' + 'noise\n' * 5000 + 'x' * 9000 + '\nlast\n'"
    clang.write_text(clang.read_text().replace("sys.stderr.write(", f"sys.stderr.write({said} + "))
    ran = own('build', '--targets', 'libbroken', env={'GITHUB_ACTIONS': 'true'})
    assert ran.code == 5
    assert '  first\n' in ran.err and '  last\n' in ran.err
    assert 'lines omitted, see the log' in ran.err and len(ran.err) < 20_000
    assert '\x1b' not in ran.err and '\x07' not in ran.err
    assert not any(line.lstrip().startswith('::set-output') for line in ran.err.splitlines())
    assert next(own.home.glob('logs/*.log')).read_text().count('noise') == 5000


def test_secrets_that_everybody_can_read_are_warned_of():
    def shows(text: str, headers: str = 'Authorization: Bearer x') -> bool:
        return parse_remote(text, headers=headers).shows_secrets
    assert shows('http://cache.example/emroot') and shows('grpc://cache.example:8980')
    assert not shows('https://cache.example/emroot') and not shows('http://localhost:8080/x')
    assert not shows('http://cache.example', '')
