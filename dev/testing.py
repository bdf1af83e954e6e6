"""`dev.py test`: get what the tests need, run them, and say what could not run. `--slow` adds those that take minutes."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from . import check, wine
from .places import dev_home, get_sdks, say

#: Unit tests start one process after the other, so that several run at once; a file's tests share what they set up.
UNIT = ['-n', str(os.cpu_count() or 1), '--dist', 'loadfile', 'tests/unit']
#: Of the others, most wait for one process at a time: two at once, Bazel's (the longest) from the beginning.
OTHERS = ['-n', '2', '--dist', 'loadfile', '--no-loadscope-reorder',
          *(f'tests/{part}' for part in ('bazel', 'sdk', 'remote', 'browser', 'project'))]


def main(arguments: list[str]) -> int:
    """Run the static checks and pytest. In CI (CI=true) whatever cannot run is a failure."""
    began = time.monotonic()
    slow = '--slow' in arguments
    chosen = [argument for argument in arguments if argument != '--slow']
    strict = os.environ.get('CI', '').lower() in ('1', 'true')
    say('getting the SDKs to test with')
    roots, missing = get_sdks()
    for problem in missing:
        say(f'CANNOT RUN: {problem}')
    checked = 0 if chosen else max(check.main(), wine.main([]))
    env = {**os.environ, 'EMROOT_TEST_SDKS': os.pathsep.join(map(str, roots)), 'EMROOT_TEST_HOME': str(dev_home().root)}
    which = [] if slow or '-m' in chosen else ['-m', 'not slow']
    parts = [chosen] if chosen else [UNIT, OTHERS]
    pytest = [sys.executable, '-m', 'pytest', *which]
    tested = max(subprocess.run([*pytest, *part], env=env, check=False).returncode for part in parts)
    if not slow:
        say('tests that take minutes were left out: python3 dev.py test --slow')
    say(f'tested in {time.monotonic() - began:.0f} s with {len(roots)} SDKs: {", ".join(map(str, roots))}')
    if missing and strict:
        say('failed: in CI everything has to run')
        return 1
    return tested or checked


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
