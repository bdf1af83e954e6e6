"""Lazy links in their parts: what a link needs, how its command is read, what stands for what is not there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from emroot.host.ar import read_archive
from emroot.lazy_link.lazy_archives import NeedsWholeArchives
from emroot.lazy_link.linker_command import loaded_members, read_command
from emroot.lazy_link.suspects import Suspects
from emroot.lazy_link.symbols.stub_archive import extracted_members, write_stub_archive
from emroot.lazy_link.symbols.symbol_closure import Roots, SymbolClosure, read_stubs
from emroot.probe.emcc_hook.lto_objects import bitcode_kind
from emroot.symbol_index import MemberSymbols, SymbolIndex


def _index(**members: tuple[str, str]) -> SymbolIndex:
    """`name='defined, undefined'`."""
    return SymbolIndex(tuple(MemberSymbols(f'{name}.o', tuple(defined.split()), tuple(undefined.split()))
                             for name, (defined, undefined) in members.items()))


LIBC = _index(puts=('puts', 'write strlen'), write=('write', ''), strlen=('strlen', ''), printf=('printf', 'puts'))
OTHER = _index(mine=('strlen other', 'printf'))


def test_what_is_reached_from_the_inputs_is_needed():
    assert SymbolClosure([LIBC], Roots({'puts'})).needed == [{'puts.o', 'write.o', 'strlen.o'}]


def test_of_two_definitions_the_first_archive_has_the_one_that_is_taken():
    assert SymbolClosure([LIBC, OTHER], Roots({'puts'})).needed[1] == set()
    assert SymbolClosure([OTHER, LIBC], Roots({'puts'})).needed[0] == {'mine.o'}


def test_what_the_inputs_define_is_not_looked_for():
    assert SymbolClosure([LIBC], Roots({'puts'}, defined={'write'})).needed == [{'puts.o', 'strlen.o'}]


def test_functions_of_javascript_want_what_they_are_said_to_want():
    stubs = read_stubs('#STUB\nfd_write: strlen\n\nunused: printf\nplain\n')
    assert stubs == {'fd_write': ('strlen',), 'unused': ('printf',), 'plain': ()}
    assert SymbolClosure([LIBC], Roots({'__wasi_fd_write'}, stubs=stubs)).needed == [{'strlen.o'}]


def test_with_bitcode_everything_that_javascript_may_want_of_it_is_loaded_early():
    bitcode = SymbolIndex(tuple(MemberSymbols(m.name, m.defined, m.undefined, bitcode=True) for m in LIBC.members))
    stubs = {'unused': ('strlen',), 'also': ('nothing',)}
    assert SymbolClosure([bitcode], Roots({'write'}, stubs=stubs)).needed == [{'write.o', 'strlen.o'}]
    assert SymbolClosure([LIBC], Roots({'write'}, stubs=stubs, bitcode=True)).needed == [{'write.o'}]


def test_what_the_linker_took_besides_brings_what_it_refers_to():
    closure = SymbolClosure([LIBC], Roots(()))
    closure.add(0, ['printf.o', 'unknown.o'])
    assert closure.needed == [{'printf.o', 'puts.o', 'write.o', 'strlen.o'}]


def _suspects_of(index: SymbolIndex, compiled: Iterable[str], told: Mapping[str, Sequence[str]], roots: Roots) -> Suspects:
    """Of one library without an index, some of whose members are compiled. `told`: the members whose sources mention names."""
    path = Path('libc++.a')
    archives: Any = SimpleNamespace(bounds={path: {}}, real={path: dict.fromkeys(compiled, path)}, symbols=lambda files: {},
                                    lazies={path: SimpleNamespace(index=index, archive=SimpleNamespace(name='libc++'))})
    mentioned: Any = SimpleNamespace(unbounded=set(), may_define=lambda names, _: {
        name: [('libc++', member) for member in told.get(name, ())] for name in names})
    return Suspects(mentioned, archives, [path], {}, roots)


def _suspects(index: SymbolIndex, roots: Roots) -> tuple[Suspects, SymbolClosure]:
    """Of a library that is compiled whole, whose sources tell of everything but tags."""
    told = {name: [member.name for member in index.members if name in member.defined] for member in index.members
            for name in member.defined if name != '__cpp_exception'}
    return _suspects_of(index, index.names, told, roots), SymbolClosure([index], roots)


@pytest.mark.parametrize(('referenced', 'defined'), [({'new', '__cpp_exception'}, {'__cpp_exception'}),
                                                     ({'new', 'tag_of'}, set())])
def test_sources_need_not_tell_of_tags_that_are_there_when_javascript_asks(referenced: set[str], defined: set[str]):
    """Before LLVM 22 each object that throws defines them. JavaScript asks where messages of exceptions are wanted."""
    index = _index(any=('any __cpp_exception', ''), new=('new __cpp_exception', ''))
    suspects, closure = _suspects(index, Roots(referenced, defined=defined, stubs={'tag_of': ('__cpp_exception',)}))
    assert suspects.members(closure) == {Path('libc++.a'): set()}
    assert bool(suspects.settled(closure)) == bool(defined)


@pytest.mark.parametrize('referenced', [{'tag_of'}, {'new', '__cpp_exception'}, {'new', 'refers'}])
def test_tags_that_something_else_asks_for_may_be_anywhere(referenced: set[str]):
    index = _index(any=('any __cpp_exception', ''), new=('new __cpp_exception', ''), refers=('refers', '__cpp_exception'))
    suspects, closure = _suspects(index, Roots(referenced, stubs={'tag_of': ('__cpp_exception',)}))
    with pytest.raises(NeedsWholeArchives, match=r'\w+\.o of libc\+\+ defines __cpp_exception'):
        suspects.members(closure)


#: Of members in this order: whether they are compiled, and bitcode; which of them are suspects if the linker looks for the name
#: that all define before code generation alone, and if anything refers to it.
EARLY = {
    'nothing known': ('other native, other bitcode', '1', '0 1'),
    'bitcode comes first': ('compiled bitcode, other native', '', ''),
    'native may come before bitcode': ('other native, compiled bitcode', '0', '0'),
    'bitcode may come before native': ('other bitcode, other native, compiled native', '0', '0 1'),
    'native comes first': ('compiled native, other bitcode', '', ''),
}


@pytest.mark.parametrize('how', EARLY)
def test_before_code_generation_the_linker_looks_for_bitcode_alone(how: str):
    order, early, always = EARLY[how]
    members = [each.split() for each in order.split(', ')]
    index = SymbolIndex(tuple(MemberSymbols(f'{n}.o', ('sqrt',) if known == 'compiled' else (), (), bitcode=kind == 'bitcode')
                              for n, (known, kind) in enumerate(members)))
    compiled = [f'{n}.o' for n, (known, _) in enumerate(members) if known == 'compiled']
    for roots, expected in ((Roots((), libcalls={'sqrt'}, bitcode=True), early),
                            (Roots((), stubs={'math': ('sqrt',)}, bitcode=True), early),
                            (Roots({'sqrt'}, libcalls={'sqrt'}, bitcode=True), always),
                            (Roots((), libcalls={'sqrt'}), '')):
        suspects = _suspects_of(index, compiled, {'sqrt': index.names}, roots)
        assert suspects.members(SymbolClosure([index], roots)) == {Path('libc++.a'): {f'{n}.o' for n in expected.split()}}, roots


def test_a_definition_of_what_javascript_has_decides_whether_that_is_asked_what_it_needs():
    """So whatever may define the function is a suspect, of any kind."""
    index = SymbolIndex((MemberSymbols('a.o', ()), MemberSymbols('b.o', (), bitcode=True)))
    for needs, bitcode, expected in ((('free',), True, {'a.o', 'b.o'}), ((), True, set()), (('free',), False, set())):
        roots = Roots((), stubs={'alert': needs}, bitcode=bitcode)
        suspects = _suspects_of(index, (), {'alert': index.names}, roots)
        assert suspects.members(SymbolClosure([index], roots)) == {Path('libc++.a'): expected}


def test_the_bitcode_of_libcalls_is_needed_whatever_refers_to_it():
    bitcode = SymbolIndex(tuple(MemberSymbols(m.name, m.defined, m.undefined, bitcode=m.name != 'write.o') for m in LIBC.members))
    assert SymbolClosure([bitcode], Roots((), libcalls={'strlen', 'write'}, bitcode=True)).needed == [{'strlen.o'}]
    assert SymbolClosure([bitcode], Roots((), libcalls={'strlen', 'write'})).needed == [set()]


BEGINS, SUMMARY, FOR_FULL = b'BC\xc0\xde', b'EnableSplitLTOUnit', b'ThinLTO'


@pytest.mark.parametrize(('content', 'kind'), [
    (b'\0asm' + FOR_FULL, ''), (BEGINS + FOR_FULL + SUMMARY, 'full'), (BEGINS + SUMMARY, 'thin'), (BEGINS, 'other'),
    ((BEGINS + SUMMARY) * 2, 'thin'), ((BEGINS + SUMMARY + FOR_FULL) * 2 + b'\0asm', 'full'),
    (BEGINS + SUMMARY + FOR_FULL + BEGINS + SUMMARY, 'other'), (BEGINS + SUMMARY + BEGINS, 'other')])
def test_of_which_kind_bitcode_is(content: bytes, kind: str):
    assert bitcode_kind(content) == kind


WORDS = ['/llvm/wasm-ld', '-o', 'out/app.wasm', 'main.o', '-Lfirst', '-L', 'cache', '-lc', '-z', 'stack-size=1', '-u', 'one',
         '--export=two', '-mllvm', '-disable-lsr', '--export-if-defined=three']


def test_a_command_tells_inputs_libraries_output_and_wanted_names(tmp_path: Path):
    (tmp_path / 'main.o').write_bytes(b'\0asm')
    command = read_command(WORDS, tmp_path, [tmp_path / 'cache' / 'libc.a'])
    assert not command.obstacle
    assert command.objects == [tmp_path / 'main.o']
    assert [(library.path, WORDS[library.at]) for library in command.libraries] == [(tmp_path / 'cache' / 'libc.a', '-lc')]
    assert WORDS[command.output] == 'out/app.wasm'
    assert {'one', 'two', 'three'} <= command.named


def test_a_start_file_that_is_missing_is_an_object(tmp_path: Path):
    command = read_command([*WORDS, 'cache/crt1.o'], tmp_path, [tmp_path / 'cache' / 'crt1.o'])
    assert command.objects == [tmp_path / 'cache' / 'crt1.o']


def test_a_library_of_the_users_that_comes_first_is_the_one_that_is_taken(tmp_path: Path):
    (tmp_path / 'first').mkdir()
    (tmp_path / 'first' / 'libc.a').write_bytes(b'!<arch>\n')
    command = read_command(WORDS, tmp_path, [tmp_path / 'cache' / 'libc.a'])
    assert [library.path for library in command.libraries] == [tmp_path / 'first' / 'libc.a']


@pytest.mark.parametrize('word', ['-M', '--Map=x.map', '-Map=x', '-t', '--trace', '--trace-symbol=f', '-yf', '--reproduce=x.tar',
                                  '--save-temps', '--why-extract=x', '-r', '--relocatable', '@more', '--thinlto-index-only=x'])
def test_options_that_tell_of_archives_or_keep_more_than_the_program_forbid_laziness(word: str, tmp_path: Path):
    assert word in read_command([*WORDS, word], tmp_path, []).obstacle


def test_libraries_that_are_linked_whole_are_known(tmp_path: Path):
    missing = [tmp_path / 'cache' / 'libc.a']
    around = [*WORDS[:7], '--whole-archive', '-lc', 'mine.a', '--no-whole-archive', *WORDS[8:], 'other.a']
    found = read_command(around, tmp_path, missing)
    assert not found.obstacle
    assert [(library.path.name, library.whole) for library in found.libraries] == [
        ('libc.a', True), ('mine.a', True), ('other.a', False)]


def test_objects_in_groups_are_to_the_linker_what_members_of_archives_are(tmp_path: Path):
    for name, begins in {'main.o': b'\0asm', 'part.o': b'\0asm', 'lib.a': b'!<arch>\n', 'bitcode.o': b'BC\xc0\xde',
                         'shared.so': b'\0asm\1\0\0\0\0\x0f\x08dylink.0', 'after.o': b'\0asm'}.items():
        (tmp_path / name).write_bytes(begins)
    words = ['wasm-ld', '-o', 'app.wasm', 'main.o', '--start-lib', 'part.o', 'lib.a', 'bitcode.o', 'shared.so', '--end-lib',
             'after.o']
    found = read_command(words, tmp_path, [])
    assert not found.obstacle
    assert [path.name for path in found.objects] == ['main.o', 'shared.so', 'after.o']
    assert [(library.path.name, library.alone) for library in found.libraries] == [
        ('part.o', True), ('lib.a', False), ('bitcode.o', True)]


def test_the_linker_tells_which_members_and_objects_it_loaded():
    trace = 'out/main.o\ncache/libc.a(puts.o)\nout/part (1).o\nmine/lib(1).a(part.o)\n'
    assert loaded_members(trace) == {('main.o', ''), ('libc.a', 'puts.o'), ('part (1).o', ''), ('lib(1).a', 'part.o')}


def test_a_sparse_archive_has_all_members_in_their_order(tmp_path: Path):
    (tmp_path / 'real.o').write_bytes(b'\0asm real')
    index = SymbolIndex((*LIBC.members, MemberSymbols('a_bitcode_object_with_a_long_name.o', ('b',), bitcode=True)))
    write_stub_archive(tmp_path / 'libc.a', index, {'puts.o': tmp_path / 'real.o'}, 'wasm64-unknown-emscripten')
    found = dict(read_archive((tmp_path / 'libc.a').read_bytes()))
    assert list(found) == index.names
    assert found['puts.o'] == b'\0asm real'
    assert found['write.o'].startswith(b'\0asm') and b'write' in found['write.o']
    assert found['a_bitcode_object_with_a_long_name.o'].startswith(b'BC\xc0\xde')


def test_what_the_linker_loaded_of_an_archive_is_read_from_its_trace():
    trace = 'main.o\n/a (here)/libc.a(puts.o)\n/a (here)/libc.a(write.o)\n/other/libc.a(strlen.o)\n'
    assert extracted_members(trace, Path('/a (here)/libc.a'), {'puts.o'}) == {'write.o'}
