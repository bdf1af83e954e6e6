"""What a source may define, by its text: every way to define a name is seen, and what defines none is not suspected."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emroot.lazy_link.source_names.definitions import Definitions, describe
from emroot.lazy_link.source_names.headers import Dialect, TextReader


def _found(directory: Path, names: set[str], suffix: str, text: str, *, private: str = '', public: str = '',
           given: tuple[str, ...] = ()) -> set[str]:
    files = {f'lib/main{suffix}': text, 'lib/own/own.h': private, 'include/public.h': public, 'compiler/stddef.h': ''}
    for name, content in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(content)
    source = str(directory / f'lib/main{suffix}')
    dialect = Dialect(suffix == '.cpp', (str(directory / 'lib/own'),), (str(directory / 'include'),), str(directory / 'compiler'),
                      given)
    kept = json.loads(json.dumps(describe(dialect, TextReader(), {source: ['main.o']})))
    return Definitions(kept).may_define(names).get('main.o', set())


#: How C defines `wanted`, with what the headers say.
IN_C = {
    'function': 'int wanted(void) { return 0; }',
    'variable': 'int wanted;',
    'variable with a value': 'const char *other = "x", *wanted = "y";',
    'several declarators': 'int other(int a), wanted;',
    'old style': 'int wanted(a) int a; { return a; }',
    'in parentheses': 'int (wanted)(int a) { return a; }',
    'pointer to function': 'int (*wanted)(int);',
    'array': 'extern int wanted[]; int wanted[] = { 1 };',
    'weak alias': '#define alias_of(old, new) extern __typeof(old) new __attribute__((__weak__, __alias__(#old)))\n'
                  'static int f(void) { return 0; }\nalias_of(f, wanted);',
    'alias of a declaration': 'int f(void) { return 0; }\nint wanted(void) __attribute__((alias("f")));',
    'ifunc': 'static void *r(void) { return 0; }\nint wanted(void) __attribute__((ifunc("r")));',
    'assembler label': 'int f(void) __asm__("wanted");\nint f(void) { return 0; }',
    'assembler label in pieces': 'int f(void) __asm__("wan" "ted");\nint f(void) { return 0; }',
    'assembler label from a macro': '#define S(x) #x\nint f(void) __asm__(S(wanted));\nint f(void) { return 0; }',
    'assembly': '__asm__(".globl wanted\\nwanted:\\n");',
    'assembly in a body': 'void f(void) { __asm__ volatile(".globl wanted\\nwanted:\\n"); }',
    'assembly in a body, by a macro': '#define SET(name) __asm__(".globl " #name)\nvoid f(void) { int i = 1; SET(wanted); }',
    'assembly in a body, of a macro': '#define TEXT ".globl wanted;"\nvoid f(void) { __asm__("nop;" TEXT); }',
    'pasted in assembly in a body': '#define S(x) #x\n#define T(x) S(x)\n#define J(a, b) a##b\n'
                                    'void f(void) { __asm__(T(J(wan, ted)) ":"); }',
    'assembly of two statements in a body': '#define SET(a, b) __asm__(a b)\n'
                                            'void f(void) { SET(".globl wan", ({ ; "ted"; })); }',
    'alias in a body': 'int g(void) { extern int wanted(void) __attribute__((alias("g"))); return wanted(); }',
    'pasted': '#define DEFINE(a, b) int a##b(void) { return 0; }\nDEFINE(wan, ted)',
    'pasted twice': '#define J(a, b) a##b\n#define K(a, b) J(a, b)\nint K(K(wa, nt), ed)(void) { return 0; }',
    'pasted with a number': '#define V(n) int wan##n = 0\nV(ted);',
    'renamed': '#define f wanted\nint f(void) { return 0; }',
    'renamed twice': '#define f g\n#define g wanted\nint f(void) { return 0; }',
    'pragma': '#pragma weak wanted = f\nint f(void) { return 0; }',
    'pragma in a body': 'int f(void) { _Pragma("weak wanted = f") return 0; }',
    'redefined external name': '#pragma redefine_extname f wanted\nint f(void) { return 0; }',
    'joined lines': 'int wan\\\nted(void) { return 0; }',
    'in one branch': '#if A\nint f(void) {\n#else\nint f(int a) {\n#endif\nreturn 0; }\nint wanted;',
    'after an unbalanced branch': 'void f(void) {\n#if A\nif (1) {\n#endif\n#if A\n}\n#endif\n}\nint wanted;',
    'after a brace in a string': 'const char *s = "{"; char c = \'{\'; /* { */ int wanted;',
    'after a macro with a brace': '#define BEGIN {\n#define END }\nvoid f(void) BEGIN END\nint wanted;',
    'in parentheses of a macro': '#define KEEP(x) x\nKEEP(int wanted(void) { return 0; })',
    'in braces of a macro': '#define BODY(x, y) y\nBODY({ }, int wanted = 1;)\n',
    'digraphs': 'int wanted(void) <% return 0; %>',
    'inline with a declaration': 'inline int wanted(void) { return 0; }\nint wanted(void);',
    'included text': '#include "own.h"',
    'an included macro': '#include <public.h>\nDEFINE_IT',
    'an included file of a macro': '#include OWN',
}
_PRIVATE, _PUBLIC = 'int wanted(void) { return 0; }', '#define DEFINE_IT int wanted;\n'


@pytest.mark.parametrize('how', IN_C)
def test_a_definition_in_c_is_seen(how: str, tmp_path: Path):
    assert _found(tmp_path, {'wanted'}, '.c', IN_C[how], private=_PRIVATE, public=_PUBLIC) == {'wanted'}


def test_macros_of_the_command_line_count(tmp_path: Path):
    assert _found(tmp_path, {'wanted'}, '.c', 'int NAME;', given=('NAME=wanted',))


def test_macros_of_a_source_change_its_own_headers(tmp_path: Path):
    assert _found(tmp_path, {'wanted'}, '.c', '#define NAME wanted\n#include "own.h"', private='int NAME(void) { return 0; }')
    assert _found(tmp_path, {'wanted'}, '.c', '#define EXTERN\n#include "own.h"', private='EXTERN int wanted;')
    assert _found(tmp_path, {'wanted'}, '.c', '#define INLINE\n#include <public.h>', public='INLINE int wanted(void) { }')


NOT_IN_C = {
    'call': 'int f(void) { return wanted(1); }',
    'call beside assembly': 'int f(void) { __asm__ volatile("nop" : : : "memory"); return wanted(1); }',
    'declaration': 'int wanted(void);',
    'declarations': 'int f(int), wanted(int, ...);',
    'attributes': '#define hidden __attribute__((__visibility__("hidden")))\nhidden void wanted(void (*)(int)) '
                  '__attribute__((__noreturn__));',
    'extern': 'extern const int wanted[];',
    'static': 'static int wanted(void) { return 0; }',
    'type': 'struct wanted { int a; };\ntypedef int wanted_t;',
    'parameter': 'int f(int wanted, char *b) { return wanted; }',
    'comment': '/* int wanted; */ // int wanted;\nint f;',
    'public declaration': '#include <public.h>\nint f;',
    'macro with the name of a language': '#define C wanted\n#ifdef __cplusplus\nextern "C" {\n#endif\nint f(void);',
}


@pytest.mark.parametrize('how', NOT_IN_C)
def test_what_defines_nothing_is_not_suspected(how: str, tmp_path: Path):
    assert not _found(tmp_path, {'wanted'}, '.c', NOT_IN_C[how], public='int wanted(void);\nextern int wanted_too;\n')


@pytest.mark.parametrize('text', ['.globl wanted\nwanted:\n', '#define N(a, b) a##b\nN(wan, ted):\n',
                                  '.macro define name\n.globl wan\\name\nwan\\name:\n.endm\ndefine ted\n'])
def test_assembly_is_seen(text: str, tmp_path: Path):
    assert _found(tmp_path, {'wanted'}, '.S', text)


#: What C++ defines: the text, and the name that the linker sees.
IN_CXX = {
    'function': ('namespace n { int f(int) { return 0; } }', '_ZN1n1fEi'),
    'member': ('namespace n { void type::run(int) { } }', '_ZN1n4type3runEi'),
    'member by an alias': ('using other = n::type;\nvoid other::run(int) { }', '_ZN1n4type3runEi'),
    'constructor': ('type::type(int a) : base(a) { }', '_ZN4typeC2Ei'),
    'destructor': ('n::type::~type() = default;', '_ZN1n4typeD1Ev'),
    'vtable': ('n::type::~type() { }', '_ZTVN1n4typeE'),
    'type information': ('void n::type::key() { }', '_ZTIN1n4typeE'),
    'type information by an alias': ('using other = n::type;\nvoid other::key() { }', '_ZTIN1n4typeE'),
    'vtable from a macro': ('#define KEY type::key\nvoid KEY() { }', '_ZTV4type'),
    'vtable of what a macro is given': ('#define KEY(c) void c::key() { }\nKEY(type)', '_ZTV4type'),
    'vtable where a macro joins': ('#define KEY(c) void c##pe::key() { }\nKEY(ty)', '_ZTV4type'),
    'type information of a template': ('template <> void box<int>::key() { }', '_ZTI3boxIiE'),
    'type information of an inner class': ('int outer :: inner\n:: key() { return 0; }', '_ZTIN5outer5innerE'),
    'destructor with an attribute': ('#define HIDDEN __attribute__((visibility("hidden")))\nHIDDEN type::~type() { }',
                                     '_ZN4typeD0Ev'),
    'destructor under an alias of its class': ('using other = type;\nother::~type() { }', '_ZN4typeD2Ev'),
    'destructor of a template': ('template <class T> box<T>::~box() { }', '_ZN3boxIiED2Ev'),
    'constructor named by assembly': ('__asm__(".globl _ZN4typeC1Ev\\n");', '_ZN4typeC1Ev'),
    'type information of a local class': ('int f() { struct local { virtual void g() { } } a; return 0; }', '_ZTIZ1fvE5local'),
    'member whose name is joined': ('#define RUN(a) void type::r##a(int) { }\nRUN(un)', '_ZN4type3runEi'),
    'operator': ('type operator+(type a, type b) { return a; }', '_Zpl4typeS_'),
    'operator from a macro': ('#define OP operator+\ntype OP(type a, type b) { return a; }', '_Zpl4typeS_'),
    'operator new': ('void *operator new(unsigned long size) { return 0; }', '_Znwm'),
    'extern "C"': ('extern "C" { int wanted(int) { return 0; } }', 'wanted'),
    'one extern "C"': ('extern "C" int wanted(int) { return 0; }', 'wanted'),
    'inline namespace': ('namespace std { inline namespace __2 { int f() { return 0; } } }', '_ZNSt3__21fEv'),
    'namespace from a macro': ('#define BEGIN namespace std { inline namespace __2 {\n#define END } }\nBEGIN int f() { } END',
                               '_ZNSt3__21fEv'),
    'explicit instantiation': ('template class std::basic_string<char>;', '_ZNSt3__212basic_stringIcNS_6traitsIcEEE6appendEPKc'),
    'instantiation from a macro': ('#define MAKE(x) template class x;\nMAKE(box<char>)', '_ZN3boxIcE3getEv'),
    'function template': ('template int most<int>(int, int);', '_Z4mostIiET_S0_S0_'),
    'static member': ('template <> locale::id ctype<char>::id;', '_ZNSt3__25ctypeIcE2idE'),
    'variable': ('namespace std { stream cout; }', '_ZSt4cout'),
    'thread-local wrapper': ('thread_local int counter = f();', '_ZTW7counter'),
    'local variable': ('int f() { static int count; return count; }', '_ZZ1fvE5count'),
    'thunk': ('void n::type::run(int) { }', '_ZThn16_N1n4type3runEi'),
    'literal label': ('extern char cout __asm__("_ZSt4cout"); char cout;', '_ZSt4cout'),
    'fundamental types': ('__fundamental_type_info::~__fundamental_type_info() { }', '_ZTIi'),
    'conversion': ('type::operator bool() const { return true; }', '_ZNK4typecvbEv'),
    'object with an argument': ('extern "C" { type wanted(1); }', 'wanted'),
    'object whose type is a macro': ('#define void type\nextern "C" { void wanted(1); }', 'wanted'),
    'pointer': ('extern "C" { void *wanted(0); }', 'wanted'),
    'function named by assembly': ('extern "C" { void f() __asm__("wanted"); }\nvoid f() { }', 'wanted'),
    'alias in brackets': ('extern "C" { [[gnu::alias("f")]] void wanted(int); }', 'wanted'),
}


@pytest.mark.parametrize('how', IN_CXX)
def test_a_definition_in_cxx_is_seen(how: str, tmp_path: Path):
    text, name = IN_CXX[how]
    assert _found(tmp_path, {name}, '.cpp', text) == {name}


NOT_IN_CXX = {
    'other member': ('void type::walk(int) { }', '_ZN4type3runEi'),
    'member of another class': ('class other; class type;\nvoid other::run(int) { }', '_ZN4type3runEi'),
    'other operator': ('type operator-(type a, type b) { return a; }', '_Zpl4typeS_'),
    'declared instantiation': ('extern template class box<char>;\nint f;', '_ZN3boxIcE3getEv'),
    'class': ('class type { void run(int); };', '_ZN4type3runEi'),
    'use': ('int f() { type a; a.run(1); return 0; }', '_ZN4type3runEi'),
    'class of a result': ('const n::type &get() { return n::value(); }', '_ZN1n4typeD1Ev'),
    'class of a result, type information': ('type *get(type *a, int) { return a; }', '_ZTI4type'),
    'class of a base': ('#define HIDDEN __attribute__((visibility("hidden")))\nclass HIDDEN other : public type { void f(); };',
                        '_ZTI4type'),
    'base': ('other::other(int a) : type(a) { }', '_ZN4typeC2Ei'),
    'declared function': ('extern "C" { [[noreturn]] void wanted(int status);\nextern void g(void (*wanted)(int)) noexcept;\n}',
                          'wanted'),
}


@pytest.mark.parametrize('how', NOT_IN_CXX)
def test_what_defines_nothing_in_cxx_is_not_suspected(how: str, tmp_path: Path):
    text, name = NOT_IN_CXX[how]
    assert not _found(tmp_path, {name}, '.cpp', text)
