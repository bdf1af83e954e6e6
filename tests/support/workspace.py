"""A workspace that is open in Bazel, and what its builds did."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import support.bazel.libraries
from emroot.hashing import digest_file
from support.bazel import Bazel
from support.bazel.libraries import DECLARED, OBJECTS

__all__ = ['DECLARED', 'EVERYWHERE', 'LOADER', 'OBJECTS', 'Workspace', 'libraries', 'module_file', 'outputs', 'read_log']
#: A program that loads the side module which is its argument, and says what `part` of it returns.
LOADER = r'''
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv) {
  void *side = dlopen(argv[1], RTLD_NOW);
  int (*part)(void) = side ? (int (*)(void))dlsym(side, "part") : 0;
  if (!part) puts(dlerror());
  else printf("%d in a side module\n", part());
  return 0;
}
'''
#: Mnemonics of what makes libraries.
LIBRARIES = ('EmscriptenLibrary', 'EmscriptenPort')
#: What every workspace has that a test makes.
EVERYWHERE = {'BUILD.bazel': '', '.bazelrc': 'common --noenable_workspace\n'}


def module_file(*tags: str, more: str = '') -> str:
    """A root module that uses emroot from `{emroot}` (see `scratch`), with these tags of `emscripten_deps`."""
    return support.bazel.libraries.module_file('{emroot}', *tags, more=more)


@dataclass
class Workspace:
    """An example, open in Bazel."""

    bazel: Bazel
    directory: Path
    node: str
    logs: Path
    options: list[str] = field(default_factory=list)
    builds: int = 0

    def run(self, command: str, *arguments: str, check: bool = True, options: bool = True) -> subprocess.CompletedProcess[str]:
        """A command of Bazel; `check` fails the test if it fails."""
        own = [option for option in self.options if command not in ('mod', 'query') or not option.startswith('--sandbox')] \
            if options else []
        done = self.bazel.run(command, *own, *arguments, timeout=3000)
        if check and done.returncode != 0:
            pytest.fail(f'bazel {command} {" ".join(arguments)}:\n{done.stderr[-6000:]}\n{done.stdout[-2000:]}')
        return done

    def build(self, *arguments: str) -> list[dict[str, Any]]:
        """Build; the spawns that were run or taken from a cache (execution log)."""
        self.builds += 1
        log = self.logs / f'execution-{self.builds}.json'
        self.run('build', f'--execution_log_json_file={log}', *arguments)
        try:
            return read_log(log)
        finally:
            log.unlink(missing_ok=True)  # tens of megabytes: every input of every action

    def files(self, expression: str, *arguments: str) -> list[Path]:
        """Output files of targets."""
        said = self.run('cquery', '--output=files', expression, *arguments).stdout.split()
        root = Path(self.run('info', 'execution_root', options=False).stdout.strip())
        return [root / line for line in said]

    def archives(self, *flags: str, of: str = DECLARED) -> dict[str, str]:
        """Digest of each library among the outputs of a target, by its path in a cache directory."""
        return {str(f).split('/emroot-cache/')[1]: digest_file(f) for f in self.files(of, *flags)}

    def unpacked(self, target: str, to: Path) -> Path:
        """The script of a program that was built by platform (`PACKAGE/NAME`), unpacked."""
        with tarfile.open(self.directory / 'bazel-bin' / target) as tar:
            for member in tar.getmembers():
                content = tar.extractfile(member)
                (to / member.name).write_bytes(content.read() if content else b'')
        return to / f'{Path(target).name}.js'

    def program(self, script: Path, *arguments: str) -> str:
        """What a program says under Node. Raises if it fails."""
        return subprocess.run([self.node, str(script), *arguments], capture_output=True, text=True, check=True,
                              cwd=script.parent, timeout=120).stdout

    def actions(self, expression: str, *arguments: str) -> dict[str, Any]:
        """`aquery` as JSON."""
        return json.loads(self.run('aquery', '--output=jsonproto', expression, *arguments).stdout)


def read_log(path: Path) -> list[dict[str, Any]]:
    """An execution log: concatenated JSON objects."""
    text = path.read_text(encoding='utf-8') if path.exists() else ''
    decoder, found, at = json.JSONDecoder(), [], 0
    while (at := text.find('{', at)) >= 0:
        spawn, at = decoder.raw_decode(text, at)
        found.append(spawn)
    return found


def libraries(spawns: list[dict[str, Any]], *, ran: bool = True) -> list[str]:
    """`wasm64-lto/libc` of each library that an action made, or made a part of; with `ran`, only where no cache answered."""
    found = [re.search(r'emscripten_mode_(\w+)//:(.+)', spawn['targetLabel']) for spawn in spawns
             if spawn['mnemonic'] in LIBRARIES and not (ran and spawn.get('cacheHit'))]
    return list(dict.fromkeys(f'{match[1].replace("_", "-")}/{match[2]}' for match in found if match))


def outputs(spawns: list[dict[str, Any]], *mnemonics: str) -> dict[str, str]:
    """Digest of each file that actions of some kinds have put into caches, by its path in a cache directory."""
    return {match[1]: output['digest']['hash'] for spawn in spawns if spawn['mnemonic'] in mnemonics
            for output in spawn['actualOutputs'] if (match := re.search('/emroot-cache/(.+)', output['path']))}
