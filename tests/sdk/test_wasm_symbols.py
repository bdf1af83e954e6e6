"""The hook reads the symbols of objects as llvm-nm does, or leaves them to it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from emroot.probe.emcc_hook.repeated_links import parse_nm
from emroot.probe.emcc_hook.wasm_symbols import read_symbols
from emroot.sdk import Sdk
from emroot.symbol_index.symbols import find_nm

C = '''
extern int outside, *pointed; extern __thread int own_thread; int absent(int); static int hidden_here(void) { return 1; }
__attribute__((weak)) int weak_here(void) { return 2; } __attribute__((weak)) extern int weak_outside(void);
__attribute__((visibility("hidden"))) int hidden = 3; int common; const int read_only = 4; static int local = 5;
__attribute__((import_module("env2"), import_name("other"))) int imported(void); __thread int thread_here;
__attribute__((alias("weak_here"))) int alias(void); int same(void) __asm__("named_differently");
__attribute__((constructor)) static void starts(void) { local++; }
int answer(int (*f)(int)) {
  return f(absent(outside + *pointed + own_thread)) + hidden_here() + weak_here() + (weak_outside ? weak_outside() : 0)
       + imported() + local + same() + thread_here;
}
'''
CXX = '''
#include <iostream>
#include <stdexcept>
#include <string>
inline int counted() { static int n; return n++; }
template <typename T> T twice(T x) { return x + x; }
struct Shape { virtual ~Shape(); virtual int area() const = 0; };
namespace { struct Square : Shape { int area() const override { return counted(); } }; }
int main() {
  try { Square square; std::cout << twice(std::string("x")) << square.area() << std::endl; }
  catch (const std::runtime_error &error) { std::cerr << error.what(); throw; }
}
'''
FLAGS = ['', '-O2', '-g -O0', '-fPIC', '-sMEMORY64', '-pthread -O1', '-fexceptions', '-fwasm-exceptions -O2', '-mtail-call -O2',
         '-O2 -ffunction-sections -fdata-sections']


@pytest.fixture
def compile_object(sdk: Sdk, tmp_path: Path):
    def compile_(language: str, text: str, flags: str) -> Path:
        source, out = tmp_path / f'source.{language}', tmp_path / 'source.o'
        source.write_text(text)
        env = {**os.environ, 'EM_CACHE': str(tmp_path / 'cache'), 'EMSDK_PYTHON': sdk.python[0]}
        driver = 'em++' if language == 'cpp' else 'emcc'
        subprocess.run([*sdk.python, sdk.root / f'{driver}.py', *flags.split(), '-c', source, '-o', out], check=True, env=env,
                       capture_output=True)
        return out
    return compile_


def _said_by_nm(sdk: Sdk, file: Path) -> list[tuple[str, bool]]:
    done = subprocess.run([find_nm(sdk.tools), '--portability', '--no-sort', '--quiet', '--print-file-name', file], check=True,
                          capture_output=True, text=True)
    return sorted((name, is_defined) for _, name, is_defined in parse_nm(done.stdout.splitlines()))


@pytest.mark.slow
@pytest.mark.parametrize('flags', FLAGS)
@pytest.mark.parametrize(('language', 'text'), [('c', C), ('cpp', CXX)],
                         ids=['c', 'c++'])
def test_symbols_are_those_of_llvm_nm(sdk: Sdk, compile_object, language: str, text: str, flags: str):
    file = compile_object(language, text, flags)
    found = read_symbols(file.read_bytes())
    assert found is not None and len(found) > 10
    assert sorted(found) == _said_by_nm(sdk, file)


def test_what_is_not_understood_is_left_to_llvm_nm(sdk: Sdk, compile_object):
    content = compile_object('c', C, '-O1').read_bytes()
    whole = read_symbols(content)
    assert whole
    for size in range(len(content)):
        assert read_symbols(content[:size]) in (None, whole)  # whole: what was cut off are later sections
    for at in range(len(content)):
        read_symbols(content[:at] + bytes([content[at] ^ 0xff]) + content[at + 1:])  # raises nothing, and ends
    many = ''.join(f'int a_name_that_is_rather_long_{number};' for number in range(2000))
    assert read_symbols(compile_object('c', many, '').read_bytes()) is None
    assert read_symbols(compile_object('c', 'int x;', '-flto').read_bytes()) is None


@pytest.mark.parametrize('content', [b'', b'\0asm', b'\0asm\x01\0\0\0', b'!<arch>\n', b'BC\xc0\xde',
                                     b'\0asm\x02\0\0\0\0\x09\x07linking\x02'])
def test_other_files_are_left_to_llvm_nm(content: bytes):
    assert read_symbols(content) is None
