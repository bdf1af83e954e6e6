"""Bounds on the symbols that an object defines, from the compiler's front end, without compiling it.

Clang translates a source to LLVM IR, passes optimise it, and a code generator writes the object. The first step decides which
symbols the object defines: later steps drop unused inline functions and add no external symbols (except for `_ADDING` and
`_THROWS`). So `clang -cc1 -emit-llvm -disable-llvm-passes` with the flags of the compile gives a superset of the symbols; for
C, the exact set. One process handles dozens of sources, each in a tenth of the time of its compile (C) or half of it (C++).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path

from ...engine.command_lines.compile_context import CompileContext
from ...engine.execution.front_end import front_end_command
from ...engine.execution.pool import Pool
from ...keys.plan import Compile

#: Options with which passes may add external definitions.
_ADDING = ('-fsanitize', '-fprofile', '-fcs-profile', '-fcoverage-mapping', '-fxray', '-finstrument', '-fplugin', '-fpass-plugin',
           '-load', '-fsplit', '-fwhole-program', '-fembed-bitcode', '-fcf-protection', '-finput-charset', '-S', '-E')
#: Options of a compile that concern its single source and its object.
_OF_ONE = {'-main-file-name': 2, '-o': 2, '-emit-obj': 1, '-emit-llvm-bc': 1, '-disable-free': 1, '-x': 2}
_WITHOUT = ('-debug-info-kind', '-dwarf-version', '-debugger-tuning', '-flto')
_BEGINS = "; ModuleID = '"
_NAME = r'@("(?:[^"\\\n]|\\.)*"|[-\w$.]+)'
_GLOBAL = re.compile(rf'^{_NAME} = (.*?)\b(?:global|constant|alias|ifunc)\b', re.MULTILINE)
_FUNCTION = re.compile(rf'^define ([^@\n]*){_NAME}\(', re.MULTILINE)
_NOT_DEFINED = {'private', 'internal', 'available_externally', 'appending', 'external', 'extern_weak'}
_ASSEMBLY = re.compile(r'\basm (?:[a-z]+ )*"((?:[^"\\\n]|\\.)*)"')
_ESCAPED = re.compile(r'\\([0-9A-Fa-f]{2})')
#: A sign that code generation may define exception tags, which it does weakly before LLVM 22.
_THROWS = re.compile(r'__gxx_wasm_personality|@llvm\.wasm\.(?:re)?throw|@(?:_?setjmp|longjmp|sigsetjmp|siglongjmp)\b')
#: An intrinsic in the names of bitcode, and what its function is called if that is another name. Those of `frem` have none.
_INTRINSIC = re.compile(rb'llvm\.([a-z0-9]+)\.f(32|64|128)')
_RENAMED = {'minnum': 'fmin', 'maxnum': 'fmax'}
_SUFFIXES = {b'32': 'f', b'64': '', b'128': 'l'}
_WITHOUT_NAME = frozenset({'fmod', 'fmodf'})
TAGS = frozenset({'__cpp_exception', '__c_longjmp'})
Bound = frozenset[str]
"""A superset of the external symbols that an object defines."""


def called_for_intrinsics(bitcode: bytes) -> set[str]:
    """The functions that code generation may call for intrinsics of one or more modules of bitcode, and for instructions."""
    return {_RENAMED.get(name.decode(), name.decode()) + _SUFFIXES[size] for name, size in _INTRINSIC.findall(bitcode)
            } | _WITHOUT_NAME


def gives_bitcode(compile_: Compile) -> bool:
    """Whether the object is LLVM bitcode: compiled for LTO, and not assembled."""
    return _is_for_lto(compile_.argv) and not is_assembly(compile_)


@cache
def _is_for_lto(argv: tuple[str, ...]) -> bool:
    lto = [word for word in argv if word.startswith(('-flto', '-fno-lto'))]
    return bool(lto) and not lto[-1].startswith('-fno-lto')


def can_be_scanned(compile_: Compile) -> bool:
    """Whether the front end decides which symbols the object defines."""
    return not is_assembly(compile_) and not _adds_symbols(compile_.argv)


@cache
def _adds_symbols(argv: tuple[str, ...]) -> bool:
    return any(word.startswith(_ADDING) for word in argv)


def scan_symbols(compiles: Iterable[Compile], context: CompileContext, env: Mapping[str, str], pool: Pool) -> dict[str, Bound]:
    """Bounds by the keys of their compiles. Compiles without a bound are left out."""
    alike: dict[tuple[tuple[str, ...], str], list[Compile]] = {}
    for compile_ in filter(can_be_scanned, compiles):
        alike.setdefault((compile_.argv, Path(compile_.source).suffix), []).append(compile_)
    found: dict[str, Bound] = {}
    for group in alike.values():
        size = max(1, min(64, -(-len(group) // (4 * pool.workers))))
        for at in range(0, len(group), size):
            pool.add(float(min(len(group), size)), partial(_scan, group[at:at + size], context, env, pool, found))
    pool.run()
    return found


def _scan(group: Sequence[Compile], context: CompileContext, env: Mapping[str, str], pool: Pool, found: dict[str, Bound],
          _worker: int) -> None:
    """Run the front end for compiles that differ only in their source. If one has errors, nothing is found."""
    command = context.command(group[0], Path('sketch.o'))
    commands = pool.call([*command, '-###'], cwd=context.working_directory, env=env).output.decode(errors='replace')
    if words := front_end(commands):
        sources = [context.source(compile_) for compile_ in group]
        done = pool.call([*words, *sources], cwd=context.working_directory, env=env)
        modules = split_modules(done.output.decode(errors='surrogateescape'))
        if done.code == 0 and [name for name, _ in modules] == sources:
            for compile_, (_, text) in zip(group, modules, strict=True):
                bound = read_module(text, bitcode=gives_bitcode(compile_))
                if bound is not None:
                    found[compile_.key] = bound


def front_end(first_command: str) -> list[str]:
    """The command of the front end, without a source, from the output of `clang -###`; empty if that has several commands."""
    given = front_end_command(first_command)[:-1]
    language = given[given.index('-x') + 1] if '-x' in given else ''
    words, skip = [], 0
    for word in given:
        skip = skip or _OF_ONE.get(word, 0)
        if not skip and not word.startswith(_WITHOUT):
            words.append(word)
        skip = max(0, skip - 1)
    return [*words, '-emit-llvm', '-disable-llvm-passes', '-w', '-o', '-', '-x', language] if language else []


def split_modules(text: str) -> list[tuple[str, str]]:
    """Modules that were printed one after the other, with the names of their sources."""
    parts = re.split(f'^{re.escape(_BEGINS)}', text, flags=re.MULTILINE)[1:]
    return [(part.partition("'\n")[0], part) for part in parts]


def read_module(text: str, *, bitcode: bool) -> Bound | None:
    """The symbols that a module in textual IR defines; None if its inline assembly may define more."""
    if '\nmodule asm ' in text or any(set('.:=') & set(assembly) for assembly in _ASSEMBLY.findall(text)):
        return None
    entities = [*_GLOBAL.findall(text), *((name, before) for before, name in _FUNCTION.findall(text))]
    defined = {_plain(name) for name, before in entities if before.split(' ', 1)[0] not in _NOT_DEFINED}
    return frozenset(defined if bitcode or not _THROWS.search(text) else defined | TAGS)


def is_assembly(compile_: Compile) -> bool:
    """Whether the source is in assembly."""
    return compile_.source.endswith(('.s', '.S'))


def _plain(name: str) -> str:
    """The linker's name of a symbol: the IR quotes unusual names, and marks those that are not mangled."""
    if name.startswith('"'):
        octets = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), name[1:-1])
        name = octets.encode('latin-1', errors='surrogateescape').decode(errors='surrogateescape')
    return name.removeprefix('\x01')
