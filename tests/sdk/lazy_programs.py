"""Programs for comparing lazy links with whole ones: what they are made of, and how they are linked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from random_programs import OPTIONS, random_program

SOURCES = Path(__file__).parent / 'programs'
C, CXX = ({path.stem: path.read_text(encoding='utf-8') for path in sorted(SOURCES.glob(f'*.{kind}'))} for kind in ('c', 'cpp'))
RANDOM = range(30)
for _number in RANDOM:
    (CXX if _number % 2 else C)[f'random-{_number}'] = random_program(_number, cxx=bool(_number % 2))


@dataclass(frozen=True)
class Program:
    """One link: its driver, flags and source (`C`, `CXX`, or a third party's), in the order of a command line."""

    driver: str
    flags: str
    source: str

    @property
    def name(self) -> str:
        """The program as a test's name."""
        return f'{self.driver} {self.flags} {self.source}'


@dataclass(frozen=True)
class Project:
    """A third party's program, of the sources of a Debian package."""

    package: str
    sources: str
    """Patterns of the files to compile."""
    without: str = ''
    includes: str = ''
    """Directories whose headers are included by their names below these."""
    before: str = ''
    """What its configure script would find out."""
    main: str = ''
    """A program that uses it, if it does not have one."""
    arguments: str = ''
    """With which the program ends well."""


PROJECTS = {
    'zlib': Project('zlib', '*.c test/example.c', before='#include <unistd.h>\n', includes='test'),
    'bzip2': Project('bzip2', 'blocksort.c huffman.c crctable.c randtable.c compress.c decompress.c bzlib.c bzip2.c',
                     arguments='--help'),
    'libyaml': Project('libyaml', 'src/*.c', includes='include src', main=C['uses_libyaml'],
                       before='#define YAML_VERSION_MAJOR 0\n#define YAML_VERSION_MINOR 2\n#define YAML_VERSION_PATCH 5\n'
                              '#define YAML_VERSION_STRING "0.2.5"\n'),
    'lua': Project('lua5.4', 'src/*.c', without='lua.c luac.c', includes='src', main=C['uses_lua']),
}


def _of(driver: str, flags: str, sources: str) -> list[Program]:
    return [Program(driver, flags, source) for source in sources.split()]


#: Of one mode each a few, so that comparing takes few whole builds.
PROGRAMS = [
    *_of('emcc', '-sMEMORY64', 'hello doubles scan files sorting weak exports interposed jumps zlib bzip2'),
    *_of('emcc', '-sMEMORY64 -I.', 'libyaml lua'),
    *_of('em++', '-sMEMORY64', 'stream regex filesystem constructors locale'),
    *_of('emcc', '-sMEMORY64 -O2', 'hello doubles files'),
    *_of('em++', '-sMEMORY64 -O3', 'stream locale'),
    *_of('em++', '-sMEMORY64 -fexceptions', 'throws stream'),
    *_of('em++', '-sMEMORY64 -flto=thin -fwasm-exceptions -O1', 'stream throws constructors regex'),
    *_of('em++', '-sMEMORY64 -flto=thin -fwasm-exceptions', 'stream'),
    *_of('emcc', '-sMEMORY64 -flto=thin -sDEFAULT_TO_CXX=0', 'hello doubles'),
    *_of('emcc', '-sMEMORY64 -sMALLOC=emmalloc', 'doubles'),
    *_of('emcc', '-sMEMORY64 -sWASMFS', 'files'),
    *_of('em++', '-sMEMORY64 -lembind', 'binds'),
    *_of('emcc', '-sDEFAULT_TO_CXX=0', 'hello doubles scan files sorting weak exports interposed jumps zlib bzip2'),
    *_of('emcc', '-O2 -I.', 'libyaml lua'),
    *_of('em++', '', 'stream regex filesystem constructors locale'),
    *_of('em++', '-Oz', 'stream constructors'),
    *_of('em++', '-fwasm-exceptions', 'throws stream'),
    *_of('em++', '-lembind', 'binds'),
    *_of('emcc', '-sMALLOC=mimalloc -sALLOW_MEMORY_GROWTH', 'doubles'),
    *_of('emcc', '-sSTANDALONE_WASM', 'doubles'),
    *_of('emcc', '-pthread', 'threads hello'),
    *_of('em++', '-pthread', 'workers'),
    *_of('emcc', '-flto -sDEFAULT_TO_CXX=0', 'hello doubles files'),
    *_of('emcc', '-fsanitize=undefined -sDEFAULT_TO_CXX=0', 'doubles'),
    *_of('emcc', '-fsanitize=address -sDEFAULT_TO_CXX=0', 'doubles'),
    *_of('emcc', '-sMAIN_MODULE=2 -sDEFAULT_TO_CXX=0', 'hello'),
    *_of('emcc', '-sERROR_ON_UNDEFINED_SYMBOLS=0 -sDEFAULT_TO_CXX=0', 'weak'),
]
#: Links in modes and variants of whose libraries no index comes with emroot, nor with an SDK.
WITHOUT_INDEX = [
    *_of('emcc', '-flto -sDEFAULT_TO_CXX=0', 'hello doubles'),
    *_of('em++', '-flto', 'stream'),
    *_of('em++', '-sMEMORY64 -fexceptions', 'throws'),
    *_of('em++', '-sMEMORY64 -fwasm-exceptions', 'throws'),
    *_of('em++', '-sMEMORY64 -flto=thin -fwasm-exceptions -O1', 'stream throws'),
]
#: Links of programs that nobody wrote.
BY_CHANCE = [Program('em++' if number % 2 else 'emcc', OPTIONS[number // 2 % len(OPTIONS)], f'random-{number}')
             for number in RANDOM]
