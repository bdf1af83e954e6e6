"""Programs that import a neighbour by its file name alone, outside of the package, where mypy cannot follow them."""

import ast
from pathlib import Path

import pytest

import emroot

PACKAGE = Path(emroot.__file__).parent
MODULES = {path.stem: path for folder in ('bazel', 'engine/command_lines', 'probe')
           for path in sorted((PACKAGE / folder).rglob('*.py')) if path.stem != '__init__'}
PROGRAMS = sorted(path for folder in ('bazel', 'probe') for path in (PACKAGE / folder).rglob('*.py'))


@pytest.mark.parametrize('program', PROGRAMS, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_what_a_program_uses_of_its_neighbours_is_there(program: Path) -> None:
    tree = ast.parse(program.read_text(encoding='utf-8'))
    missing = [f'{module}.{name}' for module, name in used(tree) if name not in defined(MODULES[module])]
    assert not missing


def used(tree: ast.Module) -> set[tuple[str, str]]:
    """Modules and names of them that a program imports, or takes as attributes of an imported module."""
    found, whole = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level and node.module in MODULES:
            found |= {(node.module, name.name) for name in node.names}
        elif isinstance(node, ast.Import):
            whole |= {name.name for name in node.names if name.name in MODULES}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in whole:
            found.add((node.value.id, node.attr))
    return found


def defined(path: Path) -> set[str]:
    """The names that a module has: what it defines, assigns or imports at its top level, also under a condition."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(name.asname or name.name).partition('.')[0] for name in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names
