"""Every package of the module loads in each Bazel, by a model of what that Bazel offers (`support/bazel/versions.py`).

With the variable EMROOT_RULE_SETS the real rule sets in that directory are used; else what the module loads of rules_cc is stood
in for.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import starlark
from support.bazel.registry import rule_sets
from support.bazel.versions import VERSIONS, LoadingModel, Version

from dev.paths import ROOT

PUBLIC = ('defs', 'deps', 'extensions')
PACKAGES = sorted(p.parent for p in (ROOT / 'bazel').rglob('BUILD.bazel'))
_LIB = 'action_config feature flag_group flag_set tool tool_path variable_with_value with_feature_set'
_ACTIONS = ('c_compile assemble preprocess_assemble cpp_compile linkstamp_compile cpp_header_parsing cpp_module_compile '
            'cpp_module_codegen cpp_link_executable cpp_link_dynamic_library cpp_link_nodeps_dynamic_library '
            'cpp_link_static_library strip cc_flags_make_variable')
RULES_CC = {
    'cc/action_names.bzl': f'ACTION_NAMES = struct({", ".join(f"{name} = 1" for name in _ACTIONS.split())})\n',
    'cc/cc_toolchain_config_lib.bzl': ''.join(f'{name} = lambda **kwargs: struct()\n' for name in _LIB.split()),
    'cc/common/cc_common.bzl': 'cc_common = struct()\n', 'cc/common/cc_info.bzl': 'CcInfo = struct()\n',
    **{f'cc/{rule}.bzl': f'{rule} = lambda name, **kwargs: None\n' for rule in ('cc_binary', 'cc_library')},
    'cc/toolchains/cc_toolchain.bzl': 'cc_toolchain = lambda name, **kwargs: None\n',
    'cc/toolchains/cc_toolchain_config_info.bzl': 'CcToolchainConfigInfo = struct()\n'}
#: What a release unpacks to, and the SDK's repository links: LLVM is in its executables, so there is no library.
RELEASE = ('llvm/bin/clang', 'llvm/bin/clang++', 'llvm/bin/llvm-ar', 'llvm/bin/wasm-ld', 'llvm/lib/clang/24/include/stddef.h',
           'binaryen/bin/wasm-opt', 'emscripten/emcc.py', 'emscripten/system/lib/libc/musl/src/string/strlen.c',
           'headers/sysroot/include/stdio.h', 'sdk.json', 'where.json', 'identity.json', 'resource_dir')


def model(version: Version, others: dict[str, Path] | None = None) -> LoadingModel:
    """The module and other ones beside rules_cc, real where it is given."""
    real = rule_sets()
    written = _written_by_rules_cc(real['rules_cc'], version) if 'rules_cc' in real else {'rules_cc': RULES_CC}
    return LoadingModel(version, {'emroot': ROOT, **(others or {}), **written, **real})


def _written_by_rules_cc(directory: Path, version: Version) -> dict[str, dict[str, str]]:
    """What its module extension and that of bazel_features write, and the one file of protobuf that it loads."""
    extension = (directory / 'cc/extensions.bzl').read_text(encoding='utf-8')
    texts = re.findall(r'"(proxy|symbols)\.bzl",\n\s+"""\n(.*?)"""', extension, re.DOTALL)
    chosen = texts[:2] if version >= (9, 0) else texts[2:]
    return {'cc_compatibility_proxy': {f'{name}.bzl': text for name, text in chosen},
            'bazel_features_version': {'version.bzl': f'version = "{version[0]}.{version[1]}.0"'},
            'bazel_features_globals': {'globals.bzl': 'globals = struct()'},
            'com_google_protobuf': {'bazel/common/proto_info.bzl': 'ProtoInfo = struct()'}}


@pytest.mark.parametrize('version', VERSIONS, ids=lambda version: '.'.join(map(str, version)))
def test_every_package_loads(version: Version) -> None:
    loading = model(version)
    for name in PUBLIC:
        loading.load(f'@emroot//bazel:{name}.bzl')
    for package in PACKAGES:
        loading.build(package.relative_to(ROOT).as_posix(), files=[p.name for p in package.iterdir()])
    loading.build('', files=[p.relative_to(ROOT).as_posix() for p in (ROOT / 'src').rglob('*') if p.is_file()])
    assert {'granularity', 'wasm64_config', 'wasm32_test', 'feature_lto', 'headers'} <= {name for name, _, _ in loading.targets}


@pytest.mark.parametrize('version', VERSIONS, ids=lambda version: '.'.join(map(str, version)))
def test_every_example_loads(version: Version) -> None:
    for build in sorted((ROOT / 'examples/bazel').glob('*/BUILD.bazel')):
        if build.parent.name != 'workspace' or version < (9, 0):
            loading = model(version, {build.parent.name: build.parent})
            loading.build('', repo=build.parent.name)
            assert [kind for _, kind, _ in loading.targets if kind == 'rule'], build


def test_what_fetches_say_of_themselves_follows_what_bazel_offers() -> None:
    """The one file for it is evaluated, with what repository rules are given before 8.3 and since."""
    def said(expression: str) -> str:
        return model((9, 0)).constant('@emroot//bazel/private/repositories:bazel_versions.bzl', expression)
    assert said('reproducible(struct())') == 'None'
    assert said('reproducible(struct(repo_metadata = lambda reproducible: [reproducible]))') == '[True]'
    assert said('home_directory(struct(getenv = {"USERPROFILE": "C:/Users/u"}.get), "sdk")') == 'C:/Users/u'
    with pytest.raises(starlark.StarlarkError, match=r'sdk: `~` is unknown without HOME\n  hint: .*--repo_env=HOME'):
        said('home_directory(struct(getenv = lambda name: None), "sdk")')  # --experimental_strict_repo_env


#: The extension called with a root module that declares something, and with no more of a context than tags.
EXTENSION = '''json.encode(_emscripten_deps_impl(struct(
    modules = [struct(name = "root", is_root = True, tags = struct(prebuilt = [], sdk = [], cache = [
        struct(builder = "source", features = ["wasm64"], ports_from = "", targets = ["auto", "zlib"])]))],
    extension_metadata = lambda **said: said, root_module_has_non_dev_dependency = True)))'''


def test_the_extension_reads_nothing_but_tags_so_that_no_lock_file_has_to_have_it() -> None:
    loading = model((9, 0))
    said = json.loads(loading.constant('@emroot//bazel/private/repositories:extension.bzl', EXTENSION))
    assert said == {'reproducible': True, 'root_module_direct_deps': ['emscripten_cache'], 'root_module_direct_dev_deps': []}
    made = {name for name, _, _ in loading.targets}
    assert {'emscripten_sdk', 'emscripten_sources', 'emroot_python', 'emscripten_mode_wasm64', 'emscripten_port_zlib',
            'emscripten_cache'} <= made


#: What starts a tool, and a test, on Windows. `tests/windows` runs it.
BATCH = ROOT / 'tests/golden/launcher.bat'


def test_programs_are_started_by_batch_files_on_windows() -> None:
    said = model((9, 0)).constant('@emroot//bazel/private/sdk:run_tool.bzl', """json.encode(batch_file(
        struct(path = "bazel-out/x64 cfg/bin/tools/emcc.bat"), [struct(path = "external/python/python.exe"), "-I",
        struct(path = "external/emroot~/a tool.py"), "emcc", struct(path = ""), "sdk.json", "\\"a word\\""]))""")
    assert json.loads(said) == BATCH.read_bytes().decode()


def test_of_a_python_toolchain_only_what_programs_import_is_an_input_of_actions() -> None:
    """An installation of rules_python has more files that no program of emroot or emcc reads than such that they may."""
    needed = ['python.exe', 'python313.dll', 'DLLs/_ssl.pyd', 'Lib/os.py', 'bin/python3', 'lib/libpython3.13.so',
              'lib/python3.13/os.py', 'lib/python3.13/json/scanner.py', 'lib/python3.13/lib-dynload/zlib.so']
    others = ['Lib/site-packages/pip.py', 'Scripts/pip.exe', 'libs/python3.lib', 'tcl/init.tcl', 'bin/pip', 'include/Python.h',
              'share/man/python.1', 'lib/tcl8/init.tcl', 'lib/python3.13/idlelib/idle.py', 'lib/python3.13/config-3.13/config.c']
    said = model((9, 0)).constant('@emroot//bazel/private/sdk:python.bzl',
                                  f'json.encode([path for path in {needed + others} if _is_needed(path)])')
    assert json.loads(said) == needed


@pytest.mark.parametrize('version', VERSIONS, ids=lambda version: '.'.join(map(str, version)))
def test_the_repositories_of_a_release_load(version: Version) -> None:
    loading = model(version)
    sdk = loading.constant('@emroot//bazel/private/repositories:sdk_links.bzl', '_BUILD').format(
        archiver='llvm-ar', clang='clang', clangxx='clang++', resource_dir='"/emsdk/lib/clang/24"',
        sdk='":own"', files='":own_files"', rules='@emroot//bazel/private/sdk:sdk.bzl')
    loading.build('', sdk, RELEASE, repo='emscripten_sdk')
    archives = loading.constant('@emroot//bazel/private/repositories:sources_repository.bzl', '_BUILD')
    loading.build('', archives, ['headers.zip', 'system-lib-libc.zip'], repo='emscripten_sources')
    python = loading.constant('@emroot//bazel/private/repositories:python_repository.bzl', '_BUILD')
    loading.build('', python.format(own='python3', unused=[]), ['python3', 'path'], repo='emroot_python')
    ports = loading.constant('@emroot//bazel/private/repositories:port_repository.bzl', '_BUILD')
    loading.build('', ports, ['sources/marker'], repo='emscripten_port_zlib')
    cache = loading.constant('@emroot//bazel/private/repositories:cache_repository.bzl', '_BUILD').format(
        libraries='["//wasm64:cache"]', rules='@emroot//bazel/private/libraries:cache.bzl')
    loading.build('', cache, repo='emscripten_cache')
    told = {name for name, _, _ in loading.targets}
    assert {'sdk', 'own', 'own_files', 'files', 'shipped', 'sources', 'emscripten_cache', 'libraries'} <= told


def test_build_settings_reach_the_configuration_in_which_libraries_are_built() -> None:
    """From Bazel 10 on only flags with an explicit scope do."""
    loading = model((10, 0))
    for package in PACKAGES:
        loading.build(package.relative_to(ROOT).as_posix(), files=[p.name for p in package.iterdir()])
    settings = {name: scope for name, kind, scope in loading.targets if kind == 'build setting'}
    assert settings == {'granularity': 'universal'}


FLAG = 'flag = rule(implementation = lambda ctx: None, build_setting = config.string(flag = True), attrs = {%s})'
TEST = 'a_test = rule(implementation = lambda ctx: None, test = True%s)'
BAD = {
    'scope that is not declared': ((7, 7), FLAG % '', 'load(":a.bzl", "flag")\nflag(name = "f", build_setting_default = "", '
                                   'scope = "universal")', "no such attribute 'scope'"),
    'glob without a match': ((8, 0), '', 'filegroup(name = "f", srcs = glob(["lib/*.so"]))', 'did not match anything'),
    'rule that is gone': ((9, 0), 'def f():\n    native.cc_library(name = "f")', 'load(":a.bzl", "f")\nf()', '`cc_library`'),
    'rule in BUILD that is gone': ((9, 0), '', 'cc_library(name = "f")', '`cc_library` not found'),
    'provider that is gone': ((9, 0), 'def f(ctx):\n    return [CcInfo()]', 'load(":a.bzl", "f")', '`CcInfo` not found'),
    'C++ without a load': ((9, 0), 'a = cc_common.merge_cc_infos', 'load(":a.bzl", "a")', '`cc_common` not found'),
    'bind': ((9, 0), 'def f():\n    native.bind(name = "f", actual = ":g")', 'load(":a.bzl", "f")\nf()', '`bind`'),
    'host configuration': ((7, 7), 'a = attr.label(cfg = "host")', 'load(":a.bzl", "a")', "cfg = 'host' is gone"),
    'Python rule in a macro': ((8, 0), 'def f():\n    native.py_library(name = "f")', 'load(":a.bzl", "f")\nf()', '`py_library`'),
    'Python rule without autoloads': ((8, 0), '', 'py_binary(name = "f")', '`py_binary` not found'),
    'test without a toolchain': ((9, 0), TEST % '', 'load(":a.bzl", "a_test")\na_test(name = "t")', 'exec group `test`'),
    'symbol that is not there yet': ((7, 7), 'a = macro(implementation = None)', 'load(":a.bzl", "a")', '`macro` not found')}
GOOD = {
    'glob': ((7, 7), *BAD['glob without a match'][1:3]), 'rule': ((8, 3), *BAD['rule that is gone'][1:3]),
    'test': ((9, 3), *BAD['test without a toolchain'][1:3]),
    'exec group': ((9, 0), TEST % ', exec_groups = {"test": exec_group()}', BAD['test without a toolchain'][2]),
    'declared scope': ((10, 0), FLAG % '"scope": attr.string()', BAD['scope that is not declared'][2])}


@pytest.mark.parametrize('case', BAD)
def test_what_a_version_refuses(case: str) -> None:
    version, bzl, build, said = BAD[case]
    with pytest.raises(starlark.StarlarkError, match=re.escape(said)):
        LoadingModel(version, {'emroot': {'a.bzl': bzl}}).build('', build)


@pytest.mark.parametrize('case', GOOD)
def test_what_a_version_takes(case: str) -> None:
    version, bzl, build = GOOD[case]
    LoadingModel(version, {'emroot': {'a.bzl': bzl}}).build('', build)
