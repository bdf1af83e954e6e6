"""What Bazel's library action runs, without Bazel: the bytes, and how its compiles are started."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emroot.bazel.libraries import library_builder
from emroot.bazel.repositories.compile_inputs import recipe_document
from emroot.bazel.repositories.sources_repository import fetch_sources
from emroot.cache_directory.sysroot_headers import ensure_headers
from emroot.engine.command_lines.compile_context import CompileContext
from emroot.engine.command_lines.placeholders import SDK_PREFIX
from emroot.engine.execution import forkserver
from emroot.engine.execution.elf import needed_libraries
from emroot.engine.execution.pool import Finished
from emroot.host.ar import read_archive
from emroot.host.home import Home
from emroot.libraries.catalogue import Catalogue
from emroot.modes import Mode, parse_mode
from emroot.sdk import Sdk
from emroot.store import Store

#: What releases call it.
NAMES = ('libclang_rt.builtins', 'libcompiler_rt')


@pytest.fixture
def headers(catalogue: Catalogue, shared_home: Home) -> Path:
    """The headers that the SDK installs."""
    with Store(shared_home.store) as store:
        return ensure_headers(catalogue, store)


@pytest.fixture
def archives(sdk: Sdk, headers: Path, shared_home: Home, tmp_path: Path) -> list[str]:
    """The arguments that name all archives of sources and headers."""
    directory = tmp_path / 'archives'
    directory.mkdir()
    fetch_sources({'root': str(sdk.root), 'headers': str(headers), 'resource_dir': str(sdk.resource_dir)}, directory, shared_home)
    return ['--archives', *map(str, sorted(directory.iterdir()))]


def lay_out(sdk: Sdk, directory: Path, headers: Path, said_root: str) -> Path:
    """An SDK in `location` as its repository lays it out; its `sdk.json`, which says that it lies at `said_root`."""
    (directory / 'llvm' / 'bin').mkdir(parents=True)
    (directory / 'emscripten').symlink_to(sdk.root)
    (directory / 'headers').symlink_to(headers)
    for tool in sdk.tools.values():
        (directory / 'llvm' / 'bin' / tool.name).symlink_to(tool)
    said = {'tools': {name: tool.name for name, tool in sdk.tools.items()}, 'root': said_root,
            'resource_dir': str(sdk.resource_dir), 'config': {}}
    (directory / 'sdk.json').write_text(json.dumps(said), encoding='utf-8')
    (directory / 'resource_dir').write_text(said['resource_dir'], encoding='utf-8')
    return directory / 'sdk.json'


@pytest.fixture
def target(catalogue: Catalogue) -> str:
    """A library of C with more than a hundred members, nearly all of which ignore LTO."""
    return next(name for name in NAMES if name in catalogue.listing(Mode()).libraries)


@pytest.fixture
def act(sdk: Sdk, catalogue: Catalogue, headers: Path, archives: list[str], tmp_path: Path, target: str) -> Callable[..., bytes]:
    """Makes `target` in an SDK that is laid out as its repository is."""
    about = lay_out(sdk, tmp_path / 'sdk', headers, str(sdk.root))

    def run(name: str, *options: str, mode: str = 'wasm32', **more: object) -> bytes:
        out, recipe = tmp_path / name, tmp_path / 'recipe.json'
        document = recipe_document(catalogue.recipes(parse_mode(mode), [target])[target])
        recipe.write_text(json.dumps({**document, **more}), encoding='utf-8')
        assert library_builder.main(['source', '--sdk', str(about), *archives, '--recipe', str(recipe), *options,
                                     '--target', target, '--jobs', '2', '--out', str(out), '--log', str(tmp_path / 'log')]) == 0
        return out.read_bytes()
    return run


def test_objects_that_ignore_lto_come_from_the_shipped_library(act: Callable[..., bytes], sdk: Sdk, catalogue: Catalogue,
                                                              target: str, tmp_path: Path,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    """One compile for each command line shows that the archive is of this compiler; if it is not, nothing of it is used."""
    theirs = {(m.name, m.source, m.argv) for m in catalogue.recipes(Mode(), [target])[target].members}
    members = catalogue.recipes(parse_mode('wasm32-lto'), [target])[target].members
    shared = [n for n, m in enumerate(members) if (m.name, m.source, m.argv) in theirs]
    assert len(shared) > 100
    telling = {name for name, content in read_archive(act('shipped.a')) if b'/lib/clang/' in content}
    taken = [members[n] for n in shared if members[n].name not in telling]
    assert len(taken) > 100
    compiled: list[str] = []
    compile_ = library_builder.SourceLibrary._compile

    def counted(self: library_builder.SourceLibrary, member: library_builder.RecipeCompile, out: Path, worker: int) -> None:
        compiled.append(out.name)
        compile_(self, member, out, worker)
    monkeypatch.setattr(library_builder.SourceLibrary, '_compile', counted)
    made = act('made.a', mode='wasm32-lto')
    assert len(compiled) == len(members)
    compiled.clear()
    assert act('taken.a', '--shipped', str(tmp_path / 'shipped.a'), mode='wasm32-lto', shared=shared) == made
    assert len(compiled) == len(members) - len(taken) + len({member.argv for member in taken})
    log = (tmp_path / 'log').read_text(encoding='utf-8')
    assert f'{len(taken)} of {len(members)} objects are those of ' in log

    names, contents = zip(*read_archive((tmp_path / 'shipped.a').read_bytes()), strict=True)
    for name, content in zip(names, contents[1:] + contents[:1], strict=True):
        (tmp_path / name).write_bytes(content)
    other = tmp_path / 'other.a'
    subprocess.run([sdk.tools['llvm-ar'], 'cr', other, *names], cwd=tmp_path, check=True)
    for archive in (other, tmp_path / 'log', tmp_path / 'absent.a'):
        assert act('anew.a', '--shipped', str(archive), mode='wasm32-lto', shared=shared) == made
        assert f'0 of {len(members)} objects are those of ' in (tmp_path / 'log').read_text(encoding='utf-8')


@pytest.mark.slow
def test_forked_compiles_give_the_same_bytes(act: Callable[[str], bytes], sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library's compiles are forked from a loaded compiler where that is to be had."""
    forked: list[Finished | None] = []
    run = forkserver.ForkServer.run

    def counted(self: forkserver.ForkServer, command: list[str], cwd: Path) -> Finished | None:
        forked.append(run(self, command, cwd))
        return forked[-1]
    monkeypatch.setattr(forkserver.ForkServer, 'run', counted)
    archive = act('forked.a')
    shared = any('LLVM' in name for name in needed_libraries(sdk.tools['clang']))
    assert bool(forked) == shared and None not in forked  # the first ones are not, while it is loaded

    forked.clear()
    monkeypatch.setenv('EMROOT_FORK', '0')
    assert act('plain.a') == archive
    assert forked == []


@pytest.mark.parametrize('mode', ['wasm32-lto', 'wasm64-thinlto-pic', 'wasm64'])
def test_sources_that_objects_name_have_the_sdks_place(sdk: Sdk, catalogue: Catalogue, headers: Path, archives: list[str],
                                                       tmp_path: Path, mode: str) -> None:
    """embuilder gives `_Exit.c` by its absolute path, which bitcode keeps. Where an action has the SDK must not be told."""
    whole = catalogue.recipes(parse_mode(mode), ['libc'])['libc']
    member = next((m for m in whole.members if m.source.startswith('{sdk}')), None)
    if member is None:
        assert sdk.version.startswith('3.')  # which gives all sources by relative paths
        return
    expected, one = tmp_path / 'expected.o', whole._replace(how='copy', members=(member,))
    compile_ = library_builder.RecipeCompile(member.argv, member.source)
    context = CompileContext(sdk, headers)
    subprocess.run(context.command(compile_, expected), cwd=context.working_directory, check=True)  # type: ignore[arg-type]

    recipe = tmp_path / 'recipe.json'
    recipe.write_text(json.dumps(recipe_document(one)), encoding='utf-8')
    for number, said in enumerate((str(sdk.root), SDK_PREFIX)):
        about, out, other = lay_out(sdk, tmp_path / f'sdk{number}', headers, said), tmp_path / f'{number}.o', tmp_path / 'other.o'
        assert library_builder.main(['source', '--sdk', str(about), *archives, '--recipe', str(recipe),
                                     '--target', 'libc', '--out', str(out)]) == 0
        given = [about, about.parent / 'llvm/bin' / sdk.tools['clang'].name, about.parent / 'resource_dir', other]
        words = [sys.executable, '-I', '-S', '-B', str(Path(library_builder.__file__).with_name('compile_object.py')),
                 *map(str, given)]
        subprocess.run([*words, member.source, *member.argv[1:]], check=True)
        assert out.read_bytes() == other.read_bytes()
        assert str(tmp_path).encode() not in out.read_bytes()
        assert (out.read_bytes() == expected.read_bytes()) == (said == str(sdk.root) or 'lto' not in mode)
