"""What a link leaves, given the names that a rule has for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from emroot.bazel.toolchain.output_packer import pack
from emroot.bazel.toolchain.output_unpacker import KINDS, divide, main

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(('name', 'divided'), [
    ('hello', ('hello', '')), ('hello.js', ('hello', 'js')), ('my.app.v2', ('my.app.v2', '')), ('my.app.js', ('my.app', 'js')),
    ('hello.js.symbols', ('hello', 'js.symbols')), ('a.wasm.debug.wasm', ('a', 'wasm.debug.wasm')), ('.js', ('.js', '')),
])
def test_a_name_and_what_a_link_adds(name: str, divided: tuple[str, str]) -> None:
    assert divide(name) == divided


def unpacked(tmp_path: Path, made: dict[str, str], *wanted: str) -> tuple[int, dict[str, str]]:
    """The exit code, and the files."""
    left, out = tmp_path / 'made', tmp_path / 'out'
    left.mkdir()
    out.mkdir()
    for name, text in made.items():
        (left / name).write_text(text, encoding='utf-8')
    pack(left, tmp_path / 'packed')
    code = main([str(tmp_path / 'packed'), *(str(out / name) for name in wanted)])
    return code, {path.name: path.read_text(encoding='utf-8') for path in out.iterdir()}


@pytest.mark.parametrize('wanted', ['app.js.symbols', 'app.symbols', 'other.symbols'])
def test_a_map_of_symbols_under_either_name(tmp_path: Path, wanted: str) -> None:
    made = {'app.js': 'script', 'app.wasm': 'code', 'app.js.symbols': 'map'}
    assert unpacked(tmp_path, made, wanted, 'app.js') == (0, {wanted: 'map', 'app.js': 'script'})


def test_programs_with_dots_in_their_names(tmp_path: Path) -> None:
    made = {'my.app.v2.js': 'script', 'my.app.v2.wasm': 'code', 'my.app.v2.aw.js': 'worklet'}
    assert unpacked(tmp_path, made, 'my.app.v2.wasm', 'x.aw.js', 'js.js') == (
        0, {'my.app.v2.wasm': 'code', 'x.aw.js': 'worklet', 'js.js': 'script'})


def test_what_a_link_did_not_leave_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = unpacked(tmp_path, {'a.js': 'script'}, 'a.js', 'a.symbols')
    assert (code, found) == (1, {'a.js': 'script'})
    said = capsys.readouterr().err
    assert 'the link left no a.symbols; it left a.js\n  hint: a.symbols comes with `linkopts = ["--emit-symbol-map"]`' in said


def test_the_rule_allows_what_can_be_unpacked() -> None:
    names: dict[str, object] = {'load': lambda *_: None}
    exec((ROOT / 'bazel/private/rules/outputs.bzl').read_text(encoding='utf-8'), names)  # noqa: S102  # it is Python, too
    assert names['ALLOWED'] == list(KINDS)


def test_a_shared_library_is_a_side_module_as_it_is(tmp_path: Path) -> None:
    (tmp_path / 'libplug.so').write_bytes(b'\0asm')
    assert main([str(tmp_path / 'libplug.so'), str(tmp_path / 'plug.wasm')]) == 0
    assert (tmp_path / 'plug.wasm').read_bytes() == b'\0asm'
    assert main([str(tmp_path / 'libplug.so'), str(tmp_path / 'plug.js')]) == 1
