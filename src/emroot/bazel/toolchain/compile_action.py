"""Compiles of the toolchain: emcc with the headers as its cache, and no trace in the object of where it ran."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess

from ..sdk_layout import is_for_cache
from .action import Action
from .cache_contents import fill_cache, in_cache, put
from .link_hints import FROZEN, advice, ask, port_options


def compile_(action: Action, program: str, arguments: list[str]) -> int:
    """Compile, and write the dependency file with paths relative to Bazel's execution root."""
    headers, ports = action.headers, port_options(arguments)
    installed = action.root / headers
    cache = with_ports(action.scratch, installed, arguments) if ports else installed
    maps = [f'-ffile-prefix-map={cache}={headers}', f'-ffile-prefix-map={action.root}{os.sep}=',
            f'-ffile-prefix-map={action.root}=.', *action.resource_dir_flags]
    done = action.run(program, [*arguments, *maps], action.environment(cache))
    action.say(_advice_on_ports(action, cache, arguments, ports, done) or done.stderr)
    if done.returncode == 0 and '-fsyntax-only' in arguments and '-o' in arguments:
        Path(arguments[arguments.index('-o') + 1]).touch()  # Bazel wants a file of a header that was parsed
    if done.returncode == 0 and '-MF' in arguments and action.at_root:
        own = [headers, str(cache), os.path.dirname(action.about), action.resource_dir]
        relative_dependencies(Path(arguments[arguments.index('-MF') + 1]), action.root, own)
    return done.returncode


def with_ports(scratch: Path, headers: Path, arguments: Sequence[str]) -> Path:
    """The headers and the ports among the inputs as one cache, where emcc looks for what an option like `-sUSE_ZLIB` names."""
    ports = [str(Path(a).parents[1]) for a in arguments if is_for_cache(a) and a.endswith('/sysroot/include')]
    if not ports:
        return headers
    fill_cache(scratch / 'cache', [str(headers), *ports])
    return scratch / 'cache'


def _advice_on_ports(action: Action, cache: Path, arguments: Sequence[str], ports: Sequence[str],
                     done: CompletedProcess[bytes]) -> bytes:
    """Hints for a compile that failed because a port is missing; else empty."""
    if done.returncode == 0 or not ports or FROZEN not in done.stderr.decode(errors='replace'):
        return b''
    mode = [a for a in arguments if a == '-m64' or a.startswith('-flto')]
    root = with_javascript(action.sdk.root, action.scratch / 'sdk')
    needs = ask(root, action.environment(cache), action.scratch, ['emcc', 'main.o', *mode, *ports])
    return (advice(needs, in_cache(cache), [], makes=True) or '').encode()


def with_javascript(root: Path, to: Path) -> Path:
    """An SDK that can be asked about a link: that looks whether JavaScript libraries are there, which no compile has among its
    inputs. Each that emcc's modules name is an empty file."""
    named = {name for module in (root / 'tools').glob('*.py')
             for name in re.findall(r'\blib\w*\.js\b', module.read_text(encoding='utf-8'))}
    for directory, others in ((root, ('src',)), (root / 'src', ('lib',)), (root / 'src' / 'lib', ())):
        here = to / directory.relative_to(root)
        here.mkdir(parents=True)
        for entry in directory.iterdir() if directory.is_dir() else ():
            if entry.name not in others:
                put(str(entry), str(here / entry.name))
        for name in named if directory != root else ():
            if not (here / name).exists():
                (here / name).touch()
    return to


def relative_dependencies(file: Path, here: Path, own: Sequence[str]) -> None:
    """Name all files in a dependency file relative to Bazel's execution root `here`. Those below the directories `own` are
    left out: they are the toolchain's, and inputs anyway. Others stay as they are: Bazel refuses what is nobody's."""
    text = file.read_text(encoding='utf-8')
    target, _, rest = text.partition(':')
    while rest[:1] in ('\\', '/'):  # the colon of a drive
        more, _, rest = rest.partition(':')
        target += ':' + more
    top, toolchain = here.as_posix() + '/', tuple(directory.replace(os.sep, '/').rstrip('/') + '/' for directory in own)
    kept = []
    for word in re.findall(r'(?:\\[ #]|[^\s\\]|\\(?![\s]))+', rest):
        path = word.replace('\\ ', ' ').replace(os.sep, '/').removeprefix(top)
        if not path.startswith(toolchain):
            kept.append(path.replace(' ', '\\ '))
    file.write_text(f'{target}: {" ".join(kept)}\n', encoding='utf-8')
