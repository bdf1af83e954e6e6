"""`dev.py docs [--write] [--pages] [--to DIR]`: the pages that are made from the code, and the site of all pages.

Without `--write`, pages that no longer say what the code says are an error.
"""

from __future__ import annotations

import argparse
import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emroot.cli.parser import EXIT_CODES, make_parser
from emroot.modes import ALIASES, ARCHITECTURES, AXES, FEATURES, all_modes
from emroot.probe.seams import SEAMS, USES, Seam
from emroot.project.project_file import json_schema

from .paths import ROOT, say

REFERENCE = ROOT / 'docs' / 'reference'
#: Between these lines a page has what is made from the code; the rest of it is written by hand.
BEGIN = '<!-- Made from the code by `python3 dev.py docs --write`; a test compares. -->\n'
END = '<!-- End of the part that is made from the code. -->\n'


def pages() -> dict[Path, str]:
    """Every page that is made from the code, and Starlark's constants of modes."""
    made = {'cli.md': command_line(), 'starlark.md': starlark(), 'emroot-toml.md': project_file(), 'seams.md': seams()}
    return {**{REFERENCE / name: _page(REFERENCE / name, text) for name, text in made.items()},
            ROOT / 'bazel/private/modes/mode_axes.bzl': mode_axes()}


def _page(path: Path, made: str) -> str:
    before, _, rest = path.read_text(encoding='utf-8').partition(BEGIN)
    return f'{before}{BEGIN}\n{made}\n{END}{rest.partition(END)[2]}'


def command_line() -> str:
    """Every command with its arguments, as the parser has it (but not as one Python's argparse or another lays it out)."""
    parts = []
    for name, parser in _commands('emroot', make_parser()):
        actions = [action for action in parser._actions if not isinstance(action, argparse._SubParsersAction)
                   and (name == 'emroot' or action.dest not in _COMMON)]
        named = ''.join(f' {_argument(action)}' for action in actions if not action.option_strings)
        heading = 'For every command' if name == 'emroot' else f'{name}'
        usage = 'emroot [OPTIONS] COMMAND' if name == 'emroot' else f'{name} [OPTIONS]{named}'
        rows = ''.join(f'| `{_argument(action)}` | {(action.help or "").replace("|", "or")} |\n' for action in actions)
        parts.append(f'## {heading}\n\n{parser.description}\n\n```text\n{usage}\n```\n\n| argument | |\n|---|---|\n{rows}')
    codes = [said.partition(' ') for line in EXIT_CODES.splitlines()[1:] for said in line.strip().split('   ')]
    rows = ''.join(f'| {code} | {meaning} |\n' for code, _, meaning in codes)
    parts.append(f'## Exit codes\n\n| code | |\n|---|---|\n{rows}')
    return '\n'.join(parts)


#: Options that every command takes, before or after its name.
_COMMON = {'help', 'version', 'sdk', 'home', 'verbose', 'quiet', 'no_progress'}


def _argument(action: argparse.Action) -> str:
    """An argument as one types it."""
    if not action.option_strings:
        return str(action.metavar or action.dest)
    takes = '' if action.nargs == 0 else str(action.metavar or '/'.join(map(str, action.choices or ())) or action.dest.upper())
    return ', '.join(action.option_strings) + (f' {takes}' if takes else '')


def _commands(name: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """A command and those below it; none that is a heading only."""
    if hasattr(parser, 'complete'):
        parser.complete()
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below or name == 'emroot':
        yield name, parser
    for action in below:
        for word, command in action.choices.items():
            yield from _commands(f'{name} {word}', command)


def project_file() -> str:
    """The keys of emroot.toml."""
    properties = json_schema()['properties']
    return '\n'.join([_table('At the top', {k: v for k, v in properties.items() if k != 'cache'}),
                      _table('In each `[[cache]]`', properties['cache']['items']['properties'])])


def _table(title: str, properties: dict[str, Any]) -> str:
    rows = [f'| `{key}` | {" or ".join(f"`{c}`" for c in has["enum"]) if "enum" in has else has["type"]} | {has["description"]} |'
            for key, has in properties.items()]
    return f'## {title}\n\n| key | value | |\n|---|---|---|\n' + '\n'.join(rows) + '\n'


def mode_axes() -> str:
    """The axes of modes, for Starlark."""
    axes = ''.join(f'    "{name}": ("{axis.name}", {_starlark(choice.value)}),\n' for name, (axis, choice) in FEATURES.items())
    aliases = ', '.join(f'"{alias}": "{name}"' for alias, name in ALIASES.items())
    modes = ''.join(f'    "{mode}",\n' for mode in all_modes())
    return (f'"""The features of modes. Made from src/emroot/modes.py by `python3 dev.py docs --write`; a test compares."""\n\n'
            f'# The axis and the value of each feature; the first axis is always chosen.\nMODE_FEATURES = {{\n{axes}}}\n\n'
            f'ALIASES = {{{aliases}}}\n\nAXES = [{", ".join(_starlark(axis.name) for axis in AXES)}]\n\n'
            f'ARCHITECTURES = [{", ".join(map(_starlark, ARCHITECTURES))}]\n\nMODES = [\n{modes}]\n')


def _starlark(value: str | bool) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


#: What is public, by where its attributes stand: files, and names that these assign.
_STARLARK = {
    'emscripten_deps.sdk': [('repositories/extension.bzl', '_sdk')],
    'emscripten_deps.cache': [('repositories/extension.bzl', '_cache')],
    'emscripten_deps.prebuilt': [('repositories/extension.bzl', '_prebuilt')],
    'wasm_cc_binary': [('rules/wasm_cc_binary.bzl', 'WASM_ATTRIBUTES'), ('rules/wasm_cc_binary.bzl', 'wasm_cc_binary')],
    'wasm_cc_test': [('rules/wasm_cc_binary.bzl', 'WASM_ATTRIBUTES'), ('rules/wasm_cc_test.bzl', 'wasm_cc_test')],
}


def starlark() -> str:
    """Tags and rules with their attributes. Starlark is read as the Python that it nearly is."""
    parts = []
    for heading, files in _STARLARK.items():
        rows = []
        for file, name in files:
            tree = ast.parse((ROOT / 'bazel/private' / file).read_text(encoding='utf-8'))
            [value] = [node.value for node in tree.body
                       if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '') == name]
            rows += [f'| `{key}` | {kind} | {default} | {doc} |' for key, kind, default, doc in _attributes(value)]
        parts.append(f'## {heading}\n\n| attribute | type | default | |\n|---|---|---|---|\n' + '\n'.join(rows) + '\n')
    return '\n'.join(parts)


def _attributes(value: ast.expr) -> Iterator[tuple[str, str, str, str]]:
    for node in ast.walk(value):
        for key, call in zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ():
            if (isinstance(key, ast.Constant) and isinstance(call, ast.Call) and not str(key.value).startswith('_')
                    and ast.unparse(call.func) != 'exec_group'):
                given = {k.arg: k.value for k in call.keywords}
                choices = [f'`{value}`' for value in ast.literal_eval(given['values'])] if 'values' in given else []
                kind = ' or '.join(choices) or ast.unparse(call.func).removeprefix('attr.')
                default = f'`{ast.unparse(given["default"])}`' if 'default' in given else ''
                doc = ast.literal_eval(given['doc']) if 'doc' in given else ''
                yield str(key.value), kind, default, doc


def seams() -> str:
    """The names of Emscripten that emroot uses, a table for each module."""
    uses = ''.join(f'| {use} | {text} |\n' for use, text in USES.items())
    parts = [f'| word | to |\n|---|---|\n{uses}']
    for module in dict.fromkeys(seam.module for seam in SEAMS):
        rows = ''.join(f'| `{seam.name}`{_versions(seam)} | {", ".join(seam.needs)} | {", ".join(seam.helps)} | {seam.why} |\n'
                       for seam in SEAMS if seam.module == module)
        parts.append(f'## {module}\n\n| name | needed to | used to | without it |\n|---|---|---|---|\n{rows}')
    return '\n'.join(parts)


def _versions(seam: Seam) -> str:
    since = f' from {seam.since}' if seam.since else ''
    until = f' before {seam.until}' if seam.until else ''
    return since + until + (f', or `{seam.instead}`' if seam.instead else '')


def main(arguments: list[str]) -> int:
    """Write or compare the pages; make the site."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog='dev.py docs')
    parser.add_argument('--write', action='store_true')
    parser.add_argument('--to', type=Path, default=ROOT / 'site')
    parser.add_argument('--pages', action='store_true', help='compare the pages only')
    given = parser.parse_args(arguments)
    for path, text in pages().items():
        if given.write:
            path.write_text(text, encoding='utf-8')
        elif not path.is_file() or path.read_text(encoding='utf-8') != text:
            say(f'docs: {path.relative_to(ROOT)} is not what the code says; rewrite it: python3 dev.py docs --write')
            return 1
    if given.pages:
        return 0
    env = {**os.environ, 'PYTHONPATH': str(ROOT), 'NO_MKDOCS_2_WARNING': '1', 'DISABLE_MKDOCS_2_WARNING': 'true'}
    command = [sys.executable, '-m', 'mkdocs', 'build', '--strict', '--site-dir', str(given.to.absolute())]  # quiet, it forgives
    done = subprocess.run(command, cwd=ROOT, env=env, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0 or 'WARNING' in done.stdout:
        say(done.stdout)
    return done.returncode or int('WARNING' in done.stdout)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
