"""What the resolver says is what emcc does, with real SDKs.

Each line of `links.py` is linked by emcc itself in a cache of empty files (`reference.py`), and the libraries on its
linker's command line are compared, in order. A sample of the lines by default; EMROOT_TEST_LINKS=all takes them all.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from links import LINKS, SAMPLE, Line
from reference import Reference, Truth
from support.overlay import overlay

from emroot.errors import UsageError
from emroot.host.home import Home
from emroot.libraries import resolution as module
from emroot.libraries.catalogue import Catalogue
from emroot.libraries.resolution import Resolution, resolve
from emroot.modes import Mode
from emroot.probe import PROGRAM, ask
from emroot.sdk import Sdk

LINES = LINKS if os.environ.get('EMROOT_TEST_LINKS') == 'all' else SAMPLE
_references: dict[Path, Reference] = {}


@pytest.fixture
def reference(sdk: Sdk, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """This SDK's emcc, prepared once."""
    if sdk.root not in _references:
        names = [library.file for library in catalogue.listing(Mode()).libraries.values()]
        _references[sdk.root] = Reference(sdk, tmp_path_factory.mktemp('reference') / 'place', names)
    return _references[sdk.root]


@pytest.mark.each_sdk
@pytest.mark.parametrize('line', LINES, ids=[line.name for line in LINES])
def test_a_link_needs_what_emcc_asks_its_cache_for(line: Line, reference: Reference, catalogue: Catalogue,
                                                   monkeypatch: pytest.MonkeyPatch):
    truth = reference.link(line.words, line.environment)
    for name, value in line.environment.items():
        monkeypatch.setenv(name, value)
    try:
        found = resolve(catalogue, line.words, environment=True, cwd=reference.inputs, ports=reference.cache / 'ports')
    except UsageError as error:
        assert truth.refused, error.message
        assert error.message.partition('error: ')[2] in truth.refused
        return
    assert not truth.refused, truth.refused
    check(found, truth, reference, catalogue)


def check(found: Resolution, truth: Truth, reference: Reference, catalogue: Catalogue) -> None:
    """The same libraries in the same order, the same ports in the same order, and nothing that emcc missed left out."""
    libraries, ports = found.files[:len(found.targets)], found.files[len(found.targets):]
    assert [file for file in truth.files if file not in ports] == list(libraries)
    assert [file for file in truth.files if file in ports] == [file for file in ports if file in truth.files]
    assert truth.directory in ('', found.mode.directory)
    assert set(truth.missed) <= set(found.files)
    assert all((reference.cache / file).exists() for file in found.files)
    listing = catalogue.listing(found.mode)
    for target, file in zip(found.targets, libraries, strict=True):
        library = listing.library(target)
        assert library and library.path == file, target


def test_inputs_and_the_output_directory_need_not_exist_and_nothing_is_written(catalogue: Catalogue, tmp_path: Path):
    link = ['em++', 'a.o', 'b.cpp', 'lib/c.a', '-Llib', '-lown', '--pre-js', 'd.js', '--embed-file', 'e',
            '--js-library=f.js', '-o', 'out/app.html']
    found = resolve(catalogue, link, cwd=tmp_path)
    assert found == resolve(catalogue, ['-lown'], cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_dynamic_library_that_is_yet_to_be_built_makes_a_main_module(catalogue: Catalogue, tmp_path: Path):
    """Since 4.0.18 emcc does so by itself; before, a `.so` was an object by another name."""
    found = resolve(catalogue, ['em++', 'main.o', 'later.so'], cwd=tmp_path)
    (tmp_path / 'later.so').write_bytes(b'not a module')
    assert not resolve(catalogue, ['em++', 'main.o', 'later.so'], cwd=tmp_path).mode.pic
    assert found.mode.pic == (int(catalogue.sdk.version.split('.')[0]) >= 5)


def test_the_environment_is_heeded_only_when_asked(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch):
    plain = resolve(catalogue, ['em++', 'main.o'])
    monkeypatch.setenv('EMCC_CFLAGS', '-flto=thin -sMEMORY64')
    assert resolve(catalogue, ['em++', 'main.o']) == plain
    assert resolve(catalogue, ['em++', 'main.o'], environment=True).mode == Mode(arch='wasm64', lto='thin')


def test_flags_alone_mean_a_link_with_them(catalogue: Catalogue):
    assert resolve(catalogue, ['-flto', '-pthread']) == resolve(catalogue, ['em++', '-flto', '-pthread', 'main.o'])
    assert resolve(catalogue, ['-O2'], lang='c') == resolve(catalogue, ['/opt/emcc.py', '-O2', 'main.o'])


def test_asking_again_does_not_ask_the_sdk(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch):
    first = resolve(catalogue, ['em++', '-O2', 'one.o', 'two.o', 'x/libthree.a', '-o', 'one.js'])
    monkeypatch.setattr(module, 'ask', lambda *args, **kwargs: pytest.fail('the SDK is asked again'))
    assert resolve(catalogue, ['em++', '-O2', 'other.o', '-o', 'out/other.js']) == first


def test_a_library_that_only_settings_make_up_can_be_built_like_any_other(catalogue: Catalogue, shared_home: Home):
    """`-sMALLOC=emmalloc-debug` asks for a variant that embuilder does not list."""
    found = resolve(catalogue, ['em++', '-O0', '-sMALLOC=emmalloc-debug', 'main.o'])
    [target] = [t for t in found.targets if t.startswith('libemmalloc')]
    assert target in ('libemmalloc-debug-debug', 'libemmalloc-debug')  # releases differ in which variants they list
    recipe = catalogue.recipes(found.mode, [target])[target]
    assert recipe.path.endswith(f'/{target}.a')
    assert recipe.members[0].name == 'emmalloc.o'
    assert all('-UNDEBUG' in member.argv for member in recipe.members)
    library = Catalogue(catalogue.sdk, shared_home).listing(found.mode).library(target)
    assert library and library.objects == len(recipe.members)


def test_an_answer_makes_no_variants_but_those_that_may_be_the_links(catalogue: Catalogue, tmp_path: Path):
    """All of them, to say which libraries embuilder does not list, would take a third of its time."""
    text = (catalogue.sdk.root / 'tools' / 'system_libs.py').read_text(encoding='utf-8')
    without = overlay(catalogue.sdk.root, tmp_path / 'emscripten',
                      {'tools/system_libs.py': f'{text}\nLibrary.get_all_variations = None\n'})
    answer = ask(catalogue.sdk.python, without, 'resolve', catalogue.environment(),
                 program=PROGRAM.with_name('resolve_program.py'),
                 argv=['em++', '-pthread', '-fwasm-exceptions', 'main.o'], cwd=str(tmp_path), ports=None)
    assert 'libc-mt-debug' in {name for name, _ in answer['libraries']} and answer['unlisted'] == {}


def test_a_response_file_counts_by_its_content(catalogue: Catalogue, tmp_path: Path):
    (tmp_path / 'flags.rsp').write_text('-pthread main.o', encoding='utf-8')
    threads = resolve(catalogue, ['em++', '@flags.rsp'], cwd=tmp_path)
    (tmp_path / 'flags.rsp').write_text('-O3 main.o', encoding='utf-8')
    assert resolve(catalogue, ['em++', '@flags.rsp'], cwd=tmp_path) != threads
    (tmp_path / 'flags.rsp').write_text('-pthread main.o', encoding='utf-8')
    assert resolve(catalogue, ['em++', '@flags.rsp'], cwd=tmp_path) == threads


def test_a_library_of_ones_own_hides_a_variant_of_the_same_name(catalogue: Catalogue, tmp_path: Path):
    link = ['em++', 'main.o', '-L.', '-lc++-noexcept-own', '-lc-debug']
    assert 'libc-debug' in resolve(catalogue, ['em++', '-O2', *link[1:]], cwd=tmp_path).targets
    (tmp_path / 'libc-debug.a').write_text('!<arch>\n', encoding='utf-8')
    assert 'libc-debug' not in resolve(catalogue, ['em++', '-O2', *link[1:]], cwd=tmp_path).targets


def test_a_port_that_varies_has_the_name_under_which_embuilder_builds_it(catalogue: Catalogue, tmp_path: Path):
    assert resolve(catalogue, ['-sUSE_LIBPNG', '-pthread'], cwd=tmp_path).ports == ('zlib', 'libpng-mt')
    assert resolve(catalogue, ['--use-port=sdl2_image:formats=jpg'], cwd=tmp_path).ports[-1] == 'sdl2_image:formats=jpg'


def test_a_port_whose_definition_is_not_there_is_named(catalogue: Catalogue, tmp_path: Path):
    outside = [name for name in ('emdawnwebgpu', 'contrib.glfw3') if name in catalogue.listing(Mode()).ports]
    for name in outside:
        found = resolve(catalogue, [f'--use-port={name}'], cwd=tmp_path)
        assert found.ports == (name,)
        assert found.unfetched in ((), (name,))


@pytest.mark.parametrize('flag', ['-c', '-E', '-S', '-fsyntax-only', '-M'])
def test_whatever_only_compiles_has_a_mode_but_needs_no_libraries(flag: str, catalogue: Catalogue, tmp_path: Path):
    found = resolve(catalogue, ['em++', '-sMEMORY64', flag, 'main.cpp'], cwd=tmp_path)
    assert found == Resolution(mode=Mode(arch='wasm64'), targets=(), files=(), ports=())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('flag', ['--version', '--help', '-dumpversion', '-dumpmachine', '-print-resource-dir',
                                  '--clear-cache', '--check', '--show-ports'])
def test_a_question_to_emcc_is_no_link_and_does_nothing(flag: str, catalogue: Catalogue, tmp_path: Path):
    assert resolve(catalogue, ['em++', flag], cwd=tmp_path).targets == ()
    assert resolve(catalogue, ['em++', '-v'], cwd=tmp_path).targets == ()


def test_a_mode_that_the_home_has_never_seen_is_resolved_too(sdk: Sdk, home: Home):
    found = resolve(Catalogue(sdk, home), ['-flto', '-sSIDE_MODULE'])
    assert found.mode == Mode(lto='full', pic=True)
