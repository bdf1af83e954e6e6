"""An emcc of a few lines below `emroot run`: it asks its cache for libraries and ports as Emscripten does, and starts a linker.

Its configuration loads the hook (`probe/emcc_hook/hook.py`); what the hook starts is a program that notes how, and makes files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emroot.bazel.toolchain.missing_libraries import HOOK_CONFIG
from emroot.modes import mode_names
from emroot.probe import HOOK
from support.fake import make_program

_FILES = {
    'tools/__init__.py': '',
    'tools/link.py': '',
    'tools/response_file.py': '''
def substitute_response_files(words):
    found = []
    for word in words:
        found += open(word[1:]).read().split() if word.startswith('@') else [word]
    return found
''',
    'tools/config.py': '''
import os
CACHE, COMPILER_WRAPPER = os.environ['EM_CACHE'], os.environ.get('TEST_WRAPPER')
PORTS = os.path.join(CACHE, 'ports')
said = {}
with open(os.environ['EM_CONFIG']) as f:
    exec(f.read(), said)
FROZEN_CACHE = said.get('FROZEN_CACHE')
if 'EM_FROZEN_CACHE' in os.environ:
    FROZEN_CACHE = os.environ['EM_FROZEN_CACHE'] not in ('', '0')
CACHE = os.environ.get('TEST_CACHE', CACHE)  # as --cache has it
''',
    'tools/cache.py': '''
import os, sys
from . import config

def get_lib_dir(absolute):
    path = 'sysroot/lib/wasm32-emscripten' + ('/lto' if '-flto' in sys.argv else '')
    return os.path.join(config.CACHE, path) if absolute else path

def get_path(name):
    return os.path.join(config.CACHE, name)

def get_lib(name, *args, **kwargs):
    return get(os.path.join(get_lib_dir(absolute=False), name), *args, **kwargs)

def get(name, creator, what=None):
    path = get_path(name)
    if not os.path.exists(path):
        if config.FROZEN_CACHE:
            raise Exception('FROZEN_CACHE is set, but cache file is missing: "%s"' % name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        creator(path)
    return path

def create(path):
    with open(path, 'w') as f:
        f.write('emcc')
''',
    'tools/system_libs.py': '''
import os, sys
from . import cache

class Library:
    def __init__(self, name):
        self.name = name

    @classmethod
    def get_all_variations(cls):
        return {name: cls(name) for name in ('libal', 'libc', 'libone', 'libtwo')}

    def get_base_name(self):
        return self.name

    def get_path(self, absolute=False):
        return os.path.join(cache.get_lib_dir(absolute=absolute), self.name + '.a')

    def build(self):
        return cache.get(self.get_path(), cache.create)

def get_libs_to_link(names):
    paths = [Library(name).build() for name in names]
    if 'TEST_LOOKS' in os.environ and not all(map(os.path.exists, paths)):
        sys.exit('emcc: a library is not there')
    return paths
''',
    'tools/ports/__init__.py': '''
import os
from tools import cache, config

class Ports:
    @staticmethod
    def get_dir(*parts):
        return os.path.join(config.PORTS, *parts)

class Port:
    def __init__(self, name):
        self.name = name

    def get(self):
        mark = Ports.get_dir(self.name, '.emscripten_url')
        def create(path):
            if not os.path.exists(Ports.get_dir(self.name, 'source.c')):
                os.makedirs(os.path.dirname(mark), exist_ok=True)
                assert not os.path.exists(mark), 'emcc takes it that the sources are there'
                for name in ('source.c', '.emscripten_url'):
                    cache.create(Ports.get_dir(self.name, name))
            cache.create(path)
        return [cache.get_lib('lib%s.a' % self.name, create, what='port')]

def dependency_order(names):
    return [Port(name) for name in names]

def load_external_port(port):
    os.makedirs(Ports.get_dir(port.name), exist_ok=True)
    cache.create(Ports.get_dir(port.name, 'definition'))
''',
    'emcc.py': '''
import os, subprocess, sys
from tools import cache, ports, response_file, system_libs

words, inputs = sys.argv[1:], []
for word in words:
    if word.startswith('--external='):
        ports.load_external_port(ports.Port(word[len('--external='):]))
for port in ports.dependency_order([word[len('--use-port='):] for word in words if word.startswith('--use-port=')]):
    inputs += port.get()
from tools import link
named = [system_libs.Library('lib' + word[2:]).build() for word in words if word.startswith('-l')]
libraries = [*named, *inputs, *system_libs.get_libs_to_link(['libal', 'libc'])]
if '--nm' in words:
    subprocess.run([sys.executable, '-IS', '-c', 'import sys; sys.exit(not open(sys.argv[1]).read())', libraries[-1]], check=True)
if '--look' in words:
    open(libraries[-1]).close()
if '--echo' in words:
    subprocess.run([sys.executable, '-IS', '-c', ''], check=True)
linker = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'wasm-ld')
sys.exit(subprocess.run([linker, *libraries, '-o', 'a.wasm']).returncode)
''',
    'embuilder.py': '''
import logging, sys
logging.basicConfig(level=logging.INFO)
from tools import cache, ports, system_libs

for name in [word for word in sys.argv[2:] if not set(word) & set('-/:') and word != 'sysroot']:
    system_libs.Library(name).build()
''',
    'wasm-ld': f'''#!{sys.executable} -IS
import os, sys
files = [word for word in sys.argv[1:] if word.endswith('.a')]
lacks = [file for file in files if not os.path.exists(file)]
if lacks and 'TEST_ASKS' not in os.environ:
    sys.exit('wasm-ld: error: cannot open %s' % lacks[0])
with open('a.wasm', 'w') as f:
    f.write(' '.join(os.path.basename(file) for file in files))
''',
    'emroot.py': '''
import json, os, sys
here, words = os.path.dirname(os.path.abspath(__file__)), sys.argv[1:]
request = json.load(open(words[-1])) if words[-1].endswith('.json') else None
with open(here + '/started', 'a') as f:
    f.write(json.dumps({'words': words, 'request': request, 'environment': dict(os.environ)}) + '\\n')
with open(here + '/does.json') as f:
    does = json.load(f)
for path in does['makes']:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w') as f:
        f.write('emroot')
if request and 'said' in request:
    with open(request['said'], 'w') as f:
        f.write(does['says'])
sys.exit(does['code'])
''',
}
LIBRARIES = 'sysroot/lib/wasm32-emscripten'
LIBC, LIBAL, LIBZ = (f'{LIBRARIES}/{name}.a' for name in ('libc', 'libal', 'libz'))
#: What a port leaves in a cache directory, and what emroot notes of its library.
MARK, RECORD = 'ports/z/.emscripten_url', f'.emroot/{LIBZ}.json'


@dataclass(frozen=True)
class Started:
    """How the hook started emroot."""

    words: list[str]
    """The arguments after the cache directory."""
    cache: str
    request: dict[str, Any] | None
    environment: dict[str, str] = field(repr=False)


@dataclass(frozen=True)
class HookedEmcc:
    """An SDK below `top`, a cache directory beside it, and a configuration of `emroot run`."""

    top: Path

    @classmethod
    def make(cls, top: Path) -> HookedEmcc:
        """Lay it out: emroot is asked for whole libraries, and can make none."""
        for name, text in {**_FILES, 'emscripten-version.txt': '"6.0.5"'}.items():
            (top / 'sdk' / name).parent.mkdir(parents=True, exist_ok=True)
            (top / 'sdk' / name).write_text(text, encoding='utf-8')
        make_program(top / 'sdk' / 'wasm-ld', _FILES['wasm-ld'])
        emcc = cls(top)
        emcc.configure()
        emcc.emroot_makes()
        emcc.notices.touch()
        return emcc

    @property
    def cache(self) -> Path:
        """The cache directory of `emroot run`."""
        return self.top / 'cache'

    @property
    def notices(self) -> Path:
        """The file by which `emroot run` is told something."""
        return self.top / 'run.notices'

    def configure(self, *, lazy: bool = False, name: str = 'run.config') -> None:
        """Write the configuration."""
        argv = [sys.executable, '-IS', str(self.top / 'sdk' / 'emroot.py')]
        command: dict[str, Any] = {'root': str(self.top / 'sdk'), 'cache': str(self.cache), 'modes': mode_names(),
                                   'argv': [*argv, '--cache', 'that of the run'],
                                   'env': {'EMROOT_TEST': 'passed on', 'EM_PORTS': 'too'}}
        if lazy:
            command['lazy'] = [*argv, '--lazy', '--cache', 'that of the run']
        (self.top / name).write_text(HOOK_CONFIG.format(hook=str(HOOK), command=command), encoding='utf-8')

    def freeze(self, name: str = 'run.config') -> None:
        """Freeze the cache at the end of the configuration, as a program below `emroot run` may."""
        with open(self.top / name, 'a', encoding='utf-8') as f:
            f.write('FROZEN_CACHE = True\n')

    def emroot_makes(self, *paths: str, code: int = 0, says: str = '') -> None:
        """Have emroot make these files of the cache directory, say something about a link, and end so."""
        does = {'makes': [str(self.cache / path) for path in paths], 'code': code, 'says': says}
        (self.top / 'sdk' / 'does.json').write_text(json.dumps(does), encoding='utf-8')

    def has(self, *paths: str) -> None:
        """Put files into the cache directory."""
        for path in paths:
            (self.cache / path).parent.mkdir(parents=True, exist_ok=True)
            (self.cache / path).write_text('there', encoding='utf-8')

    def __call__(self, *words: str, env: Mapping[str, str] | None = None, program: str = 'emcc.py',
                 config: str = 'run.config') -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        given = {name: value for name, value in os.environ.items() if not name.startswith(('EM', 'PYTHON'))}
        given.update(EM_CONFIG=str(self.top / config), EM_CACHE=str(self.cache))
        return subprocess.run([sys.executable, '-S', '-B', str(self.top / 'sdk' / program), *words], cwd=self.top,
                              env={**given, **(env or {})}, text=True, check=False, capture_output=True)

    @property
    def started(self) -> list[Started]:
        """Each start of emroot since the last look."""
        file = self.top / 'sdk' / 'started'
        lines = file.read_text(encoding='utf-8').splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        found = []
        for said in map(json.loads, lines):
            at = said['words'].index('--cache')
            found.append(Started(said['words'][:at] + said['words'][at + 2:], said['words'][at + 1], said['request'],
                                 said['environment']))
        return found

    @property
    def linked(self) -> Sequence[str]:
        """The names of the files that the linker was given; none if it was not started."""
        file = self.top / 'a.wasm'
        return file.read_text(encoding='utf-8').split() if file.exists() else []

    def made_by(self, path: str) -> str:
        """Who made a file of the cache directory: `emcc`, `emroot`, `there` (before), or empty."""
        file = self.cache / path
        return file.read_text(encoding='utf-8') if file.exists() else ''


def words(started: Sequence[Started]) -> list[list[str]]:
    """The arguments of each start of emroot."""
    return [each.words for each in started]
