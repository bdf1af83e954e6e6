"""What TAB offers in each shell, set up as docs/how-to/shell.md says."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.documents import DOCS
from support.downloads.debian_packages import ProgramUnavailable, on_path, unpacked
from support.running import SOURCE, Emroot, cannot_run, plain_environment

posix = pytest.mark.skipif(os.name == 'nt', reason='a shell of POSIX systems')


@pytest.fixture
def environment(fake: Emroot, tmp_path: Path) -> dict[str, str]:
    """A shell's, with an `emroot` on PATH, a home that has seen an SDK, and a directory `some directory` in the current one."""
    windows = os.name == 'nt'
    command = tmp_path / 'bin' / ('emroot.cmd' if windows else 'emroot')
    command.parent.mkdir()
    command.write_text(f'@"{sys.executable}" -m emroot %*\n' if windows else
                       f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m emroot "$@"\n')
    command.chmod(0o755)
    (tmp_path / 'here' / 'some directory').mkdir(parents=True)
    path = [str(command.parent), *(['/usr/bin', '/bin'] if not windows else [os.environ['PATH']])]
    return plain_environment({'PATH': os.pathsep.join(path), 'EMROOT_HOME': str(fake.home),
                              'HOME': str(tmp_path), 'PYTHONPATH': str(SOURCE), 'TERM': 'dumb', 'LC_ALL': 'C.UTF-8'})


def _set_up(shell: str) -> str:
    """What the page has its reader put into the shell's start file, or do once."""
    found = re.search(rf'^\*\*{shell}\*\*.*?```\w+\n(.*?)\n```', (DOCS / 'how-to/shell.md').read_text(encoding='utf-8'),
                      re.MULTILINE | re.DOTALL)
    assert found, f'the page does not say how to set {shell} up'
    return found[1]


def _bash(environment: dict[str, str], here: Path, *words: str) -> list[str]:
    program = on_path('bash')
    if not program:
        cannot_run('there is no bash')
    typed = ' '.join(shlex.quote(word) for word in words)
    text = f'{_set_up("bash")}; COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _emroot; printf "%s\\n" "${{COMPREPLY[@]}}"'
    ran = subprocess.run([str(program), '--norc', '-c', text], env=environment, capture_output=True, text=True, check=True,
                         cwd=here)
    return ran.stdout.splitlines()


@posix
@pytest.mark.parametrize(('words', 'offered'), [
    (('emroot', 'bui'), ['build']), (('emroot', 'build', '--targets', 'libone-'), ['libone-debug']),
    (('emroot', 'build', '--features', '=', 'wasm64,th'), ['wasm64,thinlto']),
    (('emroot', 'build', '--cache', 'so'), ['some directory']),
    (('emroot', 'run', '--', 'mkfif'), ['mkfifo']), (('emroot', 'build', '--for', ''), [])])
def test_bash_offers_it(environment: dict[str, str], tmp_path: Path, words: tuple[str, ...], offered: list[str]):
    assert sorted({line for line in _bash(environment, tmp_path / 'here', *words) if line}) == offered


def _tab(command: list[str], environment: dict[str, str], prepare: str, typed: str, wanted: str, cwd: Path) -> str:
    """What stands on a terminal after `typed` and TAB in an interactive shell, once `wanted` is there or some time has passed."""
    try:
        import pty
    except ImportError:
        cannot_run('there are no pseudo-terminals here')
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, cwd=cwd,
                          start_new_session=True) as process:
        os.close(theirs)
        _read_until(ours, '', 1.0)
        os.write(ours, f'{prepare}; echo rea""dy\n'.encode())
        _read_until(ours, 'ready', 120.0)
        os.write(ours, f'{typed}\t'.encode())
        shown = _read_until(ours, wanted, 120.0)
        process.kill()
    os.close(ours)
    return shown


def _read_until(terminal: int, wanted: str, seconds: float) -> str:
    shown, end = '', time.monotonic() + seconds
    while time.monotonic() < end and not (wanted and wanted in shown):
        if select.select([terminal], [], [], 0.1)[0]:
            with contextlib.suppress(OSError):
                shown += re.sub(r'\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|[\r\a]', '', os.read(terminal, 65536).decode(errors='replace'))
    return shown


@posix
def test_bash_completes_at_its_prompt(environment: dict[str, str], tmp_path: Path):
    program = on_path('bash')
    if not program:
        cannot_run('there is no bash')
    shown = _tab([str(program), '--norc', '-i'], environment, f'PS1="> "; {_set_up("bash")}', 'emroot build --targets=libone,cr',
                 'libone,crt1 ', tmp_path / 'here')
    assert 'libone,crt1 ' in shown


def _zsh() -> tuple[list[str], dict[str, str], str]:
    """The command, what its environment has besides, and what makes an unpacked one find its own parts."""
    if found := on_path('zsh'):
        return [found, '-f', '-i'], {}, 'true'
    try:
        tree = unpacked('zsh')
    except ProgramUnavailable as error:
        cannot_run(str(error))
    functions = ' '.join(str(d) for d in sorted((tree.root / 'usr/share/zsh/functions').rglob('*')) if d.is_dir())
    modules = next(tree.root.glob('usr/lib/*/zsh/*/zsh/zle.so')).parent.parent
    return ([str(next(tree.root.glob('*bin/zsh*'), tree.root / 'usr/bin/zsh')), '-f', '-i'], tree.environment(),
            f'module_path=({modules}); fpath=({functions}); zmodload zsh/zle zsh/complete; setopt zle')


@posix
def test_zsh_completes_at_its_prompt(environment: dict[str, str], tmp_path: Path):
    command, extra, prepare = _zsh()
    for typed, wanted in (('emroot build --targets libone,cr', 'libone,crt1'), ('emroot bui', 'emroot build '),
                          ('emroot build --cache so', 'some\\ directory')):
        ready = f'PS1="> "; {prepare}; autoload -Uz compinit; compinit -u -D; {_set_up("zsh")}'
        shown = _tab(command, {**environment, **extra}, ready, typed, wanted, tmp_path / 'here')
        assert wanted in shown


@posix
@pytest.mark.parametrize(('typed', 'offered'), [
    ('emroot bui', ['build']), ('emroot build --targets libone,cr', ['libone,crt1']),
    ('emroot build --features=wasm64,th', ['--features=wasm64,thinlto']), ('emroot build --cache so', ['some directory/']),
    ('emroot sdk install --from ', ['auto', 'emsdk', 'debian'])])
def test_fish_offers_it(environment: dict[str, str], tmp_path: Path, typed: str, offered: list[str]):
    program, extra, prepare = on_path('fish'), {}, 'true'
    if not program:
        try:
            tree = unpacked('fish')
        except ProgramUnavailable as error:
            cannot_run(str(error))
        program, extra = str(tree.root / 'usr/bin/fish'), tree.environment()
        prepare = f'set fish_function_path {tree.root}/usr/share/fish/functions'
    script = tmp_path / '.config/fish/completions/emroot.fish'
    script.parent.mkdir(parents=True)
    subprocess.run(['sh', '-c', _set_up('fish')], env=environment, check=True)
    ran = subprocess.run([str(program), '--no-config', '-c', f'{prepare}; source {script}; complete -C {shlex.quote(typed)}'],
                         env={**environment, **extra}, capture_output=True, text=True, check=True, cwd=tmp_path / 'here')
    assert [line.split('\t')[0] for line in ran.stdout.splitlines()] == offered


@pytest.mark.parametrize(('typed', 'offered'), [
    ('emroot bui', ['build']), ('emroot build --targets libone-', ['libone-debug']),
    ('emroot sdk install --from ', ['auto', 'emsdk', 'debian']), ('emroot explain wasm64-thinlto-', ['wasm64-thinlto-pic/'])])
def test_powershell_offers_it(environment: dict[str, str], tmp_path: Path, typed: str, offered: list[str]):
    program = on_path('pwsh', 'powershell')
    if not program:
        pytest.skip('there is no PowerShell, and no Debian package of it: the workflows\' machines have it')
    asking = (f'{_set_up("powershell")}\n$typed = "{typed}"\n'
              '(TabExpansion2 $typed $typed.Length).CompletionMatches | ForEach-Object { $_.CompletionText }\n')
    script = tmp_path / 'asking.ps1'
    script.write_text(asking, encoding='utf-8-sig')
    command = [program, '-NoProfile', *(['-ExecutionPolicy', 'Bypass'] if os.name == 'nt' else []), '-File', str(script)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=tmp_path / 'here')
    assert ran.stdout.split() == offered
