"""The examination of an SDK: query the paths of its tools, run them, and read all its files."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

from ..errors import SdkError, blame_shortage
from ..hashing import digest_record
from ..host.checked_json import write_checked_json
from ..host.files import as_python, read_file
from ..host.home import Home
from ..host.programs import find_program
from ..probe import ask, pure_environment
from . import fingerprint
from .em_config import configuring
from .machine import why_not_here

OLDEST = (3, 1, 69)


def examine(root: Path, python: tuple[str, ...], home: Home, memo_file: Path) -> dict[str, Any]:
    """Properties of the SDK at `root`, in the form that `identity_cache.py` caches. The digests of its sources
    are written next to `memo_file`. Raises `SdkError` if a part is missing, does not run, or is too old."""
    version = _version(root)
    answer = ask(python, root, 'identify', pure_environment(configuring()))
    tools = {name: Path(path) for name, path in answer['tools'].items()}
    for name, path in tools.items():
        if not path.exists():
            raise SdkError(f'the SDK at {root} is broken: no {name} at {path}',
                           hint='unset EM_LLVM_ROOT, or set it to the directory of clang' if os.environ.get('EM_LLVM_ROOT') else
                                f'set LLVM_ROOT in {answer["config"] or "EM_CONFIG"}, or get a complete SDK with '
                                '`emroot sdk install`')
    llvm_version = _clang_version(tools['clang'], root)
    resource_dir = Path(_output([str(tools['clang']), '-print-resource-dir'], root).strip())
    node = [str(n) for n in answer['node']]
    found = fingerprint.entries(root, tools, Path(answer['binaryen_root']), resource_dir)
    parts, sources = fingerprint.measure(found, fingerprint.pristine_digests(root))
    index = memo_file.with_suffix('.sources.json')
    write_checked_json(index, sources)
    folders = [*(root / folder for folder in (*fingerprint.SOURCES, *fingerprint.TOOLS)), resource_dir / 'include']
    within = tuple(f'{folder}{os.sep}' for folder in folders)
    as_answered = ('llvm_root', 'binaryen_root', 'tools', 'expected_llvm', 'sanity', 'cache', 'compiler_wrapper', 'lacking')
    return {
        **{name: answer[name] for name in as_answered},
        'version': version, 'parts': parts, 'digest': digest_record({'version': version, 'parts': parts}),
        'node': node, 'node_version': node_version(*node) if node else (), 'resource_dir': str(resource_dir),
        'llvm_version': llvm_version, 'config_text': _config_text(answer), 'index': str(index),
        'configured': answer['config'] is not None and 'EM_CONFIG' not in configuring(),
        'folders': [str(folder) for folder in folders],
        'files': sorted({path for _, _, path in found if not path.startswith(within)}),
    }


def version_of(root: Path) -> str:
    """The version in `emscripten-version.txt`; empty if there is none."""
    return (read_file(root / 'emscripten-version.txt') or b'').decode(errors='replace').strip().strip('"')


def _version(root: Path) -> str:
    text = version_of(root)
    if not text:
        raise SdkError(f'the SDK at {root} is broken: no emscripten-version.txt',
                       hint='get a complete SDK with `emroot sdk install`')
    numbers = tuple(int(n) for n in re.findall(r'\d+', text)[:3])
    if numbers < OLDEST:
        raise SdkError(f'the SDK at {root} is Emscripten {text}; emroot needs {".".join(map(str, OLDEST))} or later',
                       hint='get a newer one with `emroot sdk install`')
    return text


def _clang_version(clang: Path, root: Path) -> str:
    output = _output([str(clang), '--version'], root)
    match = re.search(r'version (\d+(\.\d+)*)', output)
    if not match:
        raise SdkError(f'the SDK at {root} is broken: {clang} --version prints {output.splitlines()[:1]}',
                       hint='reinstall it, or get one with `emroot sdk install`')
    return match.group(1)


def _output(command: list[str], root: Path) -> str:
    try:
        done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        blame_shortage(error, f'looking at {command[0]}')
        if why := why_not_here(Path(command[0])):
            raise SdkError(f'the SDK at {root} is not for this machine: {command[0]} does not run: {why}',
                           hint='get one for this machine with `emroot sdk install`, or give another with --sdk') from error
        raise SdkError(f'the SDK at {root} is broken: {command[0]} does not run ({error})',
                       hint='reinstall it, or get one with `emroot sdk install`') from error
    if done.returncode != 0:
        why = os.fsdecode(done.stderr.strip()[:300]) or f'exit code {done.returncode}'
        raise SdkError(f'the SDK at {root} is broken: `{" ".join(command)}` failed: {why}',
                       hint='reinstall it, or get one with `emroot sdk install`')
    return os.fsdecode(done.stdout)


def node_version(node: str | os.PathLike[str], *options: str) -> tuple[int, ...]:
    """What `node --version` says, as numbers; empty if it does not run: libraries are built without it, links are not."""
    program = find_program(os.fspath(node))
    if not program:
        return ()
    try:
        done = subprocess.run([program, *options, '--version'], capture_output=True, text=True, check=False, timeout=60,
                              stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        blame_shortage(error, f'looking at {node}')
        return ()
    return tuple(int(n) for n in re.findall(r'\d+', done.stdout)[:3]) if done.returncode == 0 else ()


def _config_text(answer: dict[str, Any]) -> str:
    lines = [f'LLVM_ROOT = {as_python(answer["llvm_root"])}', f'BINARYEN_ROOT = {as_python(answer["binaryen_root"])}',
             f'NODE_JS = {as_python(answer["node"])}']
    if answer['llvm_suffix']:
        lines.append(f'LLVM_ADD_VERSION = {answer["llvm_suffix"]!r}')
    if answer['clang_suffix']:
        lines.append(f'CLANG_ADD_VERSION = {answer["clang_suffix"]!r}')
    return '\n'.join(lines) + '\n'
