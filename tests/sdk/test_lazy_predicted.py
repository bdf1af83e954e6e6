"""Links that are lazy though no index of their libraries is known: what predicts is never believed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from lazy_support import SMALL, SOURCE, Indexed, Lazy, plan_of
from support.running import Emroot

from emroot.catalogue import Catalogue
from emroot.engine.build import Build
from emroot.engine.keys import KnownKeys
from emroot.home import find_home
from emroot.index import Index, Member
from emroot.index.keep import find_index, keep_index
from emroot.index.symbols import find_nm, index_archive
from emroot.lazy.making import Sketches
from emroot.lazy.sketch import TAGS, can_be_sketched, gives_bitcode
from emroot.plan import Compile
from emroot.sdk import Sdk
from emroot.store import Store

PREDICTED = ['emcc', '-sMEMORY64', '-flto', *SMALL[2:]]
#: What JavaScript may want of code that is linked with LTO.
WITH_LTO = {'main.c': f"{SOURCE['main.c']}short htons(short v) {{ return v; }}\nshort ntohs(short v) {{ return v; }}\n"
                      "char *strerror(int n) { return 0; }\n"}


def test_without_an_index_a_link_can_be_lazy_too(linking: Lazy, seen: Emroot, without_shipped: dict[str, str]):
    """What is left out was looked at by the compiler's front end, once."""
    predict = {'EMROOT_LAZY': 'predict', **without_shipped}
    made, said = linking.lazy(seen, PREDICTED, WITH_LTO, env=predict)
    assert 'without an index' in said and 'front end' in said
    assert int(said.split()[2]) < int(said.split()[4]) / 4
    assert made == linking.whole(PREDICTED, WITH_LTO)
    again, said = linking.lazy(seen, PREDICTED, WITH_LTO, name='again', env=predict)
    assert again == made
    assert '; 0 compiled;' in said and 'front end' not in said


def test_unless_predictions_are_wanted_what_has_no_index_is_built_whole(linking: Lazy, seen: Emroot,
                                                                        without_shipped: dict[str, str]):
    assert not linking.lazy(seen, PREDICTED, WITH_LTO, env=without_shipped)[1]


@pytest.mark.parametrize('how', ['nothing', pytest.param('everything swapped', marks=pytest.mark.slow)])
def test_a_prediction_that_is_wrong_costs_compiles_and_nothing_else(how: str, linking: Lazy, indexed: Indexed, sdk: Sdk,
                                                                    without_shipped: dict[str, str]):
    """A relative's index that has no names, or each member's under the next one's."""
    lazily = indexed(SMALL)
    relative = plan_of(lazily.home, sdk.root, SMALL)
    with Store(lazily.home / 'store') as store:
        for archive in relative.archives:
            index = find_index(store, archive.key)
            if index:
                found = index.members if how == 'everything swapped' else [Member('', ()) for _ in index.members]
                keep_index(store, archive.key, Index(tuple(
                    dataclasses.replace(found[n - 1], name=member.name) for n, member in enumerate(index.members))))
    known = KnownKeys(Catalogue(sdk, find_home(lazily.home)), 'source')
    known.learn(relative)
    known.save()
    made, said = linking.lazy(lazily, PREDICTED, WITH_LTO, options=['--lazy', 'predict'], env=without_shipped)
    assert 'without an index' in said
    assert made == linking.whole(PREDICTED, WITH_LTO)


@pytest.mark.slow
@pytest.mark.parametrize('words', [['em++', '-sMEMORY64'], ['em++', '-sMEMORY64', '-flto=thin', '-fwasm-exceptions', '-O1'],
                                   ['em++', '-fwasm-exceptions', '-pthread']], ids=' '.join)
def test_no_object_defines_what_its_sketch_does_not_have(words: list[str], shared: Emroot, sdk: Sdk, tmp_path: Path):
    """All objects of a C++ link's libraries; of those in C, sketches have not one name more, either."""
    cache = tmp_path / 'cache'
    built = shared('build', '-j2', '--cache', cache, '--for', ' '.join(words))
    assert built.code == 0, built.err
    plan = plan_of(shared.home, sdk.root, words)
    build = Build(Catalogue(sdk, find_home(shared.home)), find_home(shared.home), Store(shared.home / 'store'), cache)
    sketches, looked_at = Sketches(build, plan), 0
    for archive in plan.archives:
        if archive.how != 'archive':
            continue
        drawn = sketches([(archive, {name for name, _ in archive.members})])[archive.name]
        index = index_archive(find_nm(sdk.tools), cache / archive.path)
        for member, (name, key) in zip(index.members, archive.members, strict=True):
            compile_ = plan.compiles[key]
            assert member.bitcode == gives_bitcode(compile_), member.name
            assert name in drawn or not can_be_sketched(compile_) or 'asm' in _text(sdk, compile_), name
            if name in drawn:
                assert set(member.defined) <= drawn[name].defined, name
                assert not compile_.source.endswith('.c') or drawn[name].defined - TAGS == set(member.defined) - TAGS, name
                looked_at += 1
    assert looked_at > 1000


def _text(sdk: Sdk, compile_: Compile) -> str:
    return (sdk.root / 'system' / 'lib' / 'libc' / compile_.source.replace('{sdk}', str(sdk.root))).read_text()
