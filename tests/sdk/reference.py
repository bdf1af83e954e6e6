"""What emcc itself asks for: the unchanged emcc runs, in a cache directory of empty files, up to a linker that only
writes down its arguments.

Shares no code with the resolver. The cache is frozen, so emcc names a file that it misses; that file is made, empty, and
emcc is started again. What then stands on the linker's command line is the truth, in its order.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from support.fake import make_program

from emroot.sdk import Sdk

LINKER = '''#!{python}
import json, os, sys
if '-o' in sys.argv and not os.path.exists(os.environ['REFERENCE_RECORD']):
    with open(os.environ['REFERENCE_RECORD'], 'w') as f:
        json.dump(sys.argv[1:], f)
sys.exit(1)
'''

#: Asks each port for the address of its sources: what emcc wants to find in `ports/NAME/.emscripten_url`.
PORT_ADDRESSES = '''
import contextlib, json, os, sys
from unittest.mock import MagicMock
sys.path.insert(0, sys.argv[1])
from tools import ports
from tools.settings import settings
found = {}
class Sources(MagicMock):
    def fetch_project(self, name, url, *args, **kwargs):
        found[name] = url
    def get_build_dir(self):
        return ''
os.path.exists = lambda path: True  # as if every port had been built
for name, port in ports.ports_by_name.items():
    if hasattr(port, 'EXTERNAL_PORT'):
        found[name + '/' + port.PORT_FILE] = port.EXTERNAL_PORT
    with contextlib.suppress(Exception):
        port.get(Sources(), settings, MagicMock())
print(json.dumps(found))
'''

PORT = '''
OPTIONS = {'value': 'a number'}
URL, DESCRIPTION, LICENSE = 'https://example.org', 'a port of our own', 'MIT'
deps = ['zlib']
chosen = {'value': '1'}

def get(ports, settings, shared):
    return [shared.cache.get_lib('libown_port_%s.a' % chosen['value'], lambda final: None)]

def clear(ports, settings, shared):
    pass

def show():
    return 'own'

def handle_options(options, error_handler):
    chosen.update(options)
'''

INPUTS = {'main.o': '', 'main.c': 'int main(void) { return 0; }\n', 'main.cpp': 'int main() { return 0; }\n',
          'conftest.c': 'int main(void) { return 0; }\n', 'conftest.cpp': 'int main() { return 0; }\n',
          'main.js': '', 'data.txt': 'data', 'libown.a': '!<arch>\n', 'own.py': PORT,
          'exports.txt': '_main\n_other\n', 'line.rsp': '-O2 -pthread "-sMAXIMUM_MEMORY=64MB" main.o -o app.js\n'}
#: A WebAssembly module that begins with a `dylink.0` section (memory: nothing), which makes it a dynamic library.
DYNAMIC_LIBRARY = b'\0asm\1\0\0\0' + b'\0\x0f' + b'\x08dylink.0' + b'\1\4\0\0\0\0'
#: Of ports' sources, what a link reads.
PORT_SOURCES = ('contrib.glfw3/src/js/lib_emscripten_glfw3.js',)
#: Everywhere that emcc may look.
MODES = [f'{arch}-emscripten{mode}' for arch in ('wasm32', 'wasm64')
         for mode in ('', '/lto', '/thinlto', '/pic', '/lto-pic', '/thinlto-pic')]


@dataclass(frozen=True)
class Truth:
    """What emcc did: files that it asked its cache for, in link order, or its refusal."""

    files: tuple[str, ...] = ()
    directory: str = ''
    refused: str = ''
    missed: tuple[str, ...] = ()
    """Files that emcc asked for and that were not there before, in its order."""


class Reference:
    """One SDK's emcc, prepared in `location`. Links run in `inputs`. Archives called `names` are there in every mode, which
    spares asking for each; what emcc does with them is up to it."""

    def __init__(self, sdk: Sdk, work: Path, names: Iterable[str]) -> None:
        self.sdk, self.directory = sdk, work
        self.cache, self.inputs, self.python = work / 'cache', work / 'inputs', work / 'python' / 'bin' / 'python3'
        for directory in (self.cache, self.inputs, work / 'bin'):
            directory.mkdir(parents=True)
        for name, text in INPUTS.items():
            (self.inputs / name).write_text(text, encoding='utf-8')
        for name in ('side.so', 'libside.so'):
            (self.inputs / name).write_bytes(DYNAMIC_LIBRARY)
        (self.cache / 'sysroot_install.stamp').write_text('x')
        (self.cache / 'ports-builds' / 'sdl2').mkdir(parents=True)  # what 3.1.69's sdl2_image takes for a built sdl2
        for mode in MODES:
            (self.cache / 'sysroot' / 'lib' / mode).mkdir(parents=True, exist_ok=True)
            for name in names:
                (self.cache / 'sysroot' / 'lib' / mode / name).touch()
        self._make_python()
        self._make_tools()
        self._mark_ports()

    def _make_python(self) -> None:
        """emcc starts some of its tools with `python3 -E`, which would leave bytecode in the SDK; this Python leaves it
        elsewhere, whatever the flags."""
        subprocess.run([*self.sdk.python, '-m', 'venv', '--without-pip', str(self.directory / 'python')], check=True)
        for packages in (self.directory / 'python').glob('lib/python*/site-packages'):
            (packages / 'sitecustomize.py').write_text(f'import sys\nsys.pycache_prefix = {str(self.directory / "bytecode")!r}\n')

    def _make_tools(self) -> None:
        linker = self.sdk.tools['wasm-ld'].name
        for tool in self.sdk.llvm_root.iterdir():
            if tool.name != linker:
                (self.directory / 'bin' / tool.name).symlink_to(tool)
        stand_in = self.directory / 'bin' / linker
        make_program(stand_in, LINKER.format(python=sys.executable))
        (self.directory / 'config').write_text(f'{self.sdk.config_text}LLVM_ROOT = {str(self.directory / "bin")!r}\n'
                                           'FROZEN_CACHE = True\n')

    def _mark_ports(self) -> None:
        said = subprocess.run([self.python, '-c', PORT_ADDRESSES, str(self.sdk.root)], check=True,
                              env=self._environment({}), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        for name, address in json.loads(said.splitlines()[-1]).items():
            port, _, file = name.partition('/')
            marker = self.cache / 'ports' / port / '.emscripten_url'
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.write_text(address + '\n')
            if file:
                (marker.parent / file).parent.mkdir(parents=True, exist_ok=True)
                (marker.parent / file).write_text(PORT)
        for source in PORT_SOURCES:
            (self.cache / 'ports' / source).parent.mkdir(parents=True, exist_ok=True)
            (self.cache / 'ports' / source).touch()

    def _environment(self, environment: dict[str, str]) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(('EM', '_EM', 'PYTHON'))}
        return {**kept, 'EM_CONFIG': str(self.directory / 'config'), 'EM_CACHE': str(self.cache), **environment,
                'PATH': os.pathsep.join([str(self.python.parent), kept['PATH']])}

    def link(self, words: tuple[str, ...], environment: dict[str, str]) -> Truth:
        """Run one link as far as the linker."""
        record = self.directory / 'record.json'
        env = {**self._environment(environment), 'REFERENCE_RECORD': str(record)}
        command = [str(self.python), str(self.sdk.root / f'{words[0]}.py'), *words[1:]]
        missed: list[str] = []
        while True:
            record.unlink(missing_ok=True)
            done = subprocess.run(command, cwd=self.inputs, env=env, stdin=subprocess.DEVNULL, text=True, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            missing = re.search(r'^Exception: FROZEN_CACHE is set, but cache file is missing: "(.+?)"', done.stdout, re.M)
            if not missing or missing[1] in missed:
                break
            missed.append(missing[1])
            file = self.cache / missing[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text('')
        if record.exists():
            return self._read(json.loads(record.read_text()), tuple(missed))
        return Truth(refused=done.stdout if done.returncode else '', missed=tuple(missed))

    def _read(self, arguments: list[str], missed: tuple[str, ...]) -> Truth:
        directories = [Path(a[2:]) for a in arguments if a.startswith('-L')]
        found: dict[str, None] = {}
        for argument in arguments:
            path = Path(argument)
            if argument.startswith('-l'):
                names = [directory / f'lib{argument[2:]}.a' for directory in directories]
                path = next((name for name in names if name.is_file()), path)
            if self.cache in path.parents:
                found[path.relative_to(self.cache).as_posix()] = None
        library = next((p for p in directories if self.cache in p.parents), None)
        return Truth(files=tuple(found), missed=missed,
                     directory=library.relative_to(self.cache).as_posix() if library else '')
