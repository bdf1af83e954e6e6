"""An official release as it is: downloaded, of another module's repository, or installed; for machines of all systems.

The release is made of the SDK at hand and of a statically linked clang (`support/releases.py: make_official`).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from support.bazel import Tree
from support.bazel.remote_execution import Execution
from support.release_site import SYSTEMS, Site, copy_python
from support.releases import ANOTHERS, make_official, repository
from support.running import Emroot
from support.workspace import Workspace, libraries

from dev.static_sdk import static_sdk
from emroot.host.home import Home
from emroot.sdk import Sdk

Scratch = Callable[..., Workspace]
HEAD = '''
module(name = "release")
bazel_dep(name = "rules_cc", version = "0.0.17")
bazel_dep(name = "platforms", version = "0.0.10")
bazel_dep(name = "emroot", version = "0.1.0.dev0")
local_path_override(module_name = "emroot", path = "{module}")
emscripten_deps = use_extension("@emroot//bazel:extensions.bzl", "emscripten_deps")
use_repo(emscripten_deps, "emscripten_cache")
'''
BUILD = '''
load("@emroot//bazel:defs.bzl", "wasm_cc_binary", "wasm_cc_test")
load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
cc_binary(name = "hello", srcs = ["hello.c"])
wasm_cc_binary(name = "hello_wasm", cc_target = ":hello", arch = "wasm32")
wasm_cc_test(name = "hello_test", cc_target = ":hello", arch = "wasm32")
''' + ''.join(f'''
platform(name = "{name}", constraint_values = ["@platforms//os:{os}", "@platforms//cpu:{cpu}"])
''' for name, os, cpu in (('linux', 'linux', 'x86_64'), ('linux-arm64', 'linux', 'aarch64'), ('mac', 'macos', 'x86_64'),
                          ('mac-arm64', 'macos', 'aarch64'), ('win', 'windows', 'x86_64')))
HELLO = '#include <stdio.h>\nint main(void) { puts("shipped"); return 0; }\n'
BAZELRC = 'common --noenable_workspace\nbuild --features=c_link --sandbox_default_allow_network=false\n'
#: What a machine with Bazel alone does not have.
PROGRAMS = ('python3.14', 'python3.13', 'node', 'gcc', 'g++', 'cc', 'c++', 'clang')


@pytest.fixture(scope='module')
def release(bazel_sdk: Sdk, shared_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release with the libraries of a C program in its cache, made by its own compiler."""
    install = make_official(bazel_sdk, tmp_path_factory.mktemp('release') / 'install')
    built = Emroot(shared_home.root, static_sdk())(
        'build', '--cache', install.parent / 'cache', '--for', 'emcc -O0 -sDEFAULT_TO_CXX=0 -sPRINTF_LONG_DOUBLE')
    assert built.code == 0, built.err
    shutil.copytree(install.parent / 'cache/sysroot/lib', install / 'emscripten/cache/sysroot/lib')
    return install


@pytest.fixture(scope='module')
def site(release: Path, bazel_sdk: Sdk, tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Where everything is downloaded from."""
    directory = tmp_path_factory.mktemp('site')
    python = copy_python(tree.root, directory / 'made/python')
    return Site.make(directory, bazel_sdk.version, release, Path(bazel_sdk.node[0]), python)


@pytest.fixture
def downloading(site: Site, checkout: Path, tmp_path: Path, scratch: Scratch) -> Callable[..., Workspace]:
    """A workspace with a copy of emroot that knows that site, and Bazel without what a downloaded release brings."""
    def make(tag: str = '', hides: Sequence[str] = (), **more: bool) -> Workspace:
        copied = shutil.copytree(checkout, tmp_path / 'module', ignore=shutil.ignore_patterns('examples'))
        site.known_to(copied)
        head = HEAD.format(module=copied) + tag.format(version=site.version)
        workspace = scratch({'MODULE.bazel': head, 'BUILD.bazel': BUILD, 'hello.c': HELLO, '.bazelrc': BAZELRC},
                            [copied, site.directory], hides=[f'/usr/bin/{name}' for name in hides], **more)
        workspace.options[:] = [o for o in workspace.options if not o.startswith(('--repo_env=EMSDK', '--repo_env=EMROOT_NODE'))]
        workspace.options += site.options
        return workspace
    return make


def test_a_machine_with_bazel_alone(downloading: Callable[..., Workspace], tree: Tree) -> None:
    """No tag: the newest release, with a Python and a Node of its own. What it ships is not made again."""
    workspace = downloading(hides=[name for name in PROGRAMS if (tree.root / 'usr/bin' / name).exists()])
    gone = workspace.bazel.container.run(['/bin/sh', '-c', 'python3 --version || gcc --version || node --version'])
    assert gone.returncode != 0, 'they are hidden'
    spawns = workspace.build('//:hello_wasm')
    assert libraries(spawns, ran=False) == []
    assert [s for s in spawns if s['mnemonic'] == 'CppLink']
    script = next(f for f in workspace.files('//:hello_wasm') if f.suffix == '.js')
    assert workspace.program(script) == 'shipped\n'
    assert 'shipped' in workspace.run('test', '--test_output=all', '//:hello_test').stdout
    spawns = workspace.build('@emscripten_cache//wasm32-pic:libnoexit')
    assert libraries(spawns, ran=False) == ['wasm32-pic/libnoexit'], 'a mode that it does not ship'
    spawns = workspace.build('@emscripten_cache//wasm32-lto:libdlmalloc-debug')
    assert libraries(spawns, ran=False) == [], 'LTO does not change it: it is the shipped one'
    target = '@emscripten_cache//wasm32-lto:libclang_rt.builtins'
    workspace.build('--output_groups=logs', target)
    log, = (path for path in workspace.files(target, '--output_groups=logs') if path.suffix == '.log')
    taken = re.search(r'^(\d+) of 184 objects are those of .*/shipped/', log.read_text(encoding='utf-8'), re.MULTILINE)
    assert taken and int(taken[1]) > 100, log.read_text(encoding='utf-8')


def test_every_system_has_its_own_release_and_no_other_is_fetched(downloading: Callable[..., Workspace]) -> None:
    workspace = downloading('emscripten_deps.sdk(emscripten_version = "{version}")\n')
    external = Path(workspace.run('info', 'output_base', options=False).stdout.strip()) / 'external'
    for system in SYSTEMS:
        objects = 'mnemonic("EmscriptenObject.*", deps(@emscripten_cache//wasm64:libnoexit))'
        actions = workspace.run('aquery', '--output=text', objects, f'--extra_execution_platforms=//:{system}',
                                '--@emroot//bazel:granularity=object').stdout
        repo = 'emscripten_sdk' + ('_' + system.replace('-', '_') if system != 'linux' else '')
        suffix = '.exe' if system == 'win' else ''
        assert re.search(f'emscripten_deps[~+]{repo}/llvm/bin/clang{suffix}', actions), system
        names = {re.split('[~+]', path.name)[-1] for path in external.iterdir() if path.is_dir()}
        fetched = {name for name in names if name.startswith('emscripten_sdk')}
        asked = list(SYSTEMS)[:list(SYSTEMS).index(system) + 1]
        assert len(fetched) == len(asked), (system, fetched)


def test_what_is_vendored_builds_offline_on_another_machine(downloading: Callable[..., Workspace], site: Site, tmp_path: Path,
                                                            open_bazel: Callable[..., Workspace]) -> None:
    """Another output base stands for the machine; where everything is downloaded from is not there."""
    first = downloading('emscripten_deps.sdk(emscripten_version = "{version}")\n')
    first.run('vendor', '--vendor_dir=vendor', '//:hello_wasm', '//:hello_test')
    first.bazel.close()
    shutil.rmtree(tmp_path / 'output')
    second = open_bazel(first.directory, output_base=tmp_path / 'second', reads=[tmp_path / 'module'])
    assert second.bazel.container.run(['/bin/ls', site.directory]).returncode != 0
    second.options[:] = [*first.options, '--vendor_dir=vendor', f'--repository_cache={tmp_path}/second/cache']
    with second.bazel:
        done = second.run('test', '--test_output=all', '//:hello_wasm', '//:hello_test')
    assert 'shipped' in done.stdout
    assert 'out-of-date' not in done.stderr


def test_workers_of_another_system(downloading: Callable[..., Workspace], execution: Execution) -> None:
    """They are of this one, and say that they are Macs: what they run is the release for Macs, which here is the same."""
    targets = ['@emscripten_cache//wasm64-lto:' + name for name in ('libal', 'crt1', 'libhtml5')]
    workspace = downloading('emscripten_deps.sdk(emscripten_version = "{version}")\n', network=True)
    workspace.options[:] = [option for option in workspace.options if not option.startswith('--disk_cache')]
    here = workspace.build(*targets)
    assert {s['runner'] for s in here if s['mnemonic'].startswith('Emscripten')} == {'linux-sandbox'}
    expected = workspace.archives(of=f'set({" ".join(targets)})')
    flags = ['--extra_execution_platforms=//:mac-arm64', *execution.flags]
    there = [s for s in workspace.build(*flags, *targets) if s['mnemonic'].startswith('Emscripten')]
    assert there
    assert {s['runner'] for s in there} == {'remote'}
    inputs = {i['path'] for s in there for i in s['inputs']}
    assert [path for path in inputs if '~emscripten_sdk_mac_arm64/llvm/bin/clang' in path]
    assert not [path for path in inputs if '~emscripten_sdk/llvm/bin/' in path or '~emroot_python/' in path]
    assert workspace.archives(*flags, of=f'set({" ".join(targets)})') == expected


def test_an_unknown_release_is_named_with_the_nearest(downloading: Callable[..., Workspace], bazel_sdk: Sdk) -> None:
    wrong = f'{bazel_sdk.version}9'
    done = downloading(f'emscripten_deps.sdk(emscripten_version = "{wrong}")\n').run('build', '//:hello_wasm', check=False)
    assert done.returncode != 0
    assert f'no release {wrong} is known; there are {bazel_sdk.version}' in done.stderr


def test_the_release_of_another_modules_repository(release: Path, checkout: Path, scratch: Scratch) -> None:
    head = HEAD.format(module=checkout) + repository(release) + f'emscripten_deps.{ANOTHERS}\n'
    workspace = scratch({'MODULE.bazel': head, 'BUILD.bazel': BUILD, 'hello.c': HELLO, '.bazelrc': BAZELRC}, [release])
    workspace.run('build', '--nobuild', '--incompatible_disallow_empty_glob', '//:hello_wasm')
    spawns = workspace.build('@emscripten_cache//wasm64-thinlto:libnoexit')
    assert libraries(spawns, ran=False) == ['wasm64-thinlto/libnoexit']

    directory = Path(workspace.run('info', 'output_base', options=False).stdout.strip())
    [about] = (directory / 'external').glob('*emscripten_sdk/sdk.json')
    said = about.read_text(encoding='utf-8')
    assert str(directory) not in said, 'every action reads this: no other machine would have it the same'
    assert str(release) not in said


def test_an_emsdk_that_is_installed(release: Path, bazel_sdk: Sdk, checkout: Path, scratch: Scratch, tmp_path: Path) -> None:
    """As emsdk leaves one: its configuration beside the release, which is called `upstream`."""
    (tmp_path / 'emsdk').mkdir()
    shutil.copytree(release, tmp_path / 'emsdk/upstream', symlinks=True)
    (tmp_path / 'emsdk/.emscripten').write_text(
        "import os\nemsdk_path = os.path.dirname(os.path.abspath(__file__)).replace('\\\\', '/')\n"
        f"NODE_JS = {bazel_sdk.node[0]!r}\nLLVM_ROOT = emsdk_path + '/upstream/bin'\nBINARYEN_ROOT = emsdk_path + '/upstream'\n"
        "EMSCRIPTEN_ROOT = emsdk_path + '/upstream/emscripten'\n", encoding='utf-8')
    head = HEAD.format(module=checkout) + f'emscripten_deps.sdk(path = "{tmp_path}/emsdk")\n'
    workspace = scratch({'MODULE.bazel': head, 'BUILD.bazel': BUILD, 'hello.c': HELLO, '.bazelrc': BAZELRC}, [tmp_path / 'emsdk'])
    assert libraries(workspace.build('//:hello_wasm'), ran=False) == []
    assert 'shipped' in workspace.run('test', '--test_output=all', '//:hello_test').stdout
