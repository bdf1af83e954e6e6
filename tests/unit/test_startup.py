"""What a command loads and looks at before it does anything: most commands find that all is there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.running import Emroot, plain_environment

#: Runs a command, and says on the last line what `SHOWN` names.
PROGRAM = """
import re, sys
compiled, looked = [], []
compile_ = re.compile
def recording(*arguments, **named):
    compiled.append(sys._getframe(1).f_globals['__name__'])
    return compile_(*arguments, **named)
re.compile = recording
if 'looked' in {shown!r}:
    from emroot.cache_directory import directory
    state = directory.headers_state
    def looking(*arguments):
        looked.append(arguments)
        return state(*arguments)
    directory.headers_state = looking
import argparse
made = []
make = argparse.ArgumentParser.__init__
def making(*arguments, **given):
    made.append(given)
    make(*arguments, **given)
argparse.ArgumentParser.__init__ = making
from emroot.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print()
print({shown})
"""


def _shown(what: str, command: Sequence[str]) -> list[str]:
    emroot = command[command.index('emroot') + 1:]
    ran = subprocess.run([sys.executable, '-c', PROGRAM.format(shown=what), *emroot], env=plain_environment(), text=True,
                         capture_output=True, check=True)
    return ran.stdout.splitlines()[-1].split()


@pytest.mark.parametrize('arguments', [['--help'], ['list'], ['resolve', '--', 'em++', 'a.cpp'],
                                       ['build', '--targets', 'libone']],
                         ids=lambda arguments: arguments[0])
def test_patterns_are_compiled_by_what_uses_them(fake: Emroot, arguments: list[str]):
    fake.build('libone')
    compiled = _shown('*compiled', fake.command(*arguments))
    assert [name for name in compiled if name.startswith('emroot.')] == []


@pytest.mark.parametrize('arguments', [['--help'], ['list'], ['build', '--targets', 'libone']],
                         ids=lambda arguments: arguments[0])
def test_parsers_are_made_of_the_command_that_is_given(fake: Emroot, arguments: list[str]):
    fake.build('libone')
    loaded = set(_shown('*sys.modules', fake.command(*arguments)))
    assert 'argparse' in loaded and 'shutil' not in loaded  # which the widths of terminals need not cost
    assert _shown('len(made)', fake.command(*arguments)) == ['1' if arguments == ['--help'] else '2']


def test_what_is_there_is_looked_at_once(fake: Emroot, tmp_path: Path):
    """Above all the headers, of which there are 1700."""
    fake.build('libone', cache=tmp_path)
    assert _shown('len(looked)', fake.command('build', '--targets', 'libone', '--cache', tmp_path)) == ['1']


def test_what_is_there_needs_neither_links_nor_a_plan(fake: Emroot, tmp_path: Path):
    fake.build('libone', cache=tmp_path)
    loaded = set(_shown('*sys.modules', fake.command('build', '--targets', 'libone', '--cache', tmp_path)))
    assert 'emroot.engine.build' in loaded
    unneeded = {'emroot.libraries.resolution', 'emroot.libraries.link_line', 'emroot.keys.plan', 'emroot.engine.build_executor',
                'emroot.cli.ui.notices', 'subprocess', 'tempfile', 'random', 'hashlib'}
    assert sorted(loaded & unneeded) == []


def test_what_only_looks_needs_no_store(fake: Emroot):
    loaded = set(_shown('*sys.modules', fake.command('resolve', '--', 'em++', 'main.cpp')))
    assert 'emroot.libraries.resolution' in loaded
    assert sorted(loaded & {'emroot.store', 'emroot.engine.build'}) == []


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='there is no /dev/full here')
@pytest.mark.parametrize('arguments', [['--help'], ['--version'], ['build', '--help']], ids=' '.join)
def test_help_that_cannot_be_written_is_an_error(arguments: list[str]):
    with open('/dev/full', 'w') as full:
        ran = subprocess.run([sys.executable, '-m', 'emroot', *arguments], env=plain_environment(), text=True, stdout=full,
                             stderr=subprocess.PIPE, check=False)
    assert ran.returncode == 1
    assert ran.stderr.startswith('emroot: error: standard output cannot be written to: No space left on device\n  hint: ')
    assert 'Traceback' not in ran.stderr and 'ignored' not in ran.stderr


@pytest.mark.skipif(sys.platform != 'linux', reason='other systems do not fork well')
@pytest.mark.parametrize('arguments', [['resolve', '--', 'em++', 'main.cpp'], ['build', '--targets', 'libone']],
                         ids=lambda arguments: arguments[0])
def test_the_sdk_is_looked_at_while_modules_are_loaded(fake: Emroot, arguments: list[str]):
    program = """
import os, sys
from emroot.cli import main
fork = os.fork
def forking():
    loaded = [name in sys.modules for name in ('emroot.libraries.catalogue', 'emroot.engine.build')]
    if child := fork():
        print('forked', *loaded)
    return child
os.fork = forking
main(sys.argv[1:])
"""
    command = fake.command(*arguments)
    fake(*arguments)
    ran = subprocess.run([sys.executable, '-c', program, *command[command.index('emroot') + 1:]], env=plain_environment(),
                         text=True, capture_output=True, check=True)
    assert ran.stdout.splitlines()[0] == 'forked False False'


@pytest.mark.parametrize(('before', 'quick'), [
    ('', True), ('sys.settrace(lambda *_: None)', False), ('sys.setprofile(lambda *_: None)', False),
    ('import threading; threading.Thread(target=__import__("time").sleep, args=(2,)).start()', False)],
    ids=['nothing', 'debugger', 'profiler', 'thread'])
def test_a_process_ends_at_once_if_nobody_minds(before: str, quick: bool):
    script = ('import atexit, sys\nfrom emroot.cli.ui.streams import end_process\n'
              f'atexit.register(print, "at exit")\n{before}\nprint("done")\n'
              'code = end_process(3)\nprint("tidying")\nsys.exit(code)')
    ran = subprocess.run([sys.executable, '-c', script], env=plain_environment(), text=True, capture_output=True, check=False)
    assert ran.returncode == 3
    assert ran.stdout.splitlines() == ['done', *([] if quick else ['tidying']), 'at exit']
