"""Looking at one SDK: is it whole, does its clang run, what is its content called. The answer is kept."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from ..canonical import canonical_json, digest_record
from ..errors import SdkError
from ..home import Home, read_memo, write_memo
from ..probe import ask, pure_environment
from . import fingerprint
from .model import Sdk

OLDEST = (3, 1, 69)
_MEMO_VERSION = 3
#: What emcc itself would heed when it looks for its tools.
_CONFIGURING = ('EM_CONFIG', 'EM_LLVM_ROOT', 'EM_BINARYEN_ROOT', 'EM_NODE_JS', 'EM_LLVM_ADD_VERSION',
                'EM_CLANG_ADD_VERSION')


def inspect(root: Path, how: str, home: Home) -> Sdk:
    """The SDK at `root`. Instant as long as none of its files changed since the last look.

    Raises `SdkError` if something is missing, does not run, or is too old.
    """
    python = sdk_python(root)
    configuring = {name: os.environ[name] for name in _CONFIGURING if name in os.environ}
    place = home.memo / 'sdk' / digest_record([str(root), list(python), configuring])[:32]
    memo_file = place.with_suffix('.json')
    memo = read_memo(memo_file)
    if memo and memo.get('memo') == _MEMO_VERSION:
        try:
            if memo['signature'] == _signature(root, memo):
                return _model(root, how, memo, python)
        except OSError:
            pass  # something that was there is gone: look again
    memo = _look(root, home, python, place)
    write_memo(memo_file, memo)
    return _model(root, how, memo, python)


def _signature(root: Path, memo: dict[str, Any]) -> str:
    found = [('sources' if folder in fingerprint.SOURCES else 'tools', name, path)
             for folder in (*fingerprint.SOURCES, *fingerprint.TOOLS)
             for name, path in fingerprint.walk(root / folder)]
    named = [(str(part), str(name), str(path)) for part, name, path in memo['named']]
    configs = [('config', 'config', path) for path in config_files(root) if os.path.isfile(path)]
    return fingerprint.signature([*sorted(found), *named, *configs])


def config_files(root: Path) -> list[str]:
    """Where emcc looks for its configuration, in this order (`tools/config.py: find_config_file`)."""
    return [os.environ.get('EM_CONFIG', ''), str(root / '.emscripten'), str(root.parent.parent / '.emscripten'),
            os.path.expanduser('~/.emscripten')]


def _look(root: Path, home: Home, python: tuple[str, ...], place: Path) -> dict[str, Any]:
    version = _version(root)
    said = ask(python, root, 'identify', pure_environment(keep=_CONFIGURING))
    tools = {name: Path(path) for name, path in said['tools'].items()}
    for name, path in tools.items():
        if not path.exists():
            raise SdkError(f'the SDK at {root} is broken: no {name} at {path}',
                           mend=f'set LLVM_ROOT in {said["config"] or "EM_CONFIG"}, or get a whole SDK with '
                                '`emroot sdk install`')
    llvm_version = _clang_version(tools['clang'], said['expected_llvm'], root)
    resource_dir = Path(_output([str(tools['clang']), '-print-resource-dir'], root).strip())
    node = [str(n) for n in said['node']]
    binaryen_root = Path(said['binaryen_root'])
    found = fingerprint.entries(root, tools, binaryen_root, resource_dir)
    parts, sources = fingerprint.measure(found, fingerprint.pristine_digests(root))
    index = place.with_suffix('.sources.json')
    write_memo(index, sources)
    walked = [*fingerprint.SOURCES, *fingerprint.TOOLS]
    memo = {
        'memo': _MEMO_VERSION, 'version': version, 'parts': parts,
        'digest': digest_record({'version': version, 'parts': parts}),
        'llvm_root': said['llvm_root'], 'binaryen_root': said['binaryen_root'], 'node': node,
        'node_version': _node_version(node), 'tools': said['tools'], 'llvm_version': llvm_version,
        'resource_dir': str(resource_dir), 'sanity': said['sanity'], 'configured': said['config'] is not None
        and 'EM_CONFIG' not in os.environ, 'config_text': _config_text(said), 'index': str(index),
        'named': [e for e in found if e[1].split('/')[0] not in walked or e[0] == 'compiler'],
    }
    memo['signature'] = _signature(root, memo)
    return memo


def _model(root: Path, how: str, memo: dict[str, Any], python: tuple[str, ...]) -> Sdk:
    return Sdk(root=root, how=how, python=python, version=memo['version'], digest=memo['digest'], parts=memo['parts'],
               llvm_root=Path(memo['llvm_root']), binaryen_root=Path(memo['binaryen_root']), node=tuple(memo['node']),
               node_version=tuple(memo['node_version']), tools={k: Path(v) for k, v in memo['tools'].items()},
               llvm_version=memo['llvm_version'], resource_dir=Path(memo['resource_dir']), sanity=memo['sanity'],
               configured=memo['configured'], config_text=memo['config_text'], index=Path(memo['index']))


def _version(root: Path) -> str:
    try:
        text = (root / 'emscripten-version.txt').read_text(encoding='utf-8').strip().strip('"')
    except OSError as error:
        raise SdkError(f'the SDK at {root} is broken: no emscripten-version.txt',
                       mend='get a whole SDK with `emroot sdk install`') from error
    numbers = tuple(int(n) for n in re.findall(r'\d+', text)[:3])
    if numbers < OLDEST:
        raise SdkError(f'the SDK at {root} is Emscripten {text}; emroot needs {".".join(map(str, OLDEST))} or later',
                       mend='get a newer one with `emroot sdk install`')
    return text


def _clang_version(clang: Path, expected: int, root: Path) -> str:
    said = _output([str(clang), '--version'], root)
    match = re.search(r'version (\d+)(\.\d+)*', said)
    if not match:
        raise SdkError(f'the SDK at {root} is broken: {clang} --version says {said.splitlines()[:1]}',
                       mend='reinstall it, or get one with `emroot sdk install`')
    if int(match.group(1)) < expected:
        raise SdkError(f'the SDK at {root} needs LLVM {expected}, but {clang} is {match.group(0)}',
                       mend='point LLVM_ROOT in its configuration to the right LLVM, or run `emroot sdk install`')
    return match.group(0).removeprefix('version ')


def _output(command: list[str], root: Path) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                              timeout=120, errors='replace')
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SdkError(f'the SDK at {root} is broken: {command[0]} does not run ({error})',
                       mend='reinstall it, or get one with `emroot sdk install`') from error
    if done.returncode != 0:
        raise SdkError(f'the SDK at {root} is broken: `{" ".join(command)}` failed: {done.stderr.strip()[:300]}',
                       mend='reinstall it, or get one with `emroot sdk install`')
    return done.stdout


def _node_version(node: list[str]) -> list[int]:
    """The version of Node, or nothing if it does not run: libraries are built without it, links are not."""
    if not node:
        return []
    try:
        said = subprocess.run([*node, '--version'], capture_output=True, text=True, check=False, timeout=60).stdout
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [int(n) for n in re.findall(r'\d+', said)[:3]]


def _config_text(said: dict[str, Any]) -> str:
    lines = [f'LLVM_ROOT = {said["llvm_root"]!r}', f'BINARYEN_ROOT = {said["binaryen_root"]!r}',
             f'NODE_JS = {said["node"]!r}']
    if said['llvm_suffix']:
        lines.append(f'LLVM_ADD_VERSION = {said["llvm_suffix"]!r}')
    if said['clang_suffix']:
        lines.append(f'CLANG_ADD_VERSION = {said["clang_suffix"]!r}')
    return '\n'.join(lines) + '\n'


def describe(sdk: Sdk) -> str:
    """A few lines for people."""
    return '\n'.join(f'{key:14} {value if isinstance(value, str) else canonical_json(value)}'
                     for key, value in sdk.show().items())


def sdk_python(root: Path) -> tuple[str, ...]:
    """The Python that runs the SDK: EMSDK_PYTHON, the one an emsdk carries, else the one that runs emroot."""
    if given := os.environ.get('EMSDK_PYTHON'):
        return (given,)
    emsdk = root.parent.parent
    for found in sorted((emsdk / 'python').glob('*/python.exe' if os.name == 'nt' else '*/bin/python3')):
        return (str(found),)
    return (sys.executable,)
