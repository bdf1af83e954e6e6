"""A disk on which locks do not work (some network file systems): the work is done, and nothing waits for ever."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.running import Emroot, cannot_run
from support.snapshots import archives

pytestmark = pytest.mark.skipif(sys.platform != 'linux', reason='it is told to the dynamic linker of Linux')
_REFUSING = '''
#include <errno.h>
int flock(int descriptor, int operation) { errno = ENOLCK; return -1; }
'''


@pytest.mark.slow
def test_the_first_build_asks_the_sdk_without_its_own_locks(
        sdk_root: Path, tmp_path: Path, built: Callable[[tuple[str, ...]], Path]):
    """emcc's wait for a lock has no end, and looks like a lock that somebody holds."""
    compiler = shutil.which('cc') or shutil.which('gcc') or shutil.which('clang')
    if not compiler:
        cannot_run('there is no C compiler')
    (tmp_path / 'refusing.c').write_text(_REFUSING)
    library = tmp_path / 'refusing.so'
    subprocess.run([str(compiler), '-shared', '-fPIC', '-o', library, tmp_path / 'refusing.c'], check=True)
    probe = 'import fcntl, sys\ntry: fcntl.flock(sys.stdin, fcntl.LOCK_SH)\nexcept OSError as error: print(error.errno)'
    env = {'LD_PRELOAD': str(library)}
    said = subprocess.run([sys.executable, '-c', probe], env={**os.environ, **env}, capture_output=True, check=True)
    assert said.stdout, 'the test itself: locks work'
    emroot = Emroot(tmp_path / 'home', sdk_root)
    cache = Path(emroot.build('libnoexit', env={**env, 'EMROOT_SDK_SECONDS': '300'})['cache'])
    assert archives(cache).items() <= archives(built(('libnoexit',))).items()
    assert not list((emroot.home / 'store').rglob('cache.lock'))
