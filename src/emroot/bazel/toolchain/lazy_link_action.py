"""What a link of the toolchain starts instead of its linker when libraries are missing, and makes of them what is pulled.

    python lazy_link_action.py SETTINGS.json --cache DIR REQUEST.json
    python lazy_link_action.py SETTINGS.json --cache DIR --targets MODE/TARGET,...

`probe/emcc_hook/hook.py` starts it, as it does below `emroot run`: with the linker's command, or to have libraries built whole.
SETTINGS.json is `Settings`. What was made is noted in a file, a line of JSON each, for the link to tell.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).absolute().parents[3]))

from emroot.bazel.sdk_layout import SdkLayout  # the line above makes the package importable
from emroot.cache_directory.sysroot_headers import headers_key
from emroot.engine.build import Build
from emroot.engine.request import Request
from emroot.errors import EmrootError
from emroot.host.home import Home
from emroot.lazy_link.lazy_archives import NeedsWholeArchives
from emroot.lazy_link.preparation import lazy_link
from emroot.lazy_link.symbols.undefined_symbols import LinkRefused
from emroot.libraries.catalogue import Catalogue
from emroot.modes import Mode, parse_mode
from emroot.sdk.model import Sdk
from emroot.store import Store
from emroot.symbol_index.symbols import NmFailed

#: How `cli/lazy_link.py` ends, which the hook knows.
NOT_LAZILY, REFUSED = 9, 10


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Paths of an action."""

    about: str
    """`sdk.json` of the SDK's repository, next to its compilers."""
    unpacked: str
    """What `source_package.py` packed; the SDK's programs are linked next to its sources."""
    home: str
    notes: str
    """The file to note in what was made."""


def open_sdk(settings: Settings) -> Sdk:
    """The SDK of an action."""
    top = Path(settings.unpacked)
    layout, known = SdkLayout.read(settings.about), json.loads((top / 'identity.json').read_text(encoding='utf-8'))
    node = (str(layout.node),) if layout.node else ()
    manifest = layout.manifest
    return Sdk(root=top / 'sdk' / 'emscripten', version=manifest['version'], digest=known['digest'], parts=known['parts'],
               llvm_root=layout.llvm, binaryen_root=layout.root.parent / 'binaryen', node=node,
               node_version=tuple(known['node_version']), python=(sys.executable,), tools=layout.tools,
               llvm_version=known['llvm_version'], expected_llvm=known['expected_llvm'],
               resource_dir=top / 'clang', sanity='', configured=False,
               config_text=layout.config_text(top / 'no-cache'), index=top / 'no-index', how='explicit',
               said_root=manifest['root'],
               said_resource_dir=manifest['resource_dir'])


def open_build(settings: Settings, cache: Path) -> Build:
    """A build with a store of its own."""
    sdk, home = open_sdk(settings), Home(Path(settings.home))
    store = Store(home.store)

    def install(directory: Path) -> None:
        shutil.copytree(Path(settings.unpacked, 'headers'), directory, dirs_exist_ok=True)
    with store:
        store.tree(headers_key(sdk), install)
    return Build(Catalogue(sdk, home), home, store, cache)


def link(build: Build, request: Mapping[str, Any], settings: Settings) -> int:
    """Run a link with the objects that it loads; return the exit code that `hook.py` expects."""
    if 'missing' not in request:
        return NOT_LAZILY  # ports, whose sources are among no link's inputs
    missing = [(parse_mode(mode), target) for mode, _, target in (name.partition('/') for name in request['missing'])]
    try:
        stats = lazy_link(build, request['command'], Path(request['cwd']), missing, Path(request['said']), predicting=True)
    except LinkRefused:
        return REFUSED
    except (NeedsWholeArchives, NmFailed, OSError) as why:
        _note(settings, why=str(why))
        return NOT_LAZILY
    _note(settings, compiled=stats.compiled, members=stats.members, missing=request['missing'])
    return 0


def build_whole(build: Build, names: list[str], settings: Settings) -> int:
    """Put whole libraries into the cache directory."""
    modes: dict[Mode, list[str]] = {}
    for identifier, _, target in (name.partition('/') for name in names):
        modes.setdefault(parse_mode(identifier), []).append(target)
    result = build.run([Request(mode=mode, targets=tuple(targets)) for mode, targets in modes.items()])
    for mode, failure in result.failures:
        print(f'emroot: {mode}/{failure.target} cannot be made:\n{failure.error}', file=sys.stderr)
    _note(settings, compiled=result.compiled, missing=names)
    return 5 if result.failures else 0


def _note(settings: Settings, **what: Any) -> None:
    with open(settings.notes, 'a', encoding='utf-8') as f:
        f.write(json.dumps(what) + '\n')


def main(settings_file: str, _cache: str, cache: str, *what: str) -> int:
    """Do what the hook asks for; return the exit code."""
    settings = Settings(**json.loads(Path(settings_file).read_text(encoding='utf-8')))
    build = open_build(settings, Path(cache))
    try:
        if what[0] == '--targets':
            return build_whole(build, what[1].split(','), settings)
        if what[0].startswith('--'):
            return NOT_LAZILY
        return link(build, json.loads(Path(what[0]).read_text(encoding='utf-8')), settings)
    except EmrootError as error:
        print(f'emroot: {error}', file=sys.stderr)
        return NOT_LAZILY


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
