"""What Bazel runs when it fetches a repository: looks at an SDK, or asks it what a mode has to offer.

    python repository_fetch.py sdk|sources|mode|ports REQUEST.json OUT

The answer is JSON in the directory OUT, which the rules turn into labels. An error is one line on standard error, and the exit
code is that of the command line.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).absolute().parents[3]))

from emroot.bazel.repositories.mode_repository import fetch_mode  # the line above makes the package importable
from emroot.bazel.repositories.port_repository import fetch_ports
from emroot.bazel.repositories.sdk_repository import fetch_sdk
from emroot.bazel.repositories.sources_repository import fetch_sources
from emroot.errors import EmrootError, SdkError
from emroot.host.home import find_home
from emroot.probe import pure_environment

SDK_HINT = ('name one in MODULE.bazel, with emscripten_deps.sdk(path = "...") or emscripten_deps.sdk(emscripten_version = '
            '"..."), or with --repo_env=EMSDK=/path/to/emsdk')


def forget_the_shell() -> None:
    """Remove variables of emcc, clang and emroot: those that count are in the request, where Bazel sees them."""
    pure = pure_environment()
    for name in list(os.environ):
        if name not in pure or name.startswith(('EMROOT_', 'EMSDK')) or name == 'EMSCRIPTEN_ROOT':
            del os.environ[name]


def main(verb: str, request_file: str, out: str) -> int:
    """Fetch, and return the exit code."""
    forget_the_shell()
    request = json.loads(Path(request_file).read_text(encoding='utf-8'))
    home = find_home(request['home'])
    if seed := request.get('seed'):
        shutil.copytree(seed, home.root, dirs_exist_ok=True, ignore=shutil.ignore_patterns('store'))
    try:
        {'sdk': fetch_sdk, 'sources': fetch_sources, 'mode': fetch_mode, 'ports': fetch_ports}[verb](request, Path(out), home)
    except EmrootError as error:
        print(message_for_bazel(error), file=sys.stderr)
        return error.exit_code
    return 0


def message_for_bazel(error: EmrootError) -> str:
    """An error's text, with a hint for MODULE.bazel instead of the command line."""
    if isinstance(error, SdkError):
        what = error.message.replace('--sdk ', '').partition(' (looked at')[0]
        return f'{what}\n  hint: {SDK_HINT}'
    return str(error)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
