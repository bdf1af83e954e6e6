"""The recorded command lines are those that the SDK really runs: its own embuilder is watched at the compiler's door."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support.fake import make_program
from support.overlay import configuration, overlay
from support.running import plain_environment

from emroot.host.home import Home
from emroot.libraries.catalogue import Catalogue
from emroot.modes import parse_mode
from emroot.sdk import find_sdk

#: Stands between emcc and clang (COMPILER_WRAPPER): notes the command line, and leaves empty objects.
RECORDER = '''#!{python} -IS
import json, os, sys
args = sys.argv[1:]
with open({log!r}, 'a') as f:
    f.write(json.dumps(args) + '\\n')
outputs = [a[2:] if a != '-o' else args[i + 1] for i, a in enumerate(args) if a.startswith('-o')]
sources = [a for a in args if a.endswith(('.c', '.cpp', '.s', '.S'))]
for output in outputs or [os.path.splitext(os.path.basename(s))[0] + '.o' for s in sources]:
    open(output, 'w').close()
'''
TARGETS = ('crt1', 'crt1_reactor', 'libnoexit', 'libstubs-debug', 'libal', 'libembind', 'libjsmath', 'libwasmfs_no_fs',
           'libprintf_long_double-mt-debug', 'libclang_rt.ubsan_minimal', 'libubsan_minimal_rt', 'libunwind-noexcept',
           'libwasm_workers-debug', 'libbulkmemory', 'libc_optz')


def _essence(argv: list[str]) -> tuple[str, ...]:
    """A command line without its inputs and outputs, which one may give all at once and another one by one."""
    kept, skip = [], False
    for arg in argv[1:]:
        if not skip and not arg.startswith('-o') and not arg.endswith(('.c', '.cpp', '.s', '.S')):
            kept.append(arg)
        skip = arg == '-o'
    return (os.path.basename(argv[0]), *kept)


@pytest.mark.parametrize('mode', ['wasm64-thinlto-pic', pytest.param('wasm32', marks=pytest.mark.slow)])
def test_recipes_are_what_embuilder_runs(sdk_root: Path, home: Home, tmp_path: Path, careful_python: Path, mode: str):
    wrapper, log = tmp_path / 'recorder', tmp_path / 'log'
    make_program(wrapper, RECORDER.format(python=sys.executable, log=str(log)))
    config = f'{configuration(sdk_root)}COMPILER_WRAPPER = {str(wrapper)!r}\nCACHE = {str(tmp_path / "emscripten" / "cache")!r}\n'
    watched = overlay(sdk_root, tmp_path / 'emscripten', {'.emscripten': config})
    sdk = find_sdk(home, watched)
    catalogue = Catalogue(sdk, home)
    targets = [t for t in TARGETS if t in catalogue.listing(parse_mode(mode)).libraries]
    assert len(targets) >= 12

    command = [*sdk.python, str(watched / 'embuilder.py'), *parse_mode(mode).embuilder_flags, 'build', *targets]
    env = plain_environment({'EMSDK_PYTHON': str(careful_python), 'PYTHON': str(careful_python), 'PYTHONDONTWRITEBYTECODE': '1'})
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert log.is_file(), done.stderr
    assert done.returncode == 0, done.stderr
    really: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for line in log.read_text().splitlines():
        argv = json.loads(line)
        sources = [a for a in argv if a.endswith(('.c', '.cpp', '.s', '.S'))]
        really.update((os.path.basename(source), _essence(argv)) for source in sources)

    recorded: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for target, recipe in catalogue.recipes(parse_mode(mode), targets).items():
        build_dir = f'-fdebug-compilation-dir={watched}/cache/build/{target}-tmp'  # said by the process, not the command
        for member in recipe.members:
            argv = [a.replace('{cache}', f'{watched}/cache').replace('{sdk}', str(watched)) for a in member.argv]
            argv = [str(sdk.tools[argv[0]]), *(a for a in argv[1:] if a not in ('{source}', build_dir))]
            recorded[os.path.basename(member.source), _essence(argv)] += 1
    assert recorded == really
