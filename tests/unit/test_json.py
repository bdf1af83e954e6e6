"""Every command that reports prints, with `--json`, one JSON document and nothing else on standard output."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.running import Emroot

from emroot.cli.parser import make_parser

#: The keys that each prints. Commands that report nothing of their own are not here: `run`, `link`, `completion`.
CASES: dict[str, tuple[list[str], set[str]]] = {
    'sdk show': ([], {'root', 'version', 'digest', 'llvm_root', 'binaryen_root', 'node', 'python', 'how'}),
    'list': ([], {'mode', 'targets', 'ports'}),
    'resolve': (['--', 'emcc', 'a.o'], {'mode', 'features', 'targets', 'files', 'ports'}),
    'build': (['--targets', 'libone'], {'sdk', 'cache', 'modes', 'objects', 'seconds'}),
    'env': (['--targets', 'libone'], {'EM_CACHE', 'EM_CONFIG', 'EM_FROZEN_CACHE', 'PATH'}),
    'explain': (['wasm32/libone'], {'archiver', 'inputs', 'key', 'kind', 'members', 'schema', 'state'}),
    'verify': ([], {'checked', 'damaged', 'repaired', 'removed'}),
    'gc': (['--max-size', '5G'], {'removed', 'kept_bytes', 'dry_run'}),
    'export': (['--targets', 'libone', '-o', '{tmp}/libs.tar.gz'],
               {'bazel', 'file', 'files', 'located', 'modes', 'sha256', 'size', 'tar_sha256'}),
    'import': (['{tmp}/libs.tar.gz'], {'cache', 'elsewhere', 'files', 'modes'}),
    'publish': (['{tmp}/published', '--targets', 'libone'], {'place', 'published', 'records'}),
    'cache-key': (['--targets', 'libone'], {'key', 'sdk', 'modes'}),
    'report': ([], {'sdk', 'cache', 'modes', 'archives', 'last_build'}),
    'doctor': ([], {'findings', 'seams'}),
}
#: Tried where they can be tried for real: getting an SDK takes a package source (tests/unit/test_install_*), and what a link
#: needs is asked of a real emcc, and symbols are read from real archives (tests/sdk); a Node has to be there, and what is trusted
#: (tests/unit/test_sdk_commands.py, test_trust.py).
ELSEWHERE = {'sdk install', 'sdk node', 'trust', 'resolve', 'index export', 'index import'}


def _commands(parser: Any, name: str = '') -> Iterator[tuple[str, Any]]:
    if hasattr(parser, 'complete'):
        parser.complete()
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield name, parser
    for action in below:
        for word, each in action.choices.items():
            yield from _commands(each, f'{name} {word}'.strip())


def test_every_command_that_reports_takes_it():
    taking = {name for name, parser in _commands(make_parser()) if '--json' in parser._option_string_actions}
    everything = {name for name, _ in _commands(make_parser())}
    assert everything - taking == {'run', 'link', 'completion'}
    assert taking == set(CASES) | ELSEWHERE


def test_it_prints_one_document_whatever_the_command(fake: Emroot, tmp_path: Path):
    wrong: dict[str, list[str]] = {}
    for name, (arguments, keys) in CASES.items():
        if name in ELSEWHERE:
            continue
        ran = fake(*name.split(), '--json', *[a.replace('{tmp}', str(tmp_path)) for a in arguments])
        assert ran.code in (0, 3) if name == 'doctor' else ran.code == 0, (name, ran.err)
        wrong.update({name: sorted(ran.json)} if set(ran.json) != keys else {})
    assert not wrong, wrong


@pytest.mark.parametrize('quiet', ['-q', '-v', '--no-progress'])
def test_no_option_adds_to_it(fake: Emroot, quiet: str):
    assert fake(quiet, 'build', '--json', '--targets', 'libone').json['modes']['wasm32']['built'] == ['libone']


def test_errors_go_to_standard_error(fake: Emroot):
    ran = fake('build', '--json', '--targets', 'libon')
    assert (ran.code, ran.out) == (4, '') and 'did you mean' in ran.err
