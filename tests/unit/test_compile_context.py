"""Command lines: real paths in them, and none of those in the bytes."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.synthetic_sdk import paper_recipe, synthetic_sdk

from emroot.engine.command_lines.compile_context import CompileContext, shell_line
from emroot.keys.plan import Compile, make_plan

CACHE = Path('/some cache')
PLACES = CompileContext(synthetic_sdk(), CACHE)


def _compile(*argv: str) -> Compile:
    return Compile(key='k', argv=argv, source='../../../system/lib/a.c')


def test_names_become_places():
    command = PLACES.command(_compile('clang', '-I{sdk}/system/include', '{source}', '-o', '{object}'), Path('/out/a.o'))
    assert command == [str(Path('/paper/llvm/clang')), f'-I{Path("/paper/emscripten/system/include")}', '../../../system/lib/a.c',
                       '-o', str(Path('/out/a.o'))]


def test_a_compile_that_sees_the_cache_directory_has_its_place_mapped_to_that_of_an_in_tree_cache():
    command = PLACES.command(_compile('clang', '--sysroot={cache}/sysroot', '{source}'), Path('a.o'))
    assert command[1:3] == [f'--sysroot={CACHE / "sysroot"}', f'-ffile-prefix-map={CACHE}=/emsdk/emscripten/cache']


def test_a_compile_that_does_not_see_it_has_no_such_flag():
    assert PLACES.command(_compile('clang', '-c', '{source}'), Path('a.o'))[1:] == ['-c', '../../../system/lib/a.c']


def test_relative_sources_are_found_from_the_working_directory():
    up = PLACES.working_directory.relative_to(PLACES.sdk.root)
    assert len(up.parts) == 3


def test_every_compile_of_a_plan_has_a_command():
    plan = make_plan(PLACES.sdk, [paper_recipe()])
    for compile_ in plan.compiles.values():
        assert not any('{' in arg for arg in PLACES.command(compile_, Path('a.o')))


@pytest.mark.skipif('sys.platform == "win32"', reason='cmd has another way of quoting')
@given(st.lists(st.text(st.characters(exclude_characters='\0', exclude_categories=['Cs'])), min_size=1))
def test_a_command_that_is_shown_can_be_pasted_into_a_shell(command: list[str]):
    words = shlex.split(shell_line(command, Path('/a b')))
    assert words == ['cd', '/a b', '&&', *command]
