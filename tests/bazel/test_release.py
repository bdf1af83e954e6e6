"""An SDK that Bazel downloads, or that another module's repository holds: an archive of the official layout.

It is made of the SDK at hand, so the layout is what is tested, and what a release ships is used as it is.
"""

from __future__ import annotations

import json
import platform
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.releases import ANOTHERS, make_release, repository
from support.running import Emroot
from support.workspace import Workspace, libraries

from emroot.hashing import digest_file
from emroot.host.home import Home
from emroot.sdk import Sdk

Scratch = Callable[..., Workspace]
HEAD = '''
module(name = "release")
bazel_dep(name = "rules_cc", version = "0.0.17")
bazel_dep(name = "emroot", version = "0.1.0.dev0")
local_path_override(module_name = "emroot", path = "{module}")
emscripten_deps = use_extension("@emroot//bazel:extensions.bzl", "emscripten_deps")
use_repo(emscripten_deps, "emscripten_cache")
register_toolchains("@emroot//bazel/toolchain:all")
'''
DOWNLOADED = 'emscripten_deps.sdk(emscripten_version = "{version}")\n'
BUILD = '''
load("@emroot//bazel:defs.bzl", "wasm_cc_binary")
load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
cc_binary(name = "hello", srcs = ["hello.c"])
wasm_cc_binary(name = "hello_wasm", cc_target = ":hello", arch = "wasm32")
'''
HELLO = '#include <stdio.h>\nint main(void) { puts("shipped"); }\n'
BAZELRC = 'common --noenable_workspace\nbuild --features=c_link --sandbox_default_allow_network=false\n'
#: What has this Bazel behave as later ones do, where it can.
LATER = [f'--{flag}' for flag in (
    'incompatible_disallow_empty_glob', 'incompatible_no_implicit_file_export', 'incompatible_strict_action_env',
    'incompatible_config_setting_private_default_visibility', 'incompatible_enforce_config_setting_visibility',
    'incompatible_auto_exec_groups', 'noenable_workspace',
    'incompatible_check_visibility_for_toolchains', 'incompatible_disable_target_provider_fields',
    'incompatible_modify_execution_info_additive', 'incompatible_remove_legacy_whole_archive',
    'experimental_platform_in_output_dir')]
ARM = '-arm64' if platform.machine() in ('aarch64', 'arm64') else ''


@pytest.fixture(scope='module')
def release(bazel_sdk: Sdk, shared_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release with the libraries of a C program in its cache."""
    install = make_release(bazel_sdk, tmp_path_factory.mktemp('release') / 'install')
    built = Emroot(shared_home.root, bazel_sdk.root)(
        'build', '--cache', install.parent / 'cache', '--for', 'emcc -O0 -sDEFAULT_TO_CXX=0 -sPRINTF_LONG_DOUBLE')
    assert built.code == 0, built.err
    shutil.copytree(install.parent / 'cache/sysroot/lib', install / 'emscripten/cache/sysroot/lib')
    return install


@pytest.fixture(scope='module')
def archive(release: Path) -> Path:
    """That release as it is downloaded, at its location below a site."""
    directory = release.parent / f'site/linux/this/wasm-binaries{ARM}.tar.xz'
    directory.parent.mkdir(parents=True)
    with tarfile.open(directory, 'w:xz', preset=0) as tar:
        tar.add(release, 'install')
    return directory


@pytest.fixture
def module(archive: Path, checkout: Path, bazel_sdk: Sdk, tmp_path: Path) -> tuple[Path, Path]:
    """A copy of emroot that knows this release by its sha256, and where the archive is served from."""
    copied = shutil.copytree(checkout, tmp_path / 'module', ignore=shutil.ignore_patterns('examples'))
    here = dict.fromkeys(('linux', 'linux-arm64'), digest_file(archive))
    known = {'releases': {bazel_sdk.version: {'hash': 'this', **here}}}
    (copied / 'src/emroot/sdk/releases.json').write_text(json.dumps(known), encoding='utf-8')
    return copied, archive.parents[2]


def test_what_a_downloaded_release_ships_is_not_made_again(module: tuple[Path, Path], scratch: Scratch, bazel_sdk: Sdk) -> None:
    copied, site = module
    head = HEAD.format(module=copied) + DOWNLOADED.format(version=bazel_sdk.version)
    workspace = scratch({'MODULE.bazel': head, 'BUILD.bazel': BUILD, 'hello.c': HELLO, '.bazelrc': BAZELRC}, module)
    workspace.options.append(f'--repo_env=EMROOT_EMSDK_URL=file://{site}')
    spawns = workspace.build('//:hello_wasm')
    assert libraries(spawns, ran=False) == []
    assert [s for s in spawns if s['mnemonic'] == 'CppLink']
    script = next(f for f in workspace.files('//:hello_wasm') if f.suffix == '.js')
    assert workspace.program(script) == 'shipped\n'
    spawns = workspace.build('@emscripten_cache//wasm32-pic:libnoexit')
    assert libraries(spawns, ran=False) == ['wasm32-pic/libnoexit'], 'a mode that it does not ship'


def test_an_unknown_release_is_named_with_the_nearest(module: tuple[Path, Path], scratch: Scratch, bazel_sdk: Sdk) -> None:
    wrong = f'{bazel_sdk.version}9'
    head = HEAD.format(module=module[0]) + DOWNLOADED.format(version=wrong)
    workspace = scratch({'MODULE.bazel': head, 'BUILD.bazel': BUILD, 'hello.c': HELLO, '.bazelrc': BAZELRC}, module)
    done = workspace.run('build', '//:hello_wasm', check=False)
    assert done.returncode != 0
    assert f'no release {wrong} is known; there are {bazel_sdk.version}' in done.stderr


@pytest.mark.default
def test_the_release_of_another_modules_repository(release: Path, checkout: Path, scratch: Scratch) -> None:
    head = HEAD.format(module=checkout) + repository(release) + f'emscripten_deps.{ANOTHERS}\n'
    workspace = scratch({'MODULE.bazel': head, 'BUILD.bazel': BUILD, 'hello.c': HELLO, '.bazelrc': BAZELRC}, [release])
    spawns = workspace.build('@emscripten_cache//wasm64-thinlto:libnoexit')
    assert libraries(spawns, ran=False) == ['wasm64-thinlto/libnoexit']

    directory = Path(workspace.run('info', 'output_base', options=False).stdout.strip())
    [about] = (directory / 'external').glob('*emscripten_sdk/sdk.json')
    said = about.read_text(encoding='utf-8')
    assert str(directory) not in said, 'every action reads this: no other machine would have it the same'
    assert str(release) not in said


def test_a_release_without_shared_libraries_loads_in_later_bazels(bazel_sdk: Sdk, checkout: Path, scratch: Scratch,
                                                                  tmp_path: Path) -> None:
    """A real release has LLVM in its executables. From Bazel 8 on every pattern of a glob has to match."""
    install = make_release(bazel_sdk, tmp_path / 'install')
    away = tmp_path / 'libraries'
    away.mkdir()
    for library in [path for path in (install / 'lib').iterdir() if path.is_file()]:
        library.rename(away / library.name)
    head = HEAD.format(module=checkout) + repository(install) + f'emscripten_deps.{ANOTHERS}\n'
    workspace = scratch({'MODULE.bazel': head, 'BUILD.bazel': BUILD, 'hello.c': HELLO, '.bazelrc': BAZELRC}, [install, away])
    workspace.run('build', '--nobuild', f'--repo_env=LD_LIBRARY_PATH={away}', *LATER, '//:hello_wasm',
                  '--@emroot//bazel:granularity=object')
