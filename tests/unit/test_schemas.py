"""The versions of formats are on one page, each with when to raise it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import emroot
from emroot import schemas

SOURCES = Path(emroot.__file__).parent
PAGE = Path(schemas.__file__)
#: Numbers of other programs' formats: WebAssembly's linking section.
FOREIGN = {'_LINKING_VERSION'}


def test_each_version_says_when_to_raise_it():
    text = PAGE.read_text(encoding='utf-8')
    names = {name for name in vars(schemas) if name.isupper()}
    said = {name: comment for comment, name in re.findall(r'((?:^#: .*\n)+)^([A-Z_]+) = \d+$', text, re.MULTILINE)}
    assert said.keys() == names and len(names) > 10
    assert {name for name, comment in said.items() if 'Raise it when' not in comment} == set()


def test_no_other_file_holds_a_version():
    files = [path for path in SOURCES.rglob('*.py') if path != PAGE]
    assert len(files) > 100
    assert [f'{path.relative_to(SOURCES)}: {text}' for path in files for text in _versions(path)] == []


def _versions(path: Path) -> Iterator[str]:
    """What looks like the version of a format: a number that is called so, or one in the first line of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Dict):
            yield from (ast.unparse(node) for key, value in zip(node.keys, node.values, strict=True)
                        if isinstance(key, ast.Constant) and key.value in ('schema', 'emroot') and _is_number(value))
        elif isinstance(node, ast.Assign):
            names = {each.id for each in ast.walk(node.targets[0]) if isinstance(each, ast.Name)}
            called = any(re.search('(SCHEMA|VERSION)$', name) for name in names - FOREIGN)
            if called and any(map(_is_number, ast.walk(node.value))):
                yield ast.unparse(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, bytes) and re.match(rb'emroot-[a-z]+-\d', node.value):
            yield ast.unparse(node)


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int
