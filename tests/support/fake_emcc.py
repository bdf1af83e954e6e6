"""An SDK for the tools of the Bazel toolchain whose programs are one script: it notes how it was started, and leaves files as
emcc does."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emroot.bazel.toolchain.action import Action

PROGRAMS = ('emcc.py', 'em++.py', 'emstrip.py')
_PROGRAM = '''
import json, os, sys
words, cache, here = sys.argv[1:], os.environ['EM_CACHE'], os.path.dirname(os.path.abspath(__file__))
files = [os.path.relpath(os.path.join(folder, name), cache)
         for folder, _, names in os.walk(cache, followlinks=True) for name in names]
with open(os.environ['EM_CONFIG']) as config, open(os.path.join(here, 'said.json'), 'w') as f:
    json.dump({'program': os.path.basename(__file__), 'words': words, 'cache': sorted(files), 'config': config.read(),
               'environment': dict(os.environ)}, f)
text, code = json.load(open(os.path.join(here, 'ends.json')))
sys.stderr.write(text)
if code == 0 and '-o' in words and '-fsyntax-only' not in words:
    out = words[words.index('-o') + 1]
    stem, suffix = os.path.splitext(out)
    for name in {out, stem + '.wasm' if suffix in ('.js', '.mjs', '.html') else out}:
        with open(name, 'w') as f:
            f.write('made by ' + os.path.basename(__file__))
    if '-gsource-map' in words:
        with open(stem + '.wasm.map', 'w') as f:
            json.dump({'sources': [os.path.relpath(os.path.abspath('main.c'), os.path.dirname(out))]}, f)
elif code == 0 and os.path.basename(__file__) == 'emstrip.py':
    with open(words[-1], 'a') as f:
        f.write(', stripped')
sys.exit(code)
'''


@dataclass(frozen=True)
class FakeEmcc:
    """In `root`, an execution root of Bazel's: the SDK's repository `sdk`, installed headers in `headers`."""

    root: Path

    @classmethod
    def make(cls, root: Path) -> FakeEmcc:
        """Lay it out."""
        programs = root / 'sdk' / 'emscripten'
        (programs / 'src').mkdir(parents=True)
        (programs / 'src' / 'settings.js').write_text('var FAKE_DYLIBS = true;', encoding='utf-8')
        for name in PROGRAMS:
            (programs / name).write_text(_PROGRAM, encoding='utf-8')
        said = {'version': '9', 'root': '/sdk', 'resource_dir': '/sdk/lib/clang/21', 'tools': {'clang': 'clang'}, 'node': '',
                'config': {}}
        (root / 'sdk' / 'sdk.json').write_text(json.dumps(said), encoding='utf-8')
        (root / 'headers' / 'sysroot' / 'include').mkdir(parents=True)
        (root / 'headers' / 'sysroot' / 'include' / 'stdio.h').touch()
        found = cls(root)
        found.ends('', 0)
        return found

    def ends(self, text: str, code: int) -> None:
        """Have its programs say something on their standard error, and end so."""
        (self.root / 'sdk' / 'emscripten' / 'ends.json').write_text(json.dumps([text, code]), encoding='utf-8')

    def action(self, *, packs: bool = False, sources: str = '-') -> Action:
        """An action, with a scratch directory in the root."""
        (self.root / 'scratch').mkdir(exist_ok=True)
        return Action.of(str(self.root), 'sdk/sdk.json', 'headers', 'clang/include', sources, scratch=self.root / 'scratch',
                         stack=contextlib.ExitStack(), packs=packs)

    @property
    def arguments(self) -> list[str]:
        """Those of `emcc_wrapper.py` between the tool and what it is given."""
        return [str(self.root), 'sdk/sdk.json', 'headers', 'clang/include', '-']

    @property
    def said(self) -> dict[str, Any]:
        """How the last program was started: `program`, `words`, the files in its `cache`, its `config`, its `environment`; empty
        if none was."""
        file = self.root / 'sdk' / 'emscripten' / 'said.json'
        return dict(json.loads(file.read_text(encoding='utf-8'))) if file.exists() else {}

    def file(self, path: str, text: str = '') -> str:
        """An input of the action: its path, relative to the root as Bazel gives it."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding='utf-8')
        return path
