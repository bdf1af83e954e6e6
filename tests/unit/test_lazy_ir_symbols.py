"""What is read of the compiler's front end, of the linker's complaints, and of relatives."""

from __future__ import annotations

import pytest

from emroot.keys.plan import Compile
from emroot.lazy_link.symbols.ir_symbols import TAGS, can_be_scanned, front_end, gives_bitcode, read_module, split_modules
from emroot.lazy_link.symbols.undefined_symbols import longest_part, undefined_symbols

MODULE = r"""; ModuleID = '/sdk/a.c'
source_filename = "/sdk/a.c"
%"class.std::string" = type { i8 }
@table = internal constant [2 x i8] c"\01@", align 1
@shared = hidden global ptr null, align 8
@stdout = external global ptr, align 8
@perhaps = extern_weak global i32
@"odd name\22" = weak_odr constant i32 1
@"\01renamed" = global i32 0
@other = weak hidden alias i32, ptr @shared
@llvm.used = appending global [1 x ptr] [ptr @shared]

define hidden void @_Exit(i32 noundef %0) #0 {
  call void @abort()
  ret void
}
define linkonce_odr hidden noundef ptr @_ZNSt3f(ptr %this) comdat {
define available_externally i32 @inlined() {
define internal void @static_one() {
declare void @abort() #1
declare extern_weak void @maybe()
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1) #2
"""


def _compile(*argv: str, source: str = '../../../system/lib/a.c') -> Compile:
    return Compile(key='k', argv=('clang', *argv, '{source}', '-o', '{object}'), source=source)


def test_a_module_defines_what_others_can_see_inline_functions_included():
    found = read_module(MODULE, bitcode=True)
    assert found == {'shared', 'odd name"', 'renamed', 'other', '_Exit', '_ZNSt3f'}


def test_what_code_generation_may_define_is_among_it():
    throwing = MODULE + 'define void @f() personality ptr @__gxx_wasm_personality_v0 {\n'
    natively, with_lto, not_throwing = (read_module(text, bitcode=bitcode) for text, bitcode in (
        (throwing, False), (throwing, True), (MODULE, False)))
    assert natively and natively >= TAGS
    assert with_lto and not TAGS & with_lto
    assert not_throwing and not TAGS & not_throwing


@pytest.mark.parametrize('assembly', ['\nmodule asm ".globl hidden_one"\n', '  call void asm sideeffect ".set a, b", ""()\n'])
def test_of_a_module_with_assembly_nothing_is_known(assembly: str):
    assert read_module(MODULE + assembly, bitcode=True) is None


def test_modules_that_were_printed_one_after_the_other_are_told_apart():
    assert [name for name, _ in split_modules(MODULE + MODULE.replace('a.c', 'b c.c'))] == ['/sdk/a.c', '/sdk/b c.c']


def test_the_front_end_is_started_with_all_flags_that_are_not_about_one_file():
    said = ('clang version 21\n "/llvm/clang" "-cc1" "-triple" "wasm64" "-emit-obj" "-disable-free" "-main-file-name" "a.c" '
            '"-O2" "-debug-info-kind=constructor" "-D" "TEXT=\\"a \\$b\\"" "-o" "a.o" "-x" "c" "/sdk/a.c"\n')
    assert front_end(said) == ['/llvm/clang', '-cc1', '-triple', 'wasm64', '-O2', '-D', 'TEXT="a $b"', '-emit-llvm',
                               '-disable-llvm-passes', '-w', '-o', '-', '-x', 'c']
    assert front_end(said + said) == []
    assert front_end('nothing of the kind') == []


def test_the_kind_of_an_object_follows_from_its_flags():
    assert gives_bitcode(_compile('-flto=thin'))
    assert not gives_bitcode(_compile('-O2'))
    assert not gives_bitcode(_compile('-flto', '-fno-lto'))
    assert not gives_bitcode(_compile('-flto', source='a.S'))


@pytest.mark.parametrize('flag', ['-fsanitize=address', '-fprofile-generate', '-fplugin=x.so'])
def test_where_passes_add_definitions_the_front_end_is_not_asked(flag: str):
    assert can_be_scanned(_compile('-O2'))
    assert not can_be_scanned(_compile(flag))
    assert not can_be_scanned(_compile(source='a.s'))


def test_names_that_the_linker_misses_are_read_of_its_complaints():
    assert undefined_symbols('wasm-ld: warning: something\n'
                             'wasm-ld: error: /a b/main.o: undefined symbol: _Z1fi\n'
                             'wasm-ld: error: /t/x.so: undefined symbol: htons. Required by f\n'
                             '/llvm/bin/wasm-ld: error: symbol exported via --export not found: g\n') == {'_Z1fi', 'htons', 'g'}


@pytest.mark.parametrize('said', ['', 'wasm-ld: error: duplicate symbol: f\n',
                                  'wasm-ld: error: a.o: undefined symbol: f\nwasm-ld: error: initial memory too small\n'])
def test_another_complaint_is_not_one_about_names(said: str):
    assert undefined_symbols(said) == set()


def test_a_source_has_to_mention_the_longest_part_of_a_name():
    assert longest_part('none_such') == 'none_such'
    assert longest_part('_ZNSt3__26locale7classicEv') == 'classic'
    assert longest_part('_ZN4demo11basic_thing5helloEi') == 'basic_thing'
    assert longest_part('_Znwm') == ''
