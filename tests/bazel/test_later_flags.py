"""All examples with every flag at once that has this Bazel behave as later ones do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support.bazel import Tree
from support.workspace import Workspace

Open = Callable[..., Workspace]
OTHERS = ('noenable_workspace', 'experimental_platform_in_output_dir', 'experimental_retain_test_configuration_across_testonly')
#: Flags that this Bazel itself or a rule set of its tree does not take, whatever is built: what fails with each.
FAILING = {'incompatible_no_rule_outputs_param': 'virtual_builtins_bzl/common/',
           'incompatible_python_disallow_native_rules': 'tools/python:_autodetecting_py3_runtime not allowed',
           'incompatible_stop_exporting_language_modules': 'bazel_tools/tools/jdk/launcher_flag_alias.bzl',
           'noincompatible_enable_deprecated_label_apis': 'external/rules_license.*/license_kind.bzl'}
#: Examples with tests to run, and what else they build. `workspace` needs WORKSPACE, `release` a download.
EXAMPLES = {'hello': [], 'modes': [], 'modules': [], 'threads': [], 'port': [], 'embind': [],
            'dependency': ['@emscripten_cache//:libraries', '@greeter//:libraries']}


@pytest.fixture(scope='session')
def later(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """All `--incompatible_` flags of `build` that are off by default, and OTHERS."""
    scratch = tmp_path_factory.mktemp('help')
    said = tree.run(['bazel', f'--output_user_root={scratch}', '--batch', 'help', 'build', '--long'], writable={scratch: scratch},
                    network=False).stdout
    off = re.findall(r'^  --\[no\](incompatible_\w+) \(a boolean; default: "false"', said, re.MULTILINE)
    assert len(off) > 20
    assert {'incompatible_disallow_empty_glob', 'incompatible_use_plus_in_repo_names'} <= {*off}
    return [f'--{flag}' for flag in (*off, *OTHERS) if flag not in FAILING]


@pytest.mark.default
def test_an_example_is_analysed(open_bazel: Open, checkout: Path, later: list[str]) -> None:
    workspace = open_bazel(checkout / 'examples/bazel/hello')
    with workspace.bazel:
        workspace.run('build', '--nobuild', *later, '//...')


@pytest.mark.usefixtures('zlib')
@pytest.mark.parametrize('name', EXAMPLES)
def test_examples(open_bazel: Open, checkout: Path, later: list[str], name: str) -> None:
    workspace = open_bazel(checkout / 'examples/bazel' / name)
    with workspace.bazel:
        if name == 'hello':
            workspace.run('build', '--nobuild', *later, '--platforms=@emroot//bazel/platforms:wasm64',
                          '--@emroot//bazel:granularity=object', '//...')
        workspace.run('build', '-c', 'opt', *later, '//...', *EXAMPLES[name])
        done = workspace.run('test', '-c', 'opt', *later, '//...', check=False)
        assert done.returncode in (0, 4), done.stderr[-3000:]  # 4: no tests


@pytest.mark.parametrize('flag', FAILING)
def test_flags_that_are_left_out_fail_without_emroot(scratch: Callable[..., Workspace], flag: str) -> None:
    """With Debian's rule sets, and a library in C."""
    workspace = scratch({'MODULE.bazel': 'bazel_dep(name = "rules_cc", version = "0.0.17")\n', 'a.c': 'int a;\n',
                         'BUILD.bazel': '''
load("@rules_cc//cc:cc_library.bzl", "cc_library")
cc_library(name = "a", srcs = ["a.c"])
'''})
    targets = ('//:a', '@bazel_tools//tools/python:_autodetecting_py3_runtime')
    workspace.run('build', '--nobuild', *targets)
    done = workspace.run('build', '--nobuild', f'--{flag}', *targets, check=False)
    assert done.returncode != 0
    assert re.search(FAILING[flag], done.stderr), done.stderr[-3000:]
