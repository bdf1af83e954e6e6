"""A workspace that declares libraries of some modes and nothing else, open in a real Bazel."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from dev.paths import ROOT, dev_cache
from emroot.modes import Mode
from emroot.sdk import Sdk

from ..subprocesses import below
from .container import Binds
from .server import Bazel
from .tree import Tree

DECLARED = '@emscripten_cache//:libraries'
#: What makes each object an action.
OBJECTS = '--@emroot//bazel:granularity=object'
_MODULE = """
module(name = "workspace")
bazel_dep(name = "emroot", version = "0.1.0.dev0")
local_path_override(module_name = "emroot", path = "{emroot}")
{more}
emscripten_deps = use_extension("@emroot//bazel:extensions.bzl", "emscripten_deps")
{tags}
use_repo(emscripten_deps, "emscripten_cache")
"""
#: Bazel 7 gives actions one of their own, in which sources that are links to this one are not found.
_TMP = Path('/tmp')  # noqa: S108


def module_file(emroot: object, *tags: str, more: str = '') -> str:
    """A root module that uses emroot from a directory, with these tags of `emscripten_deps`."""
    return _MODULE.format(emroot=emroot, more=more, tags='\n'.join(f'emscripten_deps.{tag}' for tag in tags))


def cache_tag(mode: Mode, targets: Sequence[str]) -> str:
    """The tag that declares targets of a mode."""
    return f'cache(features = {_listed(mode.features)}, targets = {_listed(targets)})'


def _listed(words: Sequence[str]) -> str:
    return '[' + ', '.join(f'"{word}"' for word in words) + ']'


def what_bazel_reads(sdk: Sdk, module: Path, *, cache: bool = True) -> Binds:
    """What lies outside of a workspace and is read by its builds; the SDK's `cache` only if that is to be seen."""
    directories = (*map(_top, (sdk.root, sdk.llvm_root, sdk.binaryen_root)), module, *map(Path, sdk.node[:1]))
    hidden = {} if cache or not (sdk.root / 'cache').is_dir() else {_empty(): sdk.root / 'cache'}
    return {**{path: path for path in directories}, **hidden}


def _empty() -> Path:
    directory = dev_cache() / 'empty'
    directory.mkdir(exist_ok=True)
    return directory


def options(sdk: Sdk, module: Path) -> list[str]:
    """What tells Bazel to use an SDK, in every command alike, so that nothing is fetched twice."""
    seen = [f'--sandbox_add_mount_pair={_TMP}'] if {*module.parents, *_top(sdk.root).parents} & {_TMP} else []
    return [f'--repo_env=EMSDK={sdk.root}', f'--repo_env=EMROOT_NODE={sdk.node[0] if sdk.node else ""}', *seen]


def _top(directory: Path) -> Path:
    """The installation that a location is a part of, if emroot made it; of SDKs whose clang starts another one, all."""
    launching = dev_cache() / 'static-sdk'
    if launching in directory.parents:
        return launching
    return next((p for p in directory.parents if (p / 'emroot-sdk.json').is_file()), directory)


class Libraries:
    """The workspace. Nothing that it builds comes from any cache, the SDK's own included."""

    def __init__(self, tree: Tree, sdk: Sdk, caches: Mapping[Mode, Sequence[str]], scratch: Path, *, more: str = '') -> None:
        """Open it below `scratch`, a directory that is there. `more`: lines of its module."""
        directory = scratch / 'workspace'
        directory.mkdir()
        tags = [cache_tag(mode, targets) for mode, targets in caches.items()]
        (directory / 'MODULE.bazel').write_text(module_file(ROOT, *tags, more=more), encoding='utf-8')
        (directory / 'BUILD.bazel').touch()
        (directory / '.bazelrc').write_text('common --noenable_workspace\n', encoding='utf-8')
        self.bazel = Bazel.open(tree, directory, output_user_root=scratch / 'root', output_base=scratch / 'output',
                                binds=what_bazel_reads(sdk, ROOT, cache=False))
        self._options = options(sdk, ROOT)

    def from_outside(self, command: str, *arguments: str) -> list[str]:
        """What to start, with `ENVIRONMENT`, for a command of Bazel."""
        words = ['bazel', *self.bazel.startup, command, *self._options, *arguments]
        return self.bazel.container.from_outside(words, self.bazel.workspace)

    def run(self, command: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run Bazel to its end. Raises `RuntimeError` with what it said if it fails, unless told not to `check`."""
        done = self.bazel.run(command, *self._options, *arguments, timeout=None)
        if check and done.returncode:
            raise RuntimeError(f'bazel {command} {" ".join(arguments)}: {done.stderr[-3000:]}')
        return done

    def files(self, *flags: str, of: str = DECLARED) -> dict[str, Path]:
        """Where libraries are, or would be, by their paths in a cache directory."""
        said = self.run('cquery', '--output=files', *flags, of).stdout.split()
        root = Path(self.bazel.run('info', 'execution_root').stdout.strip())
        return {re.split('/emroot-cache/', path, maxsplit=1)[1]: root / path for path in said}

    def seconds(self) -> float:
        """Seconds of processor that all processes of the server have taken so far."""
        ticks = 0
        for process in below(self.bazel.container.holder.pid):
            try:
                stat = Path(f'/proc/{process}/stat').read_text(encoding='utf-8', errors='replace')
            except OSError:  # it has ended, and is in its parent's account
                continue
            ticks += sum(map(int, stat.rpartition(')')[2].split()[11:15]))
        return ticks / os.sysconf('SC_CLK_TCK')

    def close(self) -> None:
        """Stop Bazel."""
        self.bazel.close()
