"""Links below `emroot run` with an Emscripten in which one of the functions that the hook knows is gone, each in turn.

The copy calls its functions as it always did, unless TEST_GONE names one: that one then has another name everywhere.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from lazy_support import SMALL, SOURCE
from support.overlay import overlay
from support.running import Emroot, Ran
from support.snapshots import seed

#: By module: functions, or methods of its classes, that `probe/emcc_hook/hook.py` changes or asks.
FUNCTIONS = {'cache': ('get', 'get_lib_dir', 'get_path'), 'system_libs': ('get_libs_to_link',), 'ports': ('dependency_order',),
             'response_file': ('substitute_response_files',)}
METHODS = ('build', 'get_path', 'get_base_name')
SEAMS = [f'{module}.{name}' for module, names in FUNCTIONS.items() for name in names] + [f'Library.{name}' for name in METHODS]
#: At the end of a module: what is to be gone has another name.
GONE = '''

import os as _os
import sys as _sys

_place, _, _name = _os.environ.get('TEST_GONE', '').rpartition('.')
for _each in [_sys.modules[__name__]] if _place == __name__.rpartition('.')[2] else list(globals().values()):
  if (_place == __name__.rpartition('.')[2] or _place == 'Library' and isinstance(_each, type)) and _name in vars(_each):
    setattr(_each, _name + '_moved', vars(_each)[_name])
    delattr(_each, _name)
'''
#: A module that is there under this name no more, though whoever imports it gets the one that took its location.
SHIM = '''import sys
from tools import %s_moved
sys.modules[__name__] = %s_moved
'''
#: The programs whose text is changed.
CHANGED = ('emcc.py', 'embuilder.py', 'tools/*.py', 'tools/ports/__init__.py')


def _moving(root: Path) -> dict[str, str]:
    """The files of a copy in which each seam can be taken away."""
    calls = '|'.join(rf'{module}\.(?:{"|".join(names)})' for module, names in FUNCTIONS.items())
    texts = {}
    for path in [path for pattern in CHANGED for path in sorted(root.glob(pattern))]:
        name = path.relative_to(root).as_posix()
        text = before = path.read_text(encoding='utf-8')
        if found := re.search(r'^from tools\.response_file import (\w+)$', text, re.MULTILINE):
            text = text.replace(found.group(), 'from tools import response_file')
            text = re.sub(rf'(?<![\w.]){found.group(1)}\(', f'response_file.{found.group(1)}(', text)
        text = _outside_strings(rf'(?<![\w.])({calls})\(', lambda found: _either(*found.group(1).rsplit('.', 1)), text)
        own = FUNCTIONS.get('ports' if name == 'tools/ports/__init__.py' else path.stem, ())
        if own:
            text = _outside_strings(rf'(?<![\w.])(?<!def )({"|".join(own)})\(',
                                    lambda found: "(globals().get('{0}') or globals()['{0}_moved'])(".format(found[1]), text)
        if path.stem == 'system_libs':
            methods = rf'(?<![\w.])(self|lib|super\(\))\.({"|".join(METHODS)})\('
            text = _outside_strings(methods, lambda found: _either(*found.groups()), text)
        if own:
            text += GONE
        if text != before:
            texts[name] = text
    return texts


def _outside_strings(pattern: str, change: Callable[[re.Match[str]], str], text: str) -> str:
    """Replace what a pattern finds, but in formatted strings, in which no quotes may be added."""
    def changed(found: re.Match[str]) -> str:
        before = found.string[:found.start()]
        return found[0] if re.search(r"\bf'[^']*$" r'|\bf"[^"]*$', before) else change(found)
    return ''.join(re.sub(pattern, changed, line) for line in text.splitlines(True))


def _either(holder: str, name: str) -> str:
    return f"(getattr({holder}, '{name}', None) or {holder}.{name}_moved)("


class Moving:
    """A copy of an SDK, a home that knows the indexes of the small link, and links."""

    def __init__(self, sdk_root: Path, directory: Path, built_before: dict[str, str]) -> None:
        self.directory, self.links = directory, 0
        texts = _moving(sdk_root)
        assert sum(text.endswith(GONE) for text in texts.values()) == len(FUNCTIONS)
        self.emroot = Emroot(directory / 'home', overlay(sdk_root, directory / 'sdk', texts))
        ran = self.emroot('index', 'export', '--for', ' '.join(SMALL), '-o', directory / 'indexes', env=built_before)
        assert ran.code == 0, ran.err

    def link(self, gone: str = '', *, lazy: str = 'exact', source: str = SOURCE['main.c'],
             sdk: Path | None = None) -> tuple[Ran, Path]:
        """A link with a home and a cache directory of its own: what came of it, and the program."""
        self.links += 1
        work = self.directory / f'{self.links}'
        work.mkdir()
        seed(work / 'home', self.emroot.home, link=True)
        emroot = Emroot(work / 'home', sdk or self.emroot.sdk)
        assert emroot('index', 'import', self.directory / 'indexes').code == 0
        (work / 'main.c').write_text(source)
        command = [sys.executable, '-E', '-B', f'{emroot.sdk}/emcc.py', *SMALL[1:], 'main.c', '-o', 'main.js']
        ran = emroot('run', f'--lazy={lazy}', '--cache', work / 'cache', '--', *command, cwd=work, env={'TEST_GONE': gone})
        return ran, work / 'main.wasm'


@pytest.fixture(scope='module')
def moving(sdk_root: Path, tmp_path_factory: pytest.TempPathFactory, built_before: dict[str, str]) -> Moving:
    return Moving(sdk_root, tmp_path_factory.mktemp('moving'), built_before)


@pytest.fixture(scope='module')
def right(moving: Moving) -> bytes:
    """The program that plain libraries give."""
    ran, program = moving.link(lazy='off')
    assert ran.code == 0, ran.err
    return program.read_bytes()


_MOST = ('system_libs.get_libs_to_link', 'Library.build', 'cache.get')


@pytest.mark.parametrize('seam', [seam if seam in _MOST else pytest.param(seam, marks=pytest.mark.slow) for seam in SEAMS])
def test_a_function_that_is_gone_costs_no_link(moving: Moving, right: bytes, seam: str):
    ran, program = moving.link(seam)
    assert ran.code == 0, ran.err
    assert program.read_bytes() == right


@pytest.mark.slow
@pytest.mark.parametrize('seam', SEAMS)
def test_a_function_that_is_gone_costs_no_link_of_whole_libraries(moving: Moving, right: bytes, seam: str):
    ran, program = moving.link(seam, lazy='off')
    assert ran.code == 0, ran.err
    assert program.read_bytes() == right


@pytest.mark.slow
@pytest.mark.parametrize('module', ['system_libs', 'cache'])
def test_a_module_that_has_another_name_costs_no_link(sdk_root: Path, moving: Moving, right: bytes, module: str, tmp_path: Path):
    text = (sdk_root / f'tools/{module}.py').read_text(encoding='utf-8')
    copy = overlay(sdk_root, tmp_path / 'sdk', {f'tools/{module}.py': SHIM % (module, module), f'tools/{module}_moved.py': text})
    ran, program = moving.link(sdk=copy)
    assert ran.code == 0, ran.err
    assert program.read_bytes() == right


@pytest.mark.slow
@pytest.mark.parametrize('seam', SEAMS)
def test_what_is_undefined_is_said_whatever_is_gone(moving: Moving, seam: str):
    ran, _ = moving.link(seam, source=SOURCE['main.c'].replace('bind(', 'nowhere('))
    assert ran.code == 1
    assert ran.err.count('undefined symbol: nowhere') == 1
