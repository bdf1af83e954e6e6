"""docs/bazel.md names what the Starlark files offer, all of it. Starlark is read as the Python that it nearly is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs/bazel.md').read_text(encoding='utf-8')
_BLOCK = re.compile(r'^```.*?^```', re.MULTILINE | re.DOTALL)
_CODE = [*_BLOCK.findall(PAGE), *re.findall(r'`([^`]*)`', _BLOCK.sub('', PAGE))]
#: What the page names by itself: a piece of code that is this word, or sets it.
NAMED = {word for code in _CODE for word in re.findall(r'^[a-z0-9_]+$|[a-z0-9_]+(?= = )|(?<=--features=)[a-z0-9_]+', code)}
#: Attributes that every rule has, or that are nobody's to set.
_OWN = ('_', 'name')


def dictionary(path: str, name: str) -> list[str]:
    """Keys of a dictionary that a file assigns to `name`."""
    tree = ast.parse((ROOT / path).read_text(encoding='utf-8'))
    [value] = [n.value for n in tree.body if isinstance(n, ast.Assign) and getattr(n.targets[0], 'id', '') == name]
    assert isinstance(value, ast.Dict)
    return [ast.literal_eval(key) for key in value.keys if key]


def attributes(path: str) -> set[str]:
    """Names that a file gives to `attr.*`."""
    tree = ast.parse((ROOT / path).read_text(encoding='utf-8'))
    found = {ast.literal_eval(key) for node in ast.walk(tree) if isinstance(node, ast.Dict)
             for key, value in zip(node.keys, node.values, strict=True)
             if key and isinstance(value, ast.Call) and ast.unparse(value.func).startswith('attr.')}
    return {name for name in found if not name.startswith(_OWN)}


def test_every_feature_is_named() -> None:
    features = set(dictionary('bazel/private/modes/features.bzl', 'FEATURES')) | {'lto', 'thin_lto', 'main_module', 'side_module',
                                                                                 'emcc_debug', 'emcc_debug_link'}
    assert features - NAMED == set()
    [listed] = re.findall(r'^Features \(`--features=\.\.\.`.*?\n\n', PAGE, re.MULTILINE | re.DOTALL)
    assert set(re.findall(r'`([a-z0-9_]+)`', listed)) - features == set()


@pytest.mark.parametrize('path', ['bazel/private/rules/wasm_cc_binary.bzl', 'bazel/private/repositories/extension.bzl'])
def test_every_attribute_is_named(path: str) -> None:
    found = attributes(path)
    assert len(found) > 5
    assert found - NAMED == set()
