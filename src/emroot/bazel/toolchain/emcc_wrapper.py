"""The tools of the toolchain: what the launchers that `tools.bzl` makes start.

    python emcc_wrapper.py TOOL ROOT ABOUT HEADERS CLANG_HEADERS SOURCES ARGUMENT...

TOOL is `emcc`, `em++`, `emar`...; ROOT is Bazel's execution root, the four others are paths below it (`action.py`). A tool
answers as the SDK's own does, wherever it is started, with a configuration and a cache made of nothing but its inputs. What it
writes says nothing of where it ran. Bazel's own links end in one file, a tar: they have the option `--emroot-pack`.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).absolute().parents[3]))

from emroot.bazel.toolchain.action import LONG, Action, read_arguments  # the line above makes the package importable
from emroot.bazel.toolchain.compile_action import compile_
from emroot.bazel.toolchain.link_action import PACK, link
from emroot.bazel.toolchain.output_packer import is_packed, strip

#: What the features emcc_debug and emcc_debug_link say.
DEBUG = '--emroot-debug'
#: Tools that are LLVM's, by what they are called here.
LLVM = {'emar': 'llvm-ar', 'emdwp': 'llvm-dwp', 'emranlib': 'llvm-ranlib', 'emnm': 'llvm-nm', 'emsize': 'llvm-size',
        'emstrip': 'llvm-strip', 'llvm-objcopy': 'llvm-objcopy'}
#: Options with which emcc ends before it would link.
_NO_LINK = ('-c', '-S', '-E', '-M', '-MM', '-fsyntax-only', '--precompile')


def main(tool: str, root: str, about: str, headers: str, clang_headers: str, sources: str, *given: str) -> int:
    """Run one tool and return its exit code."""
    arguments = read_arguments(given)
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix='emroot-'))
        action = Action.of(root, about, headers, clang_headers, sources, scratch=Path(directory), stack=stack,
                           debug=DEBUG in arguments, packs=PACK in arguments)
        arguments = [a for a in arguments if a not in (DEBUG, PACK)]
        if tool == 'emstrip' and arguments and is_packed(arguments[-1]):
            return strip(action, arguments)
        if tool in LLVM:
            return llvm(action, LLVM[tool], arguments)
        if not action.packs and any(word in _NO_LINK for word in arguments):
            return compile_(action, f'{tool}.py', arguments)
        return link(action, f'{tool}.py', arguments)


def llvm(action: Action, program: str, arguments: list[str]) -> int:
    """Run one of LLVM's tools directly."""
    words = action.in_file(arguments) if sum(map(len, arguments)) > LONG else arguments
    tool = str(action.sdk.tools['clang'].with_name(program + ('.exe' if os.name == 'nt' else '')))
    return subprocess.run([tool, *words], env={**os.environ, 'LC_ALL': 'C'}, check=False).returncode


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
