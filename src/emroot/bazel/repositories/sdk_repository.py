"""Identifies an SDK for `@emscripten_sdk`: writes `sdk.json`, `where.json` and `identity.json`, and installs its headers."""

from __future__ import annotations

import filecmp
import itertools
import os
from pathlib import Path
from typing import Any

from ...cache_directory.sysroot_headers import ensure_headers
from ...engine.command_lines.placeholders import SDK_PREFIX
from ...hashing import canonical_json
from ...host.copying import link_or_copy
from ...host.files import write_text
from ...host.home import Home
from ...libraries.catalogue import Catalogue
from ...sdk import find_sdk
from ...store import Store
from ..sdk_layout import RESOURCE_PREFIX


def fetch_sdk(request: dict[str, Any], out: Path, home: Home) -> None:
    """Identify an SDK: the paths of its parts, which the repository links to, and its description for build actions."""
    if not request['local']:
        configure_release(Path(request['path']), out, request['node'])
    sdk = find_sdk(home, request['path'] or None)
    node = sdk.node[0] if sdk.node else ''
    with Store(home.store) as store:
        lay_out_headers(ensure_headers(Catalogue(sdk, home), store), sdk.root, out / 'headers')
    config = dict(line.split(' = ', 1) for line in sdk.config_text.splitlines())
    prebuilt = sorted(p.relative_to(sdk.root / 'cache').as_posix()
                      for p in (sdk.root / 'cache' / 'sysroot' / 'lib').rglob('*') if p.suffix in ('.a', '.o'))
    # Where the SDK and clang's own headers lie, as the bytes shall say: of a local SDK the truth, as its embuilder has it.
    said_root = str(sdk.root) if request['local'] else SDK_PREFIX
    resource_dir = str(sdk.resource_dir) if request['local'] else f'{RESOURCE_PREFIX}/{sdk.resource_dir.name}'
    tools = {name: os.path.basename(path) for name, path in sdk.tools.items()}
    # An input of every action: of a release, it must not tell where this machine has it.
    write_text(out / 'sdk.json', canonical_json({
        'version': sdk.version, 'root': said_root, 'resource_dir': resource_dir,
        'tools': tools, 'node': os.path.basename(node),
        'config': {name: config[name].strip("'\"") for name in ('LLVM_ADD_VERSION', 'CLANG_ADD_VERSION') if name in config},
    }))
    (out / 'resource_dir').write_text(resource_dir, encoding='utf-8')
    # What links need to make objects by themselves (`lazy_link_action.py`).
    write_text(out / 'identity.json', canonical_json({
        'digest': sdk.digest, 'parts': dict(sdk.parts), 'llvm_version': sdk.llvm_version, 'expected_llvm': sdk.expected_llvm,
        'node_version': sdk.node_version,
    }))
    write_text(out / 'where.json', canonical_json({
        'config': os.environ.get('EM_CONFIG', '') if not request['local'] else '',
        'root': str(sdk.root), 'llvm': str(sdk.llvm_root), 'binaryen': str(sdk.binaryen_root), 'node': node,
        'resource_dir': str(sdk.resource_dir), 'resource_version': sdk.resource_dir.name, 'prebuilt': prebuilt,
        'version': sdk.version, 'digest': sdk.digest, 'tools': tools, 'doubt': sdk.doubt,
        'local': request['local'],
    }))


def lay_out_headers(installed: Path, root: Path, out: Path) -> None:
    """Lay out the installed headers as links to their originals in the SDK, so that Bazel notices a change. The original is
    the file of the same name and content whose path has the longest common end. Generated headers are copied."""
    sources: dict[str, list[Path]] = {}
    for folder, _, names in os.walk(root / 'system'):
        for name in names:
            sources.setdefault(name, []).append(Path(folder, name))
    for folder, _, names in os.walk(installed):
        here = out / Path(folder).relative_to(installed)
        here.mkdir(parents=True, exist_ok=True)
        for name in names:
            header = Path(folder, name)
            same = [source for source in sources.get(name, ()) if filecmp.cmp(source, header, shallow=False)]
            try:
                (here / name).symlink_to(max(same, key=lambda source: (_ends_alike(source, header), source)))
            except (ValueError, OSError):  # it was made, or there are no links for this user
                link_or_copy(header, here / name)


def _ends_alike(one: Path, other: Path) -> int:
    """The number of equal parts at the end of two paths."""
    pairs = zip(reversed(one.parts), reversed(other.parts), strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def configure_release(directory: Path, out: Path, node: str) -> None:
    """Write a configuration for an unpacked release, which has none."""
    home = out / 'home'
    home.mkdir(parents=True, exist_ok=True)
    config = home / 'release.config'
    values = {'LLVM_ROOT': str(directory / 'bin'), 'BINARYEN_ROOT': str(directory), 'NODE_JS': node or 'node'}
    config.write_text(''.join(f'{name} = {value!r}\n' for name, value in values.items()), encoding='utf-8')
    os.environ['EM_CONFIG'] = str(config)
