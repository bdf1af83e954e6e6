"""The declared caches instead of those that emsdk's module makes, for its unmodified toolchain."""

from __future__ import annotations

import os
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.bazel.registry import rule_sets
from support.releases import make_official
from support.running import Emroot
from support.workspace import Workspace, module_file

from emroot.host.home import Home
from emroot.sdk import Sdk

OVERRIDE = '''
bazel_dep(name = "emsdk", version = "6.0.5")
local_path_override(module_name = "emsdk", path = "emsdk")
emscripten_cache = use_extension("@emsdk//:emscripten_cache.bzl", "emscripten_cache")
override_repo(emscripten_cache, emscripten_cache = "emscripten_cache")
'''
ROOT = module_file('cache(features = ["wasm64", "lto"], targets = ["libal"])',
                   'cache(features = ["wasm32"], targets = ["crt1"])', more=OVERRIDE)
#: As emsdk's module: an extension that makes the repository, and a toolchain that has two labels of it among its files, and names
#: the path of one as it is in the configuration of the program.
EMSDK = {
    'MODULE.bazel': '''
module(name = "emsdk", version = "6.0.5")
emscripten_cache = use_extension("//:emscripten_cache.bzl", "emscripten_cache")
use_repo(emscripten_cache, "emscripten_cache")
''',
    'emscripten_cache.bzl': '''
def _repo(rctx):
    fail("emsdk's own repository is not to be made")
_cache = repository_rule(_repo)
emscripten_cache = module_extension(lambda mctx: _cache(name = "emscripten_cache"))
''',
    'toolchain.bzl': '''
def _toolchain(ctx):
    if ctx.file.em_config not in ctx.files.common:
        fail("actions do not find " + ctx.file.em_config.path)
    return DefaultInfo(files = depset(ctx.files.common))
toolchain = rule(_toolchain, attrs = {
    "em_config": attr.label(allow_single_file = True),
    "common": attr.label_list(cfg = "exec"),
})
''',
    'BUILD.bazel': '''
load(":toolchain.bzl", "toolchain")
filegroup(name = "common", srcs = ["@emscripten_cache//:emscripten_cache", "@emscripten_cache//:emscripten_config"])
toolchain(
    name = "toolchain",
    common = [":common"],
    em_config = "@emscripten_cache//:emscripten_config",
)
''',
}


def test_takes_the_place_of_emsdks_cache(scratch: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = scratch({'MODULE.bazel': ROOT, **{f'emsdk/{name}': text for name, text in EMSDK.items()}})
    workspace.build('@emsdk//:toolchain')
    config, cache = sorted(workspace.files('@emsdk//:toolchain'), key=lambda path: path.is_dir())
    root = next(p for p in config.parents if p.name == '_main')
    for name, value in {'ROOT_DIR': str(root), 'EMSCRIPTEN': 'external/emscripten', 'EM_BIN_PATH': 'external',
                        'NODE_JS_PATH': 'node', 'EM_CONFIG_PATH': os.path.relpath(config, root)}.items():
        monkeypatch.setenv(name, value)
    assert os.path.samefile(runpy.run_path(str(config))['CACHE'], cache)
    for path in ('sysroot/lib/wasm64-emscripten/lto/libal.a', 'sysroot/lib/wasm32-emscripten/crt1.o',
                 'sysroot/include/stdio.h', 'sysroot_install.stamp'):
        assert (cache / path).is_file(), path


#: Node, for which the real module downloads one by rules_nodejs.
NODE = {
    'rules_nodejs/MODULE.bazel': '''
module(name = "rules_nodejs", version = "6.7.3")
node = use_extension("//nodejs:extensions.bzl", "node")
use_repo(node, "nodejs")
register_toolchains("//nodejs:toolchain")
''',
    'rules_nodejs/nodejs/extensions.bzl': '''
def _node(rctx):
    rctx.symlink(rctx.getenv("EMROOT_NODE"), "node")
    rctx.file("BUILD.bazel", 'exports_files(["node"])')
_repo = repository_rule(_node)
_toolchain = tag_class({"node_version": attr.string()})
node = module_extension(lambda mctx: _repo(name = "nodejs"), tag_classes = {"toolchain": _toolchain})
''',
    'rules_nodejs/nodejs/toolchain.bzl': '''
def _toolchain(ctx):
    return [platform_common.ToolchainInfo(nodeinfo = struct(node = ctx.file.node)), DefaultInfo(files = depset([ctx.file.node]))]
node_toolchain = rule(_toolchain, attrs = {"node": attr.label(allow_single_file = True)})
''',
    'rules_nodejs/nodejs/BUILD.bazel': '''
load(":toolchain.bzl", "node_toolchain")
package(default_visibility = ["//visibility:public"])
toolchain_type(name = "toolchain_type")
node_toolchain(name = "current_node_toolchain", node = "@nodejs//:node")
toolchain(name = "toolchain", toolchain = ":current_node_toolchain", toolchain_type = ":toolchain_type")
'''}
#: A release instead of the one that the real module downloads; all else is its own.
REAL = '''
module(name = "user")
bazel_dep(name = "rules_cc", version = "0.2.16")
bazel_dep(name = "rules_python", version = "1.8.4")
bazel_dep(name = "emsdk", version = "6.0.8")
bazel_dep(name = "emroot", version = "0.1.0.dev0")
local_path_override(module_name = "emroot", path = "{emroot}")
local_path_override(module_name = "emsdk", path = "EMSDK")
local_path_override(module_name = "rules_nodejs", path = "rules_nodejs")
release = use_repo_rule("//:release.bzl", "release")
release(name = "at_hand", path = "RELEASE")
theirs = use_extension("@emsdk//:emscripten_deps.bzl", "emscripten_deps")
override_repo(theirs, emscripten_bin_linux = "at_hand")
emscripten_cache = use_extension("@emsdk//:emscripten_cache.bzl", "emscripten_cache")
override_repo(emscripten_cache, emscripten_cache = "emscripten_cache")
python = use_extension("@rules_python//python/extensions:python.bzl", "python")
python.toolchain(is_default = True, python_version = "3.14")
emscripten_deps = use_extension("@emroot//bazel:extensions.bzl", "emscripten_deps")
emscripten_deps.sdk(repo = "@at_hand")
emscripten_deps.cache(features = ["wasm32"], targets = ["SELECTED"])
use_repo(emscripten_deps, "emscripten_cache")
'''
RELEASE = '''
load("@emsdk//:emscripten_build_file.bzl", "EMSCRIPTEN_BUILD_FILE_CONTENT_TEMPLATE")
def _release(rctx):
    for entry in rctx.path(rctx.attr.path).readdir():
        rctx.symlink(entry, entry.basename)
    rctx.file("BUILD.bazel", EMSCRIPTEN_BUILD_FILE_CONTENT_TEMPLATE.format(bin_extension = ""))
release = repository_rule(_release, attrs = {"path": attr.string()})
'''
USER = {
    'BUILD.bazel': '''
load("@emsdk//emscripten_toolchain:wasm_rules.bzl", "wasm_cc_binary")
load("@rules_cc//cc:defs.bzl", "cc_binary")
cc_binary(name = "hello", srcs = ["hello.c"], linkopts = ["-sAUTO_NATIVE_LIBRARIES=0", "-nostdlib++"])
wasm_cc_binary(name = "hello_wasm", cc_target = ":hello", outputs = ["hello.js", "hello.wasm"])
''',
    'hello.c': '#include <stdio.h>\nint main(void) { puts("hello from emsdk"); return 0; }\n', 'release.bzl': RELEASE, **NODE,
    'rules_nodejs/BUILD.bazel': ''}
LINK = 'em++ -sAUTO_NATIVE_LIBRARIES=0 -nostdlib++ -sPRINTF_LONG_DOUBLE'


@pytest.mark.skipif('emsdk' not in rule_sets(), reason='EMROOT_RULE_SETS has no emsdk')
def test_the_real_module_links_against_declared_libraries(scratch: Callable[..., Workspace], bazel_sdk: Sdk, shared_home: Home,
                                                         tmp_path: Path) -> None:
    """Unmodified, with its own toolchain. The release is `make_official`'s, with all files that the module lists by name."""
    install, emroot = make_official(bazel_sdk, tmp_path / 'install'), Emroot(shared_home.root, bazel_sdk.root)
    for name in ('llvm-dwarfdump', 'wasm2js'):
        (install / 'bin' / name).touch()
    emroot('build', '--cache', tmp_path / 'cache', '--targets', 'crt1')
    shutil.copytree(tmp_path / 'cache/sysroot/include', install / 'emscripten/cache/sysroot/include')
    (install / 'emscripten/cache/sysroot_install.stamp').touch()
    targets = emroot('resolve', '--json', '--', *LINK.split(), 'hello.c').json['targets']
    emsdk = rule_sets()['emsdk']
    head = REAL.replace('RELEASE', str(install)).replace('SELECTED', '", "'.join(targets)).replace('EMSDK', str(emsdk))
    workspace = scratch({**USER, 'MODULE.bazel': head}, reads=[install, emsdk])
    spawns = workspace.build('//:hello_wasm')
    [link] = [spawn for spawn in spawns if spawn['mnemonic'] == 'CppLink']
    assert [i for i in link['inputs'] if i['path'].endswith('/cache/sysroot/lib/wasm32-emscripten/libc-debug.a')]
    assert workspace.program(workspace.directory / 'bazel-bin/hello.js') == 'hello from emsdk\n'
