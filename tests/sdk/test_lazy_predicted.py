"""Links that are lazy though no index of their libraries is known: what predicts is never believed."""

from __future__ import annotations

import dataclasses
import itertools
import shutil
import subprocess
from pathlib import Path

import pytest
from lazy_programs import CXX, C
from lazy_support import SMALL, SOURCE, Indexed, Lazy, plan_of
from support.running import Emroot, plain_environment
from support.snapshots import archives

from emroot.engine.build import Build
from emroot.engine.reuse.key_cache import KeyCache
from emroot.host.home import Home, find_home
from emroot.host.isolated_python import isolated
from emroot.keys.plan import Compile
from emroot.lazy_link.member_builder import scan_members
from emroot.lazy_link.mentioned_names import MentionedNames
from emroot.lazy_link.symbols.ir_symbols import TAGS, can_be_scanned, gives_bitcode
from emroot.libraries.catalogue import Catalogue
from emroot.sdk import Sdk
from emroot.store import Store
from emroot.symbol_index import MemberSymbols, SymbolIndex
from emroot.symbol_index.storage import delete_index, find_index, store_index
from emroot.symbol_index.symbols import find_nm, index_archive

PREDICTED = ['emcc', '-sMEMORY64', '-flto', *SMALL[2:]]
#: What JavaScript may want of code that is linked with LTO.
WITH_LTO = {'main.c': f"{SOURCE['main.c']}short htons(short v) {{ return v; }}\nshort ntohs(short v) {{ return v; }}\n"
                      "char *strerror(int n) { return 0; }\n"}


@pytest.mark.each_sdk
def test_without_an_index_a_link_can_be_lazy_too(linking: Lazy, seen: Emroot, without_shipped: dict[str, str]):
    """What is left out is told from its sources, and what code generation may call by the linker."""
    predict = {'EMROOT_LAZY': 'predict', **without_shipped}
    made, said = linking.lazy(seen, PREDICTED, WITH_LTO, env=predict)
    assert 'without an index' in said and 'words' in said and 'libcalls' in said and 'front end' not in said
    assert int(said.split()[2]) < int(said.split()[4]) / 4
    assert made == linking.whole(PREDICTED, WITH_LTO)
    again, said = linking.lazy(seen, PREDICTED, WITH_LTO, name='again', env=predict)
    assert again == made
    assert '; 0 compiled;' in said and 'words 0.0' in said


@pytest.mark.parametrize(('flags', 'how'), [('-flto', 'front end'), ('-flto=thin', 'words')])
def test_bitcode_of_another_kind_is_left_to_the_front_end(flags: str, how: str, linking: Lazy, seen: Emroot,
                                                          without_shipped: dict[str, str]):
    """What the linker keeps of one kind of LTO lies beside its output, of the other beside its inputs. Here it leaves nothing."""
    words, object_ = [*PREDICTED, '-flto=thin'], ['emcc', '-sMEMORY64', flags, '-c', 'other.c', '-o', 'other.o']
    for name in ('whole', 'lazy'):
        directory = linking.directory / name
        directory.mkdir()
        (directory / 'other.c').write_text('int other(int n) { return n * 3; }', encoding='utf-8')
        made = seen('run', '--cache', linking.directory / f'{name} cache', '--', *object_, cwd=directory)
        assert made.code == 0, made.err
    linked, said = linking.lazy(seen, [*words, 'other.o', '-sEXPORTED_FUNCTIONS=_answer,_other'], WITH_LTO,
                                env={'EMROOT_LAZY': 'predict', **without_shipped})
    assert how in said
    assert linked == linking.whole([*words, 'other.o', '-sEXPORTED_FUNCTIONS=_answer,_other'], WITH_LTO)
    left = {path.name for path in (linking.directory / 'lazy').iterdir()}
    assert left == {'app.js', 'app.wasm', 'main.c', 'other.c', 'other.o'}


@pytest.mark.slow
def test_instantiations_that_modules_of_thin_lto_share_are_asked_of_no_library(linking: Lazy, seen: Emroot, sdk: Sdk,
                                                                              without_shipped: dict[str, str]):
    """Code generation keeps one of each, to which the others' objects then refer. No source of a member mentions these names."""
    words, source = ['em++', '-sMEMORY64', '-flto=thin', '-fwasm-exceptions', '-O1'], {'main.cpp': CXX['stream']}
    made, said = linking.lazy(seen, words, source, env={'EMROOT_LAZY': 'predict', **without_shipped})
    assert 'words' in said and 'front end' not in said
    assert int(said.split()[2]) < int(said.split()[4]) / 2
    logs = {*(seen.home / 'logs').rglob('*.log')}
    again = seen('run', '--cache', linking.directory / 'lazy cache', '--', *sdk.python, '-B', sdk.root / 'em++.py', *words[1:],
                 'main.cpp', '-o', 'app.js', cwd=linking.directory / 'lazy', env=without_shipped)
    assert again.code == 0, again.err
    assert len({*(seen.home / 'logs').rglob('*.log')} - logs) == 0, 'emroot was started for what was linked before'
    assert (linking.directory / 'lazy/app.wasm').read_bytes() == made['app.wasm']
    assert made == linking.whole(words, source)


def test_unless_only_indexes_count(linking: Lazy, seen: Emroot):
    assert not linking.lazy(seen, PREDICTED, WITH_LTO, env={'EMROOT_LAZY': 'exact'})[1]


def test_a_link_with_a_static_compiler_is_lazy_too(static_sdk: Sdk, tmp_path: Path, shared_home: Home):
    """Of official releases no index is known, and their compilers start otherwise. The hints are of another SDK."""
    shared = Emroot(shared_home.root, static_sdk.root)
    made, said = (linking := Lazy(static_sdk, shared, tmp_path)).lazy(Emroot(tmp_path / 'home', static_sdk.root), SMALL, SOURCE)
    assert 'without an index' in said and 'words' in said and not archives(tmp_path / 'lazy cache')
    assert made == linking.whole(SMALL, SOURCE)


@pytest.mark.parametrize('how', [pytest.param(how, marks=pytest.mark.slow) for how in ('nothing', 'everything swapped')])
def test_a_prediction_that_is_wrong_costs_compiles_and_nothing_else(how: str, linking: Lazy, indexed: Indexed, sdk: Sdk,
                                                                    without_shipped: dict[str, str]):
    """A relative's index that has no names, or each member's under the next one's."""
    lazily = indexed(SMALL)
    relative = plan_of(lazily.home, sdk.root, SMALL)
    with Store(lazily.home / 'store') as store:
        for archive in relative.archives:
            index = find_index(store, archive.key)
            if index:
                found = index.members if how == 'everything swapped' else [MemberSymbols('', ()) for _ in index.members]
                store_index(store, archive.key, SymbolIndex(tuple(
                    dataclasses.replace(found[n - 1], name=member.name) for n, member in enumerate(index.members))))
    known = KeyCache(Catalogue(sdk, find_home(lazily.home)), 'source')
    known.add(relative)
    known.save()
    made, said = linking.lazy(lazily, PREDICTED, WITH_LTO, options=['--lazy', 'predict'], env=without_shipped)
    assert 'without an index' in said
    assert made == linking.whole(PREDICTED, WITH_LTO)


def _without_index(lazily: Emroot, sdk: Sdk, target: str, defined: tuple[str, ...]) -> Emroot:
    """A home that knows no index of one library of `SMALL`, but that of a relative, whose members are said to define this."""
    relatives = plan_of(lazily.home, sdk.root, PREDICTED)
    with Store(lazily.home / 'store') as store:
        for archive in plan_of(lazily.home, sdk.root, SMALL).archives:
            if archive.target == target:
                delete_index(store, archive.key)
                store_index(store, next(a.key for a in relatives.archives if a.target == target),
                            SymbolIndex(tuple(MemberSymbols(name, defined) for name, _ in archive.members)))
    known = KeyCache(Catalogue(sdk, find_home(lazily.home)), 'source')
    known.add(relatives)
    known.save()
    return lazily


@pytest.mark.slow
def test_a_prediction_that_lacks_something_costs_compiles_and_nothing_else(linking: Lazy, indexed: Indexed, sdk: Sdk,
                                                                        without_shipped: dict[str, str]):
    lazily = _without_index(indexed(SMALL), sdk, 'libsockets', ('none_such',))
    made, said = linking.lazy(lazily, SMALL, SOURCE, env=without_shipped)
    assert '1 libraries without an index' in said
    assert not archives(linking.directory / 'lazy cache')
    assert made == linking.whole(SMALL, SOURCE)


@pytest.mark.slow
def test_weak_references_find_what_whole_libraries_have(linking: Lazy, indexed: Indexed, sdk: Sdk,
                                                        without_shipped: dict[str, str]):
    """`accept` is a function of a library of the link, and weak references load nothing."""
    lazily = _without_index(indexed(SMALL), sdk, 'libsockets', ('none_such',))
    source = {'main.c': f"{SOURCE['main.c']}__attribute__((weak)) int accept(void);\nvoid *perhaps = accept;\n"}
    made, said = linking.lazy(lazily, SMALL, source, env=without_shipped)
    assert said
    assert made == linking.whole(SMALL, source)


@pytest.mark.slow
def test_a_link_of_c_does_without_the_library_of_cxx(linking: Lazy, indexed: Indexed, sdk: Sdk, without_shipped: dict[str, str]):
    link = ['emcc', '-sMEMORY64']
    lazily = indexed(link)
    with Store(lazily.home / 'store') as store:
        for archive in plan_of(lazily.home, sdk.root, link).archives:
            if archive.target.startswith('libc++-'):
                delete_index(store, archive.key)
    made, said = linking.lazy(lazily, link, {'main.c': C['hello']}, env=without_shipped)
    assert '1 libraries without an index' in said
    assert int(said.split('; ')[1].split()[0]) < 100
    assert not archives(linking.directory / 'lazy cache')
    assert made == linking.whole(link, {'main.c': C['hello']})


@pytest.mark.slow
@pytest.mark.parametrize('words', [['em++', '-sMEMORY64'], ['em++', '-sMEMORY64', '-flto=thin', '-fwasm-exceptions', '-O1'],
                                   ['em++', '-fwasm-exceptions', '-pthread']], ids=' '.join)
def test_no_object_defines_what_its_bound_does_not_have(words: list[str], shared: Emroot, sdk: Sdk, tmp_path: Path):
    """All objects of a C++ link's libraries; of those in C, bounds have not one name more, either."""
    cache = tmp_path / 'cache'
    built = shared('build', '-j2', '--cache', cache, '--for', ' '.join(words))
    assert built.code == 0, built.err
    plan = plan_of(shared.home, sdk.root, words)
    build = Build(Catalogue(sdk, find_home(shared.home)), find_home(shared.home), Store(shared.home / 'store'), cache)
    looked_at = 0
    for archive in plan.archives:
        if archive.how != 'archive':
            continue
        bounds = scan_members(build, plan, [(archive, {name for name, _ in archive.members})])[archive.name]
        index = index_archive(find_nm(sdk.tools), cache / archive.path)
        for member, (name, key) in zip(index.members, archive.members, strict=True):
            compile_ = plan.compiles[key]
            assert member.bitcode == gives_bitcode(compile_), member.name
            assert name in bounds or not can_be_scanned(compile_) or 'asm' in _text(sdk, compile_), name
            if name in bounds:
                assert set(member.defined) <= bounds[name], name
                assert not compile_.source.endswith('.c') or bounds[name] - TAGS == set(member.defined) - TAGS, name
                looked_at += 1
    assert looked_at > 1000


@pytest.mark.slow
def test_sources_are_read_while_emcc_compiles(linking: Lazy, seen: Emroot, sdk: Sdk, without_shipped: dict[str, str]):
    """By a program that `emroot link` starts beside emcc: once for each kind of link, and of what the link will ask for."""
    mentions, cache = seen.home / 'memo' / 'mentions', linking.directory / 'lazy cache'
    read = [*isolated('emroot.cli.run.source_reader'), '--sdk', sdk.root, '--home', seen.home, '--cache', cache, '--', *PREDICTED]
    env = plain_environment({'EMROOT_BASE': '', **without_shipped})
    subprocess.run(list(map(str, read)), env=env, check=True, cwd=linking.directory)
    known = sorted(mentions.glob('*.sources.json'))
    assert known and not [*mentions.glob('*.lock'), *mentions.glob('*.link.json')]
    made, said = linking.lazy(seen, PREDICTED, WITH_LTO, env=without_shipped)
    assert 'without an index' in said and made == linking.whole(PREDICTED, WITH_LTO)
    assert sorted(mentions.glob('*.sources.json')) == known
    assert len([*mentions.glob('*.link.json')]) == 1
    linking.lazy(seen, PREDICTED, WITH_LTO, env=without_shipped)
    linking.lazy(seen, [*PREDICTED, '-O1'], WITH_LTO, name='other', env=without_shipped)
    assert len([*mentions.glob('*.link.json')]) == 2


def test_a_link_that_fails_leaves_no_reader(seen: Emroot, sdk: Sdk, tmp_path: Path, without_shipped: dict[str, str]):
    """It fails while the reader still asks the SDK. The next link of this kind starts another one."""
    temporary = tmp_path / 'temporary'
    temporary.mkdir()
    (tmp_path / 'main.c').write_text('int main(void) { return }', encoding='utf-8')
    command = [*sdk.python, '-B', sdk.root / 'emcc.py', '-sMEMORY64', 'main.c', '-o', 'main.js']
    failed = seen('link', '--cache', tmp_path / 'cache', '--', *command, cwd=tmp_path,
                  env={'TMPDIR': str(temporary), 'PYTHONDONTWRITEBYTECODE': '1', **without_shipped})
    assert failed.code == 1 and 'expected expression' in failed.err
    assert list(temporary.iterdir()) == []
    assert not list((seen.home / 'memo').glob('mentions/*.link.json'))


@pytest.mark.each_sdk
@pytest.mark.parametrize('words', [['em++', '-sMEMORY64'], ['em++', '-fwasm-exceptions', '-pthread']], ids=' '.join)
def test_no_object_defines_a_wanted_name_of_which_its_source_does_not_tell(words: list[str], shared: Emroot, sdk: Sdk,
                                                                          tmp_path: Path):
    """All names that any object of a C++ link's libraries looks for, and all objects that define one."""
    cache = tmp_path / 'cache'
    built = shared('build', '-j2', '--cache', cache, '--for', ' '.join(words))
    assert built.code == 0, built.err
    plan, home = plan_of(shared.home, sdk.root, words), find_home(tmp_path / 'home')
    whole = [archive for archive in plan.archives if archive.how == 'archive']
    indexes = {archive.name: index_archive(find_nm(sdk.tools), cache / archive.path) for archive in whole}
    build = Build(Catalogue(sdk, home), home, Store(home.store), cache)
    wanted = {name for index in indexes.values() for member in index.members for name in (*member.undefined, *member.weak)}
    mentioned, partly = MentionedNames(build, plan, whole), list[tuple[set[str], dict[str, list[tuple[str, str]]]]]()
    with pytest.raises(InterruptedError), mentioned.read_ahead(wanted):
        raise InterruptedError
    assert not any(file.name.endswith('.names.json') for file in (home.memo / 'mentions').glob('*'))  # nobody waited for all
    with mentioned.read_ahead(wanted) as described:
        partly += [({*names}, mentioned.may_define(wanted, names)) for names in described]
    told = MentionedNames(build, plan, whole).may_define(wanted)
    assert len(partly) > 3 and partly[-1][0] == {archive.name for archive in whole}
    for (some, answer), (more, _) in itertools.pairwise(partly):
        assert some < more
        assert all(answer[name] == [member for member in told[name] if member[0] in some] for name in wanted)
    defined = {(name, (archive, member.name)) for archive, index in indexes.items() for member in index.members
               for name in wanted.intersection(member.defined)}
    assert len(defined) > 500
    assert [each for each in sorted(defined) if each[1] not in told[each[0]]] == []
    assert sum(map(len, told.values())) < 6 * len(defined)
    shutil.rmtree(home.memo)
    assert {name: sorted(members) for name, members in MentionedNames(build, plan, whole).may_define(wanted).items()} \
        == {name: sorted(members) for name, members in told.items()}


def _text(sdk: Sdk, compile_: Compile) -> str:
    return (sdk.root / 'system' / 'lib' / 'libc' / compile_.source.replace('{sdk}', str(sdk.root))).read_text()
