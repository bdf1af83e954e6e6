"""Build actions that make what emcc's cache holds: one library, or one port.

    python library_builder.py source RECIPE.json ...     compile and archive, as the recipe says
    python library_builder.py embuilder ...              have the SDK's embuilder do it

Paths are relative to Bazel's execution root. Nothing outside of the declared outputs and a temporary directory is written.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).absolute().parents[3]))

from emroot.bazel.libraries.shipped_members import confirmed, read_shipped  # the line above makes the package importable
from emroot.bazel.sdk_layout import SdkLayout
from emroot.bazel.source_archives import directory_for_many, unpack
from emroot.engine.command_lines.compile_context import RENAMED_SOURCE, CompileContext, shell_line
from emroot.engine.command_lines.placeholders import CACHE_PREFIX
from emroot.engine.execution.forkserver import ENOUGH, ForkServers
from emroot.engine.execution.job_limits import default_workers
from emroot.engine.execution.pool import Executor, Pool
from emroot.engine.execution.zygote import find_zygote
from emroot.engine.history.estimate import expected_seconds
from emroot.host.copying import link_or_copy
from emroot.probe import PROGRAM, pure_environment


@dataclass(frozen=True)
class RecipeCompile:
    """One compile of a recipe, in the shape that `CompileContext.command` takes."""

    argv: tuple[str, ...]
    source: str


class ToolFailure(Exception):
    """A tool failed; the message is shown to the user."""


# --- source ----------------------------------------------------------------------------------------------------------

class SourceLibrary:
    """A library from the SDK's sources, which are unpacked into `sources`."""

    def __init__(self, args: argparse.Namespace, sdk: SdkLayout, scratch: Path, sources: Path) -> None:
        self.args, self.scratch, self.sources = args, scratch, sources
        self.sdk = replace(sdk, root=sources / 'sdk' / 'emscripten', unpacked=sources / 'clang')
        self.recipe: dict[str, Any] = json.loads(Path(args.recipe).read_text(encoding='utf-8'))
        # Of the SDK, root and tools are all it reads.
        self.context = CompileContext(self.sdk, sources / 'headers')  # type: ignore[arg-type]
        self.env = pure_environment({'LC_ALL': 'C'})
        self.pool = Pool(min(args.jobs, default_workers()))
        self.executor: Executor = self.pool
        self.messages: list[str] = []
        self.failures: list[str] = []

    def run(self) -> None:
        """Compile all members that the SDK does not ship in another mode, most expensive first, and join them."""
        for archive in self.args.archives:
            unpack(archive, self.sources)
        self.context.working_directory.mkdir(parents=True, exist_ok=True)
        first, last = self.args.members or (0, len(self.recipe['objects']))
        objects = self.recipe['objects'][first:last]
        members, shipped = [name for _, name, _ in objects], self._shipped(range(first, last))
        for name, content in shipped.items():
            (self.scratch / name).write_bytes(content)
        compiled = [(n, RecipeCompile(tuple(self.recipe['commands'][i]), s)) for s, n, i in objects if n not in shipped]
        for name, compile_ in compiled:
            seconds = expected_seconds(self.sdk, compile_)  # type: ignore[arg-type]
            self.pool.add(seconds, partial(self._compile, compile_, self.scratch / name))
        preload = find_zygote(self.sdk.tools, self.scratch / 'fork', self.env) if len(compiled) >= ENOUGH else None
        with contextlib.ExitStack() as stack:
            if preload:
                stack.callback(preload.close)
                self.executor = stack.enter_context(contextlib.closing(ForkServers(self.pool, preload)))
            self.pool.run()
        if self.failures:
            raise ToolFailure('\n'.join(self.failures))
        out = Path(self.args.out).absolute()
        if self.recipe['how'] == 'copy':
            shutil.copyfile(self.scratch / members[0], out)
        else:
            self._archive(members, out)

    def _shipped(self, numbers: range) -> dict[str, bytes]:
        """Contents by name of the members that are taken from what the SDK ships in the mode without LTO."""
        if not self.args.shipped:
            return {}
        shared = {self.recipe['objects'][n][1]: self.recipe['objects'][n] for n in self.recipe['shared'] if n in numbers}

        def compiled(name: str) -> bytes:
            source, _, index = shared[name]
            self._compile(RecipeCompile(tuple(self.recipe['commands'][index]), source), self.scratch / name, 0)
            return (self.scratch / name).read_bytes() if not self.failures else b''
        candidates = [(name, index) for name, (_, _, index) in shared.items()]
        used = confirmed(candidates, read_shipped(Path(self.args.shipped)), compiled)
        self.messages.append(f'{len(used)} of {len(numbers)} objects are those of {self.args.shipped}')
        return used

    def _compile(self, compile_: RecipeCompile, out: Path, _: int) -> None:
        command = self.context.object_command(compile_, out)  # type: ignore[arg-type]
        done = self.executor.call(command, cwd=self.context.working_directory, env=self.env)
        output = done.output.decode(errors='replace').strip()
        if output:
            self.messages.append(f'{compile_.source}:\n{output}')
        if done.code != 0:
            self.failures.append(f'{compile_.source}: {output or f"exit code {done.code}"}\n  repeat: '
                                 + self._where_it_stays(shell_line(command, self.context.working_directory)))

    def _where_it_stays(self, command: str) -> str:
        """A command with sources and headers in the SDK's repository: those that were unpacked are gone when this ends."""
        repository, version = self.sdk.repository, Path(self.sdk.said_resource_dir).name
        stays = {'clang': repository / 'llvm' / 'lib' / 'clang' / version, 'sdk': repository, 'headers': repository / 'headers'}
        for name, directory in stays.items():
            command = command.replace(str(self.sources / name), str(directory))
        return command

    def _archive(self, members: list[str], out: Path) -> None:
        # `cr` and member names only, in a response file, as the SDK's `create_lib` has it.
        (self.scratch / 'members').write_text('\n'.join(members) + '\n', encoding='utf-8')
        _run([str(self.sdk.tools['llvm-ar']), 'cr', str(out), '@members'], self.scratch, self.env)

    def log(self) -> str:
        """The compilers' messages, sorted, so that the log does not depend on timing."""
        return '\n'.join(sorted(self.messages))


# --- through the SDK's own programs ----------------------------------------------------------------------------------

def ask_sdk(sdk: SdkLayout, scratch: Path, cache: Path, env: Mapping[str, str], **request: Any) -> None:
    """Run `probe/program.py` with a cache directory. Raises `ToolFailure`."""
    config = scratch / 'emscripten.config'
    config.write_text(sdk.config_text(cache), encoding='utf-8')
    (scratch / 'request.json').write_text(json.dumps({'root': str(sdk.root), **request}), encoding='utf-8')
    command = [sys.executable, '-I', '-B', str(PROGRAM), str(scratch / 'request.json'), str(scratch / 'answer.json')]
    # A sandbox may keep the system's temporary directory from us, or leave it to be shared: this one is ours.
    full = pure_environment({'EM_CONFIG': str(config), 'EM_CACHE': str(cache), 'EM_FROZEN_CACHE': '0',
                             'EM_IGNORE_SANITY': '1', 'EMCC_LOGGING': '1', 'TMPDIR': str(scratch), **env})
    _run(command, scratch, full)


def _run(command: list[str], cwd: Path, env: Mapping[str, str]) -> None:
    """Run a program to its end. Raises `ToolFailure` with its output if it fails."""
    done = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    if done.returncode != 0:
        raise ToolFailure(done.stdout.decode(errors='replace').strip() or f'{command[0]}: exit code {done.returncode}')


def embuilder(args: argparse.Namespace, sdk: SdkLayout, scratch: Path) -> None:
    """Run embuilder for one target in a private cache, and copy the new files: a library, or all files of a port."""
    cache, seed = scratch / 'cache', Path(args.headers).absolute()
    shutil.copytree(seed, cache, copy_function=link_or_copy if args.port else _link)
    if args.port:  # it writes there
        for folder, _, _ in os.walk(cache):
            os.chmod(folder, 0o755)
    env = {'EMCC_CORES': str(min(args.jobs, default_workers()))}
    mirror = Path(args.port_sources).absolute() if args.port_sources else None
    directories = {p.name: str(p) for p in mirror.iterdir() if p.is_dir()} if mirror else {}
    ask_sdk(sdk, scratch, cache, env, question='embuilder', target=args.target, embuilder_flags=args.flag,
            cache_prefix=CACHE_PREFIX, flags=sdk.resource_dir_map, said_root=sdk.said_root, named_source=str(RENAMED_SOURCE),
            port_directories=directories, port_mirror=str(mirror) if mirror else None)
    out = Path(args.out).absolute()
    if not args.port:
        made = cache / args.file
        if not made.is_file():
            raise ToolFailure(f'embuilder did not make {args.file}')
        shutil.copyfile(made, out)
        return
    for folder, _, names in os.walk(cache):
        here = Path(folder).relative_to(cache)
        for name in names:
            if _belongs_to_port(here, name) and not (seed / here / name).exists():
                (out / here).mkdir(parents=True, exist_ok=True)
                shutil.copyfile(Path(folder, name), out / here / name)


def _belongs_to_port(here: Path, name: str) -> bool:
    if here.parts[:1] == ('ports',):
        return name == '.emscripten_url' and len(here.parts) == 2
    return here.parts[:1] == ('sysroot',) and not name.endswith('.lock')


def _link(source: str, target: str) -> None:
    """Link a header into embuilder's cache, or copy it if this user may not make links."""
    try:
        os.symlink(source, target)
    except OSError:
        shutil.copyfile(source, target)


def main(arguments: list[str]) -> int:
    """Run one action and return its exit code."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__)
    parser.add_argument('verb', choices=['source', 'embuilder'])
    parser.add_argument('--sdk', required=True, help='sdk.json of the SDK repository')
    parser.add_argument('--headers', help='a directory with the headers that the SDK installs')
    parser.add_argument('--recipe')
    parser.add_argument('--archives', nargs='+', default=[], help='of sources and headers')
    parser.add_argument('--members', type=int, nargs=2, help='the first of those to make, and the one after the last; else all')
    parser.add_argument('--shipped', help='the library of the mode without LTO, which the SDK ships')
    parser.add_argument('--target')
    parser.add_argument('--flag', action='append', default=[], help="embuilder's flags for the mode")
    parser.add_argument('--file', help='where embuilder puts the library, relative to its cache')
    parser.add_argument('--port', action='store_true')
    parser.add_argument('--port-sources', help='directory of the archives that ports are made from')
    parser.add_argument('--jobs', type=int, default=1)
    parser.add_argument('--out', required=True)
    parser.add_argument('--log')
    args = parser.parse_args(arguments)
    log = ''
    with tempfile.TemporaryDirectory(prefix='emroot-') as directory, contextlib.ExitStack() as stack:
        sdk, scratch = SdkLayout.read(args.sdk), Path(directory)
        try:
            if args.verb == 'source':
                source = SourceLibrary(args, sdk, scratch, directory_for_many(stack, scratch) / 'unpacked')
                source.run()
                log = source.log()
            else:
                embuilder(args, sdk, scratch)
        except ToolFailure as failed:
            log = f'emroot: cannot build {args.target}:\n{failed}'
            print(f'{log}\n  log: {args.log}' if args.log else log, file=sys.stderr)
            return 1
        finally:
            if args.log:
                Path(args.log).write_text(log, encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
