"""Links below `emroot run` with an Emscripten that is not quite the one emroot knows: what moved costs time, never a link."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from lazy_support import SMALL, SOURCE
from support.overlay import overlay
from support.running import Emroot, Ran
from support.snapshots import seed

#: How a later release may start the linker; the first is how upstream does from 6.0.6 on.
STARTS = '''
  import subprocess as sub
  how = os.environ['TEST_STARTS']
  if how == 'run_process':
    try:
      import tools.utils
      proc = (getattr(shared, 'run_process', None) or tools.utils.run_process)(cmd, stderr=sub.PIPE)
      sys.stderr.write(proc.stderr)
    except sub.CalledProcessError as e:
      sys.stderr.write('captured: ' + e.stderr)
      exit_with_error('linker failed (%d)', e.returncode)
  elif how == 'Popen':
    if sub.Popen(args=cmd).wait():
      exit_with_error('linker failed')
  elif how == 'shell':
    if os.system(' '.join("'%s'" % word for word in cmd)):
      exit_with_error('linker failed')
  elif how == 'launcher':
    sub.check_call([sys.executable, '-c', 'import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))', *cmd])
  elif how == 'spawn':
    if os.spawnv(os.P_WAIT, cmd[0], cmd):
      exit_with_error('linker failed')
'''
#: How one may come to know of its libraries: it looks at them, or by functions of other names.
LOOKS = "    fullpath = self.build()\n    if os.environ.get('TEST_LOOKS'):\n      open(fullpath, 'rb').close()\n"
GONE = "\n\nlibraries_to_link = get_libs_to_link\nif os.environ.get('TEST_GONE'):\n  del get_libs_to_link\n"
LAZY = ('Popen', pytest.param('run_process', marks=pytest.mark.slow))
WHOLE = ('spawn', pytest.param('shell', marks=pytest.mark.slow), pytest.param('launcher', marks=pytest.mark.slow))


class Release:
    """An SDK that is changed, a home that knows the indexes of what the small link needs, and links."""

    def __init__(self, emroot: Emroot, directory: Path) -> None:
        self.emroot, self.directory = emroot, directory
        self.links = 0

    def link(self, how: str, source: str = SOURCE['main.c'], **env: str) -> tuple[Ran, Path, Path]:
        """A link with a home and a cache directory of its own: what came of it, the cache directory and the program."""
        self.links += 1
        work = self.directory / f'{self.links}'
        work.mkdir()
        seed(work / 'home', self.emroot.home, link=True)
        emroot = Emroot(work / 'home', self.emroot.sdk)
        assert emroot('index', 'import', self.directory / 'indexes').code == 0
        (work / 'main.c').write_text(source)
        command = [sys.executable, '-E', '-B', f'{self.emroot.sdk}/emcc.py', *SMALL[1:], 'main.c', '-o', 'main.js']
        ran = emroot('run', '--cache', work / 'cache', '--', *command, cwd=work, env={'TEST_STARTS': how, **env})
        return ran, work / 'cache', work / 'main.wasm'


@pytest.fixture(scope='module')
def release(sdk_root: Path, tmp_path_factory: pytest.TempPathFactory, built_before: dict[str, str]) -> Release:
    """One whose `link_lld` starts the linker as TEST_STARTS says."""
    directory = tmp_path_factory.mktemp('release')
    building, libraries = ((sdk_root / 'tools' / name).read_text(encoding='utf-8') for name in ('building.py', 'system_libs.py'))
    before, after = building.split('def link_lld', 1)
    assert '  check_call(cmd)\n' in after and '    fullpath = self.build()\n' in libraries
    libraries = re.sub(r'(?<!def )get_libs_to_link\(', "globals().get('get_libs_to_link', libraries_to_link)(", libraries)
    changes = {'tools/building.py': before + 'def link_lld' + after.replace('  check_call(cmd)\n', STARTS, 1),
               'tools/system_libs.py': libraries.replace('    fullpath = self.build()\n', LOOKS, 1) + GONE}
    root = overlay(sdk_root, directory / 'sdk', changes)
    emroot = Emroot(directory / 'home', root)
    ran = emroot('index', 'export', '--for', ' '.join(SMALL), '-o', directory / 'indexes', env=built_before)
    assert ran.code == 0, ran.err
    return Release(emroot, directory)


def _archives(cache: Path) -> list[str]:
    """The libraries that emcc finds, without those that lazy links keep for themselves."""
    return sorted(path.name for path in (cache / 'sysroot').rglob('*.a'))


@pytest.mark.parametrize('how', LAZY)
def test_a_linker_that_is_started_otherwise_is_still_stood_in_for(release: Release, how: str):
    ran, cache, program = release.link(how)
    assert ran.code == 0, ran.err
    assert 'libsockets.a' not in _archives(cache)
    whole = release.link(how, EMROOT_LAZY='off')
    assert program.read_bytes() == whole[2].read_bytes()


@pytest.mark.parametrize('how', WHOLE)
def test_a_linker_that_cannot_be_stood_in_for_finds_whole_libraries(release: Release, how: str):
    ran, cache, program = release.link(how)
    assert ran.code == 0, ran.err
    assert program.is_file()
    assert {'libnoexit.a', 'libsockets.a'} <= {*_archives(cache)}
    assert 'generating system library' not in ran.err
    assert 'unable to find library' not in ran.err


def test_a_command_in_a_response_file_is_read(release: Release):
    ran, cache, _ = release.link('run_process', EM_FORCE_RESPONSE_FILES='1')
    assert ran.code == 0, ran.err
    assert 'libsockets.a' not in _archives(cache)


def test_what_the_linker_says_is_emccs_to_judge(release: Release):
    """It looks for C++ in it, and advises em++."""
    ran, _, _ = release.link('run_process', source=SOURCE['main.c'].replace('bind(', 'nowhere('))
    assert ran.code == 1
    assert re.search(r'captured: .*undefined symbol: nowhere', ran.err), ran.err
    assert ran.err.count('undefined symbol: nowhere') == 1


@pytest.mark.parametrize('lazy', ['exact', pytest.param('off', marks=pytest.mark.slow)])
def test_what_is_gone_is_named_and_emcc_links_all_the_same(release: Release, lazy: str):
    ran, _, program = release.link('Popen', TEST_GONE='1', EMROOT_LAZY=lazy)
    assert ran.code == 0, ran.err
    assert 'emroot: warning: this Emscripten has no tools.system_libs.get_libs_to_link: links build' in ran.err
    assert program.is_file()


@pytest.mark.parametrize('lazy', ['exact', pytest.param('off', marks=pytest.mark.slow)])
def test_a_library_that_emcc_looks_at_is_there(release: Release, lazy: str):
    """A release may look at what it will link before it starts the linker."""
    ran, cache, program = release.link('Popen', TEST_LOOKS='1', EMROOT_LAZY=lazy)
    assert ran.code == 0, ran.err
    assert program.is_file()
    assert 'libsockets.a' in _archives(cache)
    assert 'generating system library' not in ran.err
