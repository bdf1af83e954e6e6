"""Which compiles run one after the other, and which share a module."""

from __future__ import annotations

from emroot.engine.sequences import make_sequences, share_modules
from emroot.keys.plan import Compile


def _compile(source: str, *flags: str) -> Compile:
    argv = ('clang', *flags, '-c', '{source}', '-o', '{object}')
    return Compile(key=' '.join((source, *flags)), argv=argv, source=source)


def _family(compile_: Compile) -> str:
    return ' '.join([compile_.source, *(word for word in compile_.argv if not word.startswith('-D'))])


def _sequences(compiles: list[Compile], *, workers: int = 2, shared: bool = True) -> list[list[str]]:
    found = make_sequences(compiles, _family, expected=lambda compile_: 9.0 if 'long' in compile_.source else 1.0,
                           workers=workers, shared=shared)
    return [[compile_.key for compile_ in sequence] for sequence in found]


ALL = [_compile(source, *lto, *macros) for lto in ((), ('-flto',), ('-flto=thin',)) for source in ('a.c', 'b.c')
       for macros in ((), ('-DX',))]


def test_families_differ_in_macros_alone():
    assert _sequences(ALL, shared=False) == [
        ['a.c', 'a.c -DX'], ['b.c', 'b.c -DX'], ['a.c -flto', 'a.c -flto -DX'], ['b.c -flto', 'b.c -flto -DX'],
        ['a.c -flto=thin', 'a.c -flto=thin -DX'], ['b.c -flto=thin', 'b.c -flto=thin -DX']]


def test_what_shares_a_front_end_follows_each_other():
    assert _sequences(ALL) == [[f'{source}{lto}{macros}' for macros in ('', ' -DX') for lto in ('', ' -flto', ' -flto=thin')]
                               for source in ('a.c', 'b.c')]


def test_other_differences_keep_them_apart():
    compiles = [_compile('a.c', '-O2'), _compile('a.c', '-Oz', '-flto'), _compile('a.c', '-O2', '-fPIC', '-flto')]
    assert _sequences(compiles) == [[compile_.key] for compile_ in compiles]
    assert share_modules([*compiles, _compile('a.c', '-O2', '-DX', '-flto')]) == {}


def test_no_worker_is_left_alone_with_a_long_one():
    compiles = [_compile('long.c'), _compile('long.c', '-flto'), _compile('a.c'), _compile('a.c', '-flto')]
    assert _sequences(compiles, workers=2) == [['long.c'], ['long.c -flto'], ['a.c', 'a.c -flto']]
    assert _sequences(compiles, workers=1) == [['long.c', 'long.c -flto'], ['a.c', 'a.c -flto']]


def test_a_module_is_that_of_compiles_with_equal_macros():
    modules = share_modules([_compile('a.c', '-DX'), _compile('a.c', '-DX', '-flto'), _compile('a.c', '-flto'),
                             _compile('a.c'), _compile('a.c', '-flto=thin'), _compile('a.c', '-DY')])
    assert set(modules) == {'a.c -DX', 'a.c -DX -flto', 'a.c -flto', 'a.c', 'a.c -flto=thin'}
    assert modules['a.c -DX'] is modules['a.c -DX -flto']
    assert modules['a.c'] is modules['a.c -flto'] is modules['a.c -flto=thin']
    assert (modules['a.c -DX'].left, modules['a.c'].left) == (2, 3)
