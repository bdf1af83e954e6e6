"""Whose word decides which SDK a build has, and what is said of a doubtful one: asked of the loading phase alone."""

from __future__ import annotations

import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.overlay import overlay
from support.releases import ANOTHERS, TOOLS, repository
from support.workspace import Workspace, module_file

from emroot.sdk import Sdk

DEPENDENCIES = ''.join(f'''
bazel_dep(name = "{name}", version = "1")
local_path_override(module_name = "{name}", path = "{name}")
''' for name in ('one', 'two'))
DEPENDENCY = '''
module(name = "{name}", version = "1")
bazel_dep(name = "emroot", version = "0.1.0.dev0")
emscripten_deps = use_extension("@emroot//bazel:extensions.bzl", "emscripten_deps")
emscripten_deps.sdk(path = "{sdk}")
'''
SDK_REPOSITORY = '@@emroot~~emscripten_deps~emscripten_sdk'


@pytest.fixture
def named(scratch: Callable[..., Workspace], checkout: Path) -> Callable[..., tuple[str, str]]:
    """The path of the SDK that is used, and what Bazel says, when the root module and two dependencies have these tags."""
    workspace = scratch({'MODULE.bazel': module_file(more=DEPENDENCIES), 'one/BUILD.bazel': '', 'two/BUILD.bazel': ''})

    def ask(*root: str, one: str, two: str) -> tuple[str, str]:
        head = module_file(*(f'sdk(path = "{path}")' for path in root), more=DEPENDENCIES)
        for name, text in {'': head, 'one': DEPENDENCY.format(name='one', sdk=one),
                           'two': DEPENDENCY.format(name='two', sdk=two)}.items():
            (workspace.directory / name / 'MODULE.bazel').write_text(text.replace('{emroot}', str(checkout)), encoding='utf-8')
        # Debian's Bazel keeps nothing of an extension's answers: it is evaluated each time.
        done = workspace.run('mod', 'show_repo', SDK_REPOSITORY, check=False)
        return ''.join(re.findall(r'^  path = "(.*)",$', done.stdout, re.MULTILINE)), done.stderr
    return ask


def test_the_root_modules_sdk_counts_and_else_one_that_all_agree_on(named: Callable[..., tuple[str, str]]) -> None:
    path, said = named('/of/root', one='/of/one', two='/of/two')
    assert path == '/of/root'
    assert 'emscripten_deps.sdk' not in said, 'tags of dependencies are none of its business'

    path, said = named(one='/of/one', two='/of/two')
    assert path == ''
    assert 'emscripten_deps.sdk: modules one, two name different SDKs: name one in the root module' in said

    path, said = named(one='/of/both', two='/of/both')
    assert path == '/of/both'
    assert 'the SDK is the one that module one names; the root module names none' in said


def test_an_sdk_with_another_llvm_than_it_is_made_for_is_warned_of(scratch: Callable[..., Workspace], bazel_sdk: Sdk,
                                                                  tmp_path: Path) -> None:
    name, newer = 'tools/shared.py', bazel_sdk.expected_llvm + 3
    text = (bazel_sdk.root / name).read_text(encoding='utf-8')
    changed = re.sub(r'(?m)^EXPECTED_LLVM_VERSION = .*$', f'EXPECTED_LLVM_VERSION = {newer}', text)
    root = overlay(bazel_sdk.root, tmp_path / 'sdk', {name: changed})
    workspace = scratch({'MODULE.bazel': module_file(f'sdk(path = "{root}")')}, reads=[tmp_path / 'sdk'])
    ask = ('query', 'deps(@emroot//bazel/private/sdk:headers, 1)')
    said = workspace.run(*ask).stderr
    assert said.count(f'is made for LLVM {newer}, but ') == 1
    assert f'is LLVM {bazel_sdk.llvm_version}: compiles and links may fail' in said
    assert 'is made for' not in workspace.run(*ask).stderr, 'once, when it is fetched'


def test_another_release_in_the_repository_of_a_module_is_noticed(scratch: Callable[..., Workspace], bazel_sdk: Sdk,
                                                                 tmp_path: Path) -> None:
    """A newer version of a module has its release in a repository of the same name."""
    releases = [tmp_path / name for name in ('older', 'newer')]
    for number, install in enumerate(releases):
        for directory in ('bin', 'lib/clang'):
            (install / directory).mkdir(parents=True)
        overlay(bazel_sdk.root, install / 'emscripten', {'emscripten-version.txt': f'"6.0.{90 + number}"\n'})
        (install / 'lib/clang' / bazel_sdk.resource_dir.name).symlink_to(bazel_sdk.resource_dir)
        for name in TOOLS:
            for tools in (bazel_sdk.llvm_root, bazel_sdk.binaryen_root / 'bin'):
                if (tools / name).exists():
                    (install / 'bin' / name).symlink_to(tools / name)
    workspace = scratch({'MODULE.bazel': module_file(ANOTHERS, more=repository(releases[0]))}, reads=releases)
    external = Path(workspace.run('info', 'output_base', options=False).stdout.strip()) / 'external'

    def version() -> str:
        workspace.run('query', 'deps(@emroot//bazel/private/sdk:headers, 1)')
        [found] = external.glob('*emscripten_deps~emscripten_sdk/where.json')
        return str(json.loads(found.read_text(encoding='utf-8'))['version'])
    assert version() == '6.0.90'
    file = workspace.directory / 'MODULE.bazel'
    file.write_text(file.read_text(encoding='utf-8').replace(*map(str, releases)), encoding='utf-8')
    assert version() == '6.0.91'


@pytest.mark.parametrize('again', ['with the same server', 'with another server'])
def test_an_sdk_that_is_replaced_by_one_elsewhere(scratch: Callable[..., Workspace], bazel_sdk: Sdk, tmp_path: Path,
                                                  again: str) -> None:
    """Of the older one nothing is left: what was fetched from it names directories that are gone."""
    install = next(p for p in bazel_sdk.root.parents if (p / 'emroot-sdk.json').is_file())
    (tmp_path / 'sdks').mkdir()
    older, newer = tmp_path / 'sdks/older', tmp_path / 'sdks/newer'
    shutil.copytree(install, older, symlinks=True, copy_function=os.link)
    workspace = scratch({'MODULE.bazel': module_file(f'sdk(path = "{older / bazel_sdk.root.relative_to(install)}")')},
                        reads=[tmp_path / 'sdks'])
    fetch = ('query', 'deps(@emroot//bazel/private/sdk:all, 2)')
    workspace.run(*fetch)
    older.rename(newer)
    file = workspace.directory / 'MODULE.bazel'
    if again == 'with another server':
        workspace.run('shutdown', options=False)
    said = workspace.run(*fetch, check=False).stderr
    assert str(older) in said, said
    assert 'hint: ' in said, said
    assert 'Inconsistent filesystem' not in said
    file.write_text(file.read_text(encoding='utf-8').replace(str(older), str(newer)), encoding='utf-8')
    if again == 'with another server':
        workspace.run('shutdown', options=False)
    workspace.run(*fetch)
    external = Path(workspace.run('info', 'output_base', options=False).stdout.strip()) / 'external'
    [found] = external.glob('*emscripten_deps~emscripten_sdk/where.json')
    assert json.loads(found.read_text(encoding='utf-8'))['root'].startswith(str(newer))

    (newer / bazel_sdk.root.relative_to(install) / 'system/lib/libc/made_later.h').touch()
    workspace.run(*fetch)
    archives = [*external.glob('*emscripten_deps~emscripten_sources/*.zip')]
    assert any(name.endswith('made_later.h') for archive in archives for name in zipfile.ZipFile(archive).namelist())
