"""What `dev.py upstream-tests` leaves behind when it is killed: results, and no processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.waiting import wait_until
from upstream.__main__ import RECORDER, chosen, portions
from upstream.results import Outcome, read_outcomes, worse

#: A runner with a test that passes, and one that starts a process and waits for it.
RUNNER = """
import subprocess, sys, unittest

class core0(unittest.TestCase):
    def test_a(self):
        pass
    def test_b(self):
        with open('started', 'w') as f:
            subprocess.run([sys.executable, '-c', 'import os, time; print(os.getpid(), flush=True); time.sleep(600)'], stdout=f)

def main():
    suite = unittest.TestSuite(core0(name) for name in ('test_a', 'test_b'))
    unittest.TextTestRunner().run(suite)
"""


@pytest.mark.skipif(os.name == 'nt', reason='Emscripten\'s tests run on Unix here')
def test_a_run_that_is_killed_leaves_results_and_no_process(tmp_path: Path):
    (tmp_path / 'test').mkdir()
    (tmp_path / 'test/runner.py').write_text(RUNNER)
    results, started = tmp_path / 'results', tmp_path / 'started'
    with subprocess.Popen([sys.executable, '-E', RECORDER, results, tmp_path, '900', 'core0.test_a'], stdin=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, start_new_session=True) as recorder:
        wait_until(lambda: started.is_file() and started.read_text().endswith('\n'))
        assert recorder.stdin
        recorder.stdin.close()  # as the system does for whoever is killed
        wait_until(lambda: recorder.poll() is not None)
    wait_until(lambda: not _is_alive(int(started.read_text())))
    with results.open('a') as f:
        f.write('{"name": "core0.test_b", "sta')
    assert {name: outcome.state for name, outcome in read_outcomes(results).items()} == {'core0.test_a': 'passed'}


def _is_alive(process: int) -> bool:
    try:
        return Path(f'/proc/{process}/stat').read_text().rpartition(')')[2].split()[0] not in 'ZX'
    except OSError:
        return False


def test_a_portion_is_of_one_suite():
    names = ['core0.test_a', 'core0.test_b', 'other.test_c', 'lto0.test_a']
    assert list(portions(names)) == [['core0.test_a', 'core0.test_b'], ['other.test_c'], ['lto0.test_a']]
    assert chosen(['other.*', 'core0.test_x'], names) == ['other.test_c', 'core0.test_x']
    assert chosen([], names, size=2) == ['core0.test_a', 'other.test_c']


def test_what_passes_with_plain_emcc_alone_is_worse():
    passed, failed = Outcome('passed', '', 1.0), Outcome('failed', 'why', 1.0)
    peer = {'a': passed, 'b': passed, 'c': failed, 'd': passed, 'e': passed}
    own = {'a': passed, 'b': failed, 'c': failed, 'd': Outcome('skipped', 'not with EM_FROZEN_CACHE', 0.0),
           'e': Outcome('skipped', 'no node', 0.0)}
    assert worse(peer, own) == ['b', 'e']
