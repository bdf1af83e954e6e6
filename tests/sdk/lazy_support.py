"""Lazy links to compare with whole ones, and homes for them: one that knows indexes, another that has all objects besides, and
no archive."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from support.freestanding import STACK
from support.running import Emroot, plain_environment
from support.snapshots import seed

from emroot.engine.objects import KIND as OBJECT
from emroot.engine.objects import local_key
from emroot.host.home import find_home
from emroot.keys.plan import Plan, make_plan
from emroot.libraries.catalogue import Catalogue
from emroot.libraries.resolution import resolve
from emroot.sdk import Sdk, find_sdk
from emroot.store import Store
from emroot.symbol_index.storage import KIND as INDEX

#: A link that takes one object of a small library, and that what it is made of needs of nothing else.
SMALL = ['emcc', '-sMEMORY64', '-nostdlib', '-lnoexit', '-lsockets', '--no-entry', '-sEXPORTED_FUNCTIONS=_answer']
SOURCE = {'main.c': '''int bind(int, const void *, unsigned);
int __syscall_bind(int a, int b, int c, int d, int e, int f) { return 42; }
long __syscall_ret(unsigned long r) { return r; }
int answer(void) { return bind(1, 0, 0); }
''' + STACK}
Outputs = dict[str, bytes]
Indexed = Callable[[list[str]], Emroot]


def plan_of(home: Path, sdk_root: Path, link: list[str]) -> Plan:
    """The libraries that a link needs."""
    found_home = find_home(home)
    sdk = find_sdk(found_home, sdk_root)
    catalogue = Catalogue(sdk, found_home)
    found = resolve(catalogue, link)
    return make_plan(sdk, catalogue.recipes(found.mode, found.targets).values())


def lazy_home(directory: Path, shared: Emroot, plans: Iterable[Plan], *, objects: bool, indexes: bool = True) -> Emroot:
    """A home that knows the `indexes` of what `shared` has built, and has the `objects`, if wanted, but no archive. One that is
    there is added to."""
    assert shared.sdk
    if not directory.exists():
        seed(directory, shared.home, link=True)
    ours, theirs = Store(directory / 'store'), Store(shared.home / 'store')
    directories = find_sdk(find_home(shared.home), shared.sdk).embedded_paths
    for plan in plans:
        for archive in plan.archives:
            if indexes:
                _copy(theirs, ours, INDEX, archive.key)
        for key in plan.compiles if objects else ():
            for each in (key, local_key(key, directories, OBJECT)):
                _copy(theirs, ours, OBJECT, each)
    return Emroot(directory, shared.sdk)


def _copy(theirs: Store, ours: Store, kind: str, key: str) -> None:
    record = theirs.read(kind, key)
    if record:
        digest = str(record['digest'])
        for source, target in ((theirs.record_path(kind, key), ours.record_path(kind, key)),
                               (theirs.path(digest), ours.path(digest))):
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(source, target)


class Lazy:
    """Links of one program, lazy and whole, and what they give."""

    def __init__(self, sdk: Sdk, shared: Emroot, directory: Path) -> None:
        self.sdk, self.shared, self.directory = sdk, shared, directory

    def whole(self, words: list[str], inputs: dict[str, str], options: Sequence[object] = ()) -> Outputs:
        """Link with whole libraries."""
        cache = self.directory / 'whole cache'
        built = self.shared('build', '-j1', *options, '--cache', cache, '--for', ' '.join(words))
        assert built.code == 0, built.err
        env = plain_environment({'EM_CACHE': str(cache), 'EM_FROZEN_CACHE': '1', 'PYTHONDONTWRITEBYTECODE': '1'})
        directory = self._inputs('whole', inputs)
        subprocess.run(self._command(words, inputs), env=env, cwd=directory, check=True, capture_output=True)
        return self._outputs(directory)

    def lazy(self, home: Emroot, words: list[str], inputs: dict[str, str], name: str = 'lazy',
             env: dict[str, str] | None = None, options: Sequence[object] = ()) -> tuple[Outputs, str]:
        """Link lazily; and the line in which emroot says what it took, empty if the libraries were whole after all."""
        directory = self._inputs(name, inputs)
        ran = home('link', *options, '--cache', self.directory / f'{name} cache', '-j2', '--', *self._command(words, inputs),
                   cwd=directory, env={'PYTHONDONTWRITEBYTECODE': '1', **(env or {})})
        assert ran.code == 0, ran.err
        return self._outputs(directory), next((line for line in ran.err.splitlines() if line.startswith('linked with')), '')

    def forget(self) -> None:
        """Forget programs, and what lazy links left in their cache directory."""
        cache = self.directory / 'lazy cache'
        for directory in (self.directory / 'whole', self.directory / 'lazy', cache / '.emroot' / 'lazy',
                          *(cache / 'sysroot' / 'lib').glob('wasm*')):
            shutil.rmtree(directory, ignore_errors=True)

    def _command(self, words: list[str], inputs: dict[str, str]) -> list[str]:
        sources = [name for name in inputs if name.endswith(('.c', '.cpp'))]
        return [*self.sdk.python, '-B', str(self.sdk.root / f'{words[0]}.py'), *words[1:], *sources, '-o', 'app.js']

    def _inputs(self, name: str, inputs: dict[str, str]) -> Path:
        directory = self.directory / name
        directory.mkdir(exist_ok=True)
        for file, text in inputs.items():
            (directory / file).parent.mkdir(exist_ok=True)
            (directory / file).write_text(text, encoding='utf-8')
        return directory

    @staticmethod
    def _outputs(directory: Path) -> Outputs:
        return {path.name: path.read_bytes() for path in directory.iterdir() if path.name.startswith('app.')}
