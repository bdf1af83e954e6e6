"""Static checks: ruff, mypy (strict; of tests only what they name), generated pages that equal the committed ones
(`dev.py docs`), and the package's layers (import-linter, whose contracts are in `pyproject.toml`)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECKS = (['ruff', 'check', '.'], ['mypy'], ['dev.docs', '--pages'])
#: The program `lint-imports`, which is no module.
_LINT_IMPORTS = 'import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())'


def check_layers(source: Path) -> subprocess.CompletedProcess[str]:
    """Whether the package below `source` keeps the contracts; the output says which it breaks, and by which lines."""
    return subprocess.run([sys.executable, '-c', _LINT_IMPORTS, str(ROOT / 'pyproject.toml'), '--no-cache', '--no-logo'],
                          cwd=source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding='utf-8', check=False)


def _programs() -> list[list[str]]:
    """The files of tests and of development, in groups in which no two have the same name."""
    programs = [path for path in sorted([*ROOT.glob('dev/**/*.py'), *ROOT.glob('tests/**/*.py')])
                if not {'fake_sdk', 'third_party', 'programs', 'conftest.py'} & set(path.relative_to(ROOT).parts)]
    groups: dict[str, list[str]] = {}
    for path in programs:
        room = path.parent.name if path.name.startswith('test_') else 'others'
        groups.setdefault(room, []).append(str(path.relative_to(ROOT)))
    return list(groups.values())


def main() -> int:
    """Run every check, and fail if one does."""
    named = [['mypy', '--config-file', 'tests/mypy.ini', '--no-error-summary', *files] for files in _programs()]
    codes = [subprocess.run([sys.executable, '-m', *check], cwd=ROOT, check=False).returncode for check in (*CHECKS, *named)]
    layers = check_layers(ROOT / 'src')
    print(layers.stdout if layers.returncode else layers.stdout.strip().rpartition('\n')[2])
    return max(*codes, layers.returncode)


if __name__ == '__main__':
    sys.exit(main())
