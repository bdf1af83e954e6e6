"""Gives the tree's Bazel its settings, and a module registry of stand-ins, so that module resolution needs no network.

Debian's bazelrc overrides the modules that Debian packages (`--override_module=rules_cc=/usr/share/bazel/...`). Those,
and Bazel's own built-in module, name a few others that nothing here builds from (protobuf, zlib, buildozer...).
Resolution still wants each of them to exist. Which ones is read from the unpacked MODULE.bazel files, because Debian
moves.
"""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ['WRITTEN', 'rule_sets', 'write_registry']

BAZELRC = 'etc/bazel/bazelrc'
REGISTRY = 'usr/share/bazel-registry'
BUILT_IN = 'usr/share/bazel/embedded_tools/MODULE.bazel'

# Debian's choices that get in the way: sandboxes kept, with a page of trace for each action, and a flag that only draws
# warnings.
DROPPED = ('--sandbox_debug', '--host_javabase')
ADDED = f"""
# Added for this tree.
startup --server_javabase=/usr/lib/jvm/default-java
common --registry=file:///{REGISTRY}
common --color=no --curses=no --noshow_progress
# As from Bazel 8 on. With WORKSPACE, Bazel 7 downloads rules_cc for any root module that does not itself depend on it.
common --noenable_workspace
# Without a lock file no result depends on an earlier run, and a read-only workspace will do.
common --lockfile_mode=off
"""

# All stand-ins share one directory. `bazel mod` evaluates every extension, also the one that Bazel asks of buildozer.
CONTENT = {
    'MODULE.bazel': '',
    'BUILD.bazel': '',
    'buildozer_binary.bzl': """\
def _nothing_impl(rctx):
    rctx.file("BUILD.bazel")

_nothing = repository_rule(_nothing_impl)

def _extension_impl(_mctx):
    _nothing(name = "buildozer_binary")

buildozer_binary = module_extension(_extension_impl)
""",
}

# Names a tree, with the rest of what goes into it (`tree.py`).
WRITTEN = repr((DROPPED, ADDED, CONTENT))


def write_registry(root: Path) -> list[str]:
    """Writes the registry into the tree at `root` and makes it the default; gives the stand-ins as `name@version`."""
    bazelrc = root / BAZELRC
    lines = bazelrc.read_text().splitlines()
    bazelrc.write_text('\n'.join(line for line in lines if not any(flag in line for flag in DROPPED)) + '\n' + ADDED)

    overridden = dict(_overridden(lines))
    files = [root / BUILT_IN, *(root / directory.lstrip('/') / 'MODULE.bazel' for directory in overridden.values())]
    wanted = sorted({dep for file in files for dep in _dependencies(file) if dep[0] not in overridden})
    registry, content = root / REGISTRY, root / REGISTRY / 'stand-in'
    content.mkdir(parents=True)
    for file, text in CONTENT.items():
        (content / file).write_text(text)
    (registry / 'bazel_registry.json').write_text('{}\n')
    for name, version in wanted:
        module = registry / 'modules' / name / version
        module.mkdir(parents=True)
        (module / 'MODULE.bazel').write_text(f'module(name = "{name}", version = "{version}")\n')
        (module / 'source.json').write_text(json.dumps({'type': 'local_path', 'path': f'/{REGISTRY}/stand-in'}) + '\n')
    return [f'{name}@{version}' for name, version in wanted]


def rule_sets() -> dict[str, Path]:
    """Rule sets instead of Debian's, by the variable EMROOT_RULE_SETS: a directory that has each module under its name."""
    given = os.environ.get('EMROOT_RULE_SETS')
    return {path.name: path for path in sorted(Path(given).resolve().iterdir()) if path.is_dir()} if given else {}


def _overridden(bazelrc: list[str]) -> Iterator[tuple[str, str]]:
    """Module name and directory of each `--override_module=NAME=DIRECTORY`."""
    for line in bazelrc:
        for word in line.split():
            if word.startswith('--override_module='):
                _, name, directory = word.split('=', 2)
                yield name, directory


def _dependencies(module_file: Path) -> Iterator[tuple[str, str]]:
    """Name and version of each `bazel_dep` that counts for dependents. MODULE.bazel is a subset of Python's syntax."""
    for node in ast.walk(ast.parse(module_file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'bazel_dep':
            given = {word.arg: word.value.value for word in node.keywords if isinstance(word.value, ast.Constant)}
            if not given.get('dev_dependency'):
                yield str(given['name']), str(given['version'])
