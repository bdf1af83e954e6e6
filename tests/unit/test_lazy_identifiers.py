"""What a preprocessed text may define."""

from __future__ import annotations

import pytest

from emroot.lazy_link.identifiers import identifiers_in, is_identifier, split_text
from emroot.lazy_link.ir_symbols import TAGS


def _words(text: str) -> set[str]:
    found = identifiers_in(split_text(text.encode()))
    assert found is not None
    return found


@pytest.mark.parametrize('text', [
    'int f(int a) { return 0; }', 'int f(a) int a; { return a; }', 'int f;', 'extern "C" { int f() { } }', 'int x, f(int a) {}',
    'extern "C" { int f(4); }', 'extern "C" { thing f(a * b); }', 'thing f(sizeof a);', 'thing f(new int);', 'int (f)(int a) {}',
    'int x = 1, f = 2;', 'int g(int a) __attribute__((cold)), f = h((1));', 'static_thing<int> f{};',
    '#pragma weak f = g\nint x;',
    '__attribute__((used)) int f[] = { 1 };', 'const char *t = "; int f(int a); "; int f(int a) { }',
    'using t = int; t f;', 'size_t f(a_t * b);', 'int f(void) try { } catch (...) { }'])
def test_a_definition_is_among_the_words(text: str):
    assert 'f' in _words(text)


@pytest.mark.parametrize('text', [
    'int f(int a);', 'extern "C" int f(void) noexcept;', 'struct s *f(const struct s *, unsigned);', 'int f();',
    '__attribute__((__noreturn__)) void f(thing code) __attribute__((__import_module__("m"), __import_name__("n")));',
    'typedef int a_t; size_t f(a_t * b);', 'using ::f __attribute__((__using_if_exists__));',
    'int g(void) { return f(1); }', 'void g(void) { ((void)((a) || (f("a", 1), 0))); }', 'int x = f(1);'])
def test_what_is_declared_or_called_is_not(text: str):
    assert 'f' not in _words(text)


@pytest.mark.parametrize('text', ['int f(void) __asm__("g");', 'asm(".globl g");', 'extern int f __attribute__((alias("g")));'])
def test_where_a_declaration_defines_there_is_no_bound(text: str):
    assert identifiers_in(split_text(text.encode())) is None


def test_what_the_compiler_adds_is_among_the_words():
    assert TAGS | {'__clang_call_terminate'} <= _words('int x;')
    assert '__main_argc_argv' in _words('int main(int c, char **v) { }')


def test_mangled_and_unusual_names_are_no_words():
    assert is_identifier('_f1')
    assert not any(map(is_identifier, ('_Z1fv', 'a.b', 'a$', '\u00e9')))
