"""Links of the toolchain, against a cache made of exactly the libraries among the inputs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from ..sdk_layout import is_for_cache, mapped
from .action import Action
from .cache_contents import fill_cache, in_cache, link_headers
from .link_hints import advice, ask, lacks_ports, port_options
from .missing_libraries import can_make, lacks_libraries, make_and_run, tell
from .output_packer import pack
from .output_unpacker import divide

#: Has a link write one file, a tar of all that emcc leaves.
PACK = '--emroot-pack'
#: Links a shared library of Bazel's.
SHARED = '--emroot-shared'
#: Where a port lies that is among the inputs (`port.bzl: emscripten_port_library`).
PORT = '--emroot-port='
#: Has a link make what it pulls of all libraries, and say nothing about it (`granularity=lazy`).
LAZY = '--emroot-lazy'
#: Links a program that is a test (`test_runner.bzl`).
TEST = '--emroot-test'
#: Options of links that have no files of the system's, or another way to them.
_OWN_FILES = re.compile(r'-?-(preload|embed)-file|--oformat=html|-sENVIRONMENT=(?!.*node)|'
                        r'-s(NODERAWFS|WASMFS|STANDALONE_WASM|SIDE_MODULE|FILESYSTEM=0)')
#: What a link also compiles: a source by its name, whatever follows `-x`, or standard input.
_SOURCE = re.compile(r'^[^-].*\.([cimsCS]|cc|cpp|cxx|c\+\+|CPP|ii|mm)$|^-x|^-$')


def link(action: Action, program: str, arguments: list[str]) -> int:
    """Run emcc for all that is no mere compile: links and queries."""
    given = with_format(by_path(arguments))
    cached = [a for a in given if is_for_cache(a) and not a.startswith('-')]
    ports = [mapped(a.removeprefix(PORT), action.root) for a in given if a.startswith(PORT)]
    words = for_tests([a for a in given if a not in cached and not a.startswith(PORT)])
    cache = action.scratch / 'cache'
    fill_cache(cache, [*cached, *(str(action.root / port) for port in ports)])
    # em++ takes the C++ runtime in whatever it is told (as `link_table.py: linker` knows).
    program = 'emcc.py' if '-sDEFAULT_TO_CXX=0' in words else program
    if SHARED in words:
        return run(action, program, shared([word for word in words if word != SHARED], action.sdk.root), cache)
    if action.packs:
        return link_packed(action, program, words, cache)
    link_headers(cache, action.root / action.headers)
    own = action.resource_dir_flags if any(_SOURCE.search(word) for word in words) and os.path.isdir(action.resource_dir) else []
    return run(action, program, in_named_format([*own, *words]), cache)


def in_named_format(words: list[str]) -> list[str]:
    """The words of a link of somebody else's, who has flags of the toolchain: what its output is called counts, not the feature
    `output_format_js`."""
    out = words[words.index('-o') + 1] if '-o' in words[:-1] else ''
    named = _is_side_module(words) or out.endswith(('.html', '.mjs', '.wasm'))
    return [word for word in words if word != '--oformat=js'] if named else words


def link_packed(action: Action, program: str, words: list[str], cache: Path) -> int:
    """A link of Bazel's own: pack emcc's outputs into the one file that Bazel expects."""
    at = words.index('-o')
    out, rest = Path(words[at + 1]), words[:at] + words[at + 2:]
    made = action.scratch / 'made'
    made.mkdir()
    if _is_side_module(rest):
        rest = [a for a in rest if not a.startswith('--oformat=')]  # it has no JavaScript to be written in any format
    # Bazel calls a shared library lib*.so, users call a program hello.js, or hello.tar for what it is.
    name = f'{divide(out.name.removesuffix(".so").removesuffix(".tar"))[0]}.{_output_format(rest)}'
    # What features tell comes before the output, what targets and --linkopt tell after it.
    code = run(action, program, [*rest, '-o', str(made / name)], cache, options=words[at:])
    if code == 0:
        for source_map in made.glob('*.map'):
            name_sources(source_map, action.root)
        pack(made, out, action.sdk.node)
    return code


def run(action: Action, program: str, words: list[str], cache: Path, *, options: Sequence[str] = ()) -> int:
    """Run emcc. If libraries are missing, make what the link loads, or print a hint. `options`: those that no feature tells."""
    lazy, words = LAZY in words, [word for word in words if word != LAZY]
    env, given = action.environment(cache), in_cache(cache)
    done = None if lazy and can_make(action) and not port_options(words) else action.run(program, words, env)
    if done is None:
        done = make_and_run(action, program, words, cache)
    elif lacks_libraries(done):
        if port_options(words) or not can_make(action):
            needs = ask(action.sdk.root, env, action.scratch, [program.removesuffix('.py'), *words])
            if lacks_ports(needs, given) or not can_make(action):
                action.say((advice(needs, given, options, makes=can_make(action)) or '').encode() or done.stderr)
                return done.returncode
        done = make_and_run(action, program, words, cache)
        action.say(tell(action, given) if action.packs else b'')  # a configure script takes what is said for a warning
    action.say(done.stderr)
    return done.returncode


def for_tests(words: list[str]) -> list[str]:
    """The words of a link. A test exits when its main returns, and sees the system's files, by default."""
    if TEST not in words:
        return words
    rest = [word for word in words if word != TEST]
    own = [] if any(_OWN_FILES.match(word) for word in rest) else ['-sNODERAWFS']
    return ['-sEXIT_RUNTIME', *own, *rest]


def shared(words: list[str], sdk: Path) -> list[str]:
    """The words of a link of a shared library: a side module where that was asked for, else one that is linked into programs, as
    emcc has it for build systems that insist on shared libraries."""
    words = [a for a in words if not a.startswith('--oformat=')]
    if not _is_side_module(words) and 'FAKE_DYLIBS' in (sdk / 'src' / 'settings.js').read_text(encoding='utf-8'):
        words.append('-sFAKE_DYLIBS')  # up to 4.0 they are that anyway
    return ['-shared', *words]


def by_path(arguments: Sequence[str]) -> list[str]:
    """Arguments, with the system libraries of a dynamic link, of which Bazel says names and directories, as paths."""
    named = [a for a in arguments if a.startswith('-l') and is_for_cache(f'/lib{a[2:]}')]
    directories = [Path(a[2:]) for a in arguments if a.startswith('-L')]
    found = [next(d / f'lib{a[2:]}.so' for d in directories if (d / f'lib{a[2:]}.so').exists()) for a in named]
    return [a for a in arguments if a not in named] + [str(path) for path in found]


def with_format(arguments: Sequence[str]) -> list[str]:
    """Arguments, with `--oformat` and what follows it as one word."""
    at = [n for n, word in enumerate(arguments[:-1]) if word == '--oformat']
    return [f'{word}={arguments[n + 1]}' if n in at else word for n, word in enumerate(arguments) if n - 1 not in at]


def name_sources(source_map: Path, here: Path) -> None:
    """Have a source map name sources from the execution root `here`, as the workspace has them."""
    document = json.loads(source_map.read_text(encoding='utf-8'))
    top = here.as_posix() + '/'
    found = (os.path.normpath(source_map.parent / name).replace(os.sep, '/') for name in document['sources'])
    document['sources'] = [name.removeprefix(top) for name in found]
    source_map.write_text(json.dumps(document, separators=(',', ':')), encoding='utf-8')


def _is_side_module(arguments: Sequence[str]) -> bool:
    return any(re.fullmatch(r'-sSIDE_MODULE(=[12])?', a) for a in arguments)


def _output_format(arguments: Sequence[str]) -> str:
    """The last `--oformat`; a side module is WebAssembly alone."""
    if _is_side_module(arguments):
        return 'wasm'
    given = [a.partition('=')[2] for a in arguments if a.startswith('--oformat=')]
    return {'bare': 'wasm', 'wasm': 'wasm', 'html': 'html', 'mjs': 'mjs'}.get(given[-1] if given else 'js', 'js')
