"""An SDK on paper: what `find_sdk` would say of one, with fixed digests, for what only computes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from emroot.libraries.catalogue import Library, Listing, Member, Recipe
from emroot.modes import Mode
from emroot.sdk import Sdk


def synthetic_sdk(**changes: object) -> Sdk:
    """An SDK that lies nowhere."""
    parts = {name: digit * 64 for name, digit in
             (('compiler', 'c'), ('archiver', 'a'), ('linker', '1'), ('sources', '5'), ('tools', '7'))}
    llvm = Path('/paper/llvm')
    facts = {
        'root': Path('/paper/emscripten'), 'version': '9.9.9', 'digest': 'd' * 64, 'parts': parts, 'llvm_root': llvm,
        'binaryen_root': Path('/paper/binaryen'), 'node': ('/paper/node',), 'node_version': (24, 0, 0),
        'python': ('/paper/python',), 'tools': {t: llvm / t for t in ('clang', 'clang++', 'llvm-ar', 'wasm-ld')},
        'llvm_version': '19.0.0', 'expected_llvm': 19,
        'resource_dir': llvm / 'resource', 'sanity': '9.9.9|/paper/llvm\n', 'configured': True,
        'config_text': '', 'index': Path('/paper/index.json'), 'how': 'explicit', **changes}
    return Sdk(**facts)  # type: ignore[arg-type]  # a table of what each field takes


def paper_listing(names: Iterable[str], *, groups: dict[str, list[str]] | None = None,
                  ports: Iterable[str] = ()) -> Listing:
    """A mode that has these libraries."""
    libraries = {n: Library(target=n, file=f'{n}.a', path=f'{Mode().directory}/{n}.a', family=n.split('-')[0], vary={},
                            objects=1) for n in names}
    return Listing(mode=Mode(), libraries=libraries, groups=groups or {}, ports={p: [] for p in ports},
                   port_variants={f'{p}-mt': p for p in ports}, list_values={})


def paper_recipe(target: str = 'libone', sources: Iterable[str] = ('a.c', 'b.c'), *, flags: Iterable[str] = ('-O2',),
                 mode: Mode | None = None, how: str = 'archive') -> Recipe:
    """A library of these sources."""
    argv = ('clang', '--sysroot={cache}/sysroot', '-ffile-prefix-map={sdk}=/emsdk/emscripten', *flags, '{source}', '-o',
            '{object}')
    members = tuple(Member(source=f'../../../system/lib/{s}', name=f'{s.rsplit(".", 1)[0]}.o', argv=argv) for s in sources)
    mode = mode or Mode()
    return Recipe(mode=mode, target=target, path=f'{mode.directory}/{target}.a', family=target.split('-')[0], how=how,
                  members=members)
