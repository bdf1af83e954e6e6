"""What others' checkers say of the files that Python's do not read."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

from support.downloads.npm import NpmUnavailable, npm_package
from support.running import cannot_run

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / '.github' / 'workflows').glob('*.yml'))
#: Docstrings say what signatures cannot, and macros that fill a package have no one name.
UNWANTED = '-warnings=-unnamed-macro,-function-docstring-args,-function-docstring-return'


def _actionlint() -> str:
    found = shutil.which('actionlint', path=str(Path(sys.executable).parent)) or shutil.which('actionlint')
    if not found:
        cannot_run(f'there is no actionlint: {sys.executable} -m pip install -e ".[dev]"')
    return str(found)


def test_actionlint_accepts_the_workflows():
    done = subprocess.run([_actionlint(), *map(str, WORKFLOWS)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert len(WORKFLOWS) >= 3 and (done.returncode, done.stdout) == (0, '')


def test_actionlint_would_have_said_so(tmp_path: Path):
    """It is really asked."""
    wrong = tmp_path / 'wrong.yml'
    wrong.write_text(WORKFLOWS[0].read_text(encoding='utf-8').replace('matrix.emsdk', 'matrix.nothing'), encoding='utf-8')
    assert subprocess.run([_actionlint(), str(wrong)], cwd=ROOT, capture_output=True, check=False).returncode != 0


def test_actionlint_accepts_the_steps_that_a_page_shows(tmp_path: Path):
    page = (ROOT / 'docs/how-to/ship.md').read_text(encoding='utf-8')
    steps = re.search(r'## GitHub Actions.*?```yaml\n(.*?)```', page, re.DOTALL)
    assert steps
    workflow = tmp_path / 'workflow.yml'
    workflow.write_text('name: x\non: push\njobs:\n  x:\n    runs-on: ubuntu-24.04\n    env: {EMROOT_HOME: home}\n    steps:\n'
                        + textwrap.indent(steps[1], '      '), encoding='utf-8')
    done = subprocess.run([_actionlint(), str(workflow)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, '')


def test_workflows_and_pages_run_commands_that_there_are():
    said = [*WORKFLOWS, *ROOT.glob('*.md'), *(ROOT / 'docs').rglob('*.md')]
    commands = {line for path in said for line in re.findall(r'dev\.py ([\w-]+)', path.read_text(encoding='utf-8'))}
    assert {'test', 'smoke', 'docs', 'release', 'demo', 'bench'} <= commands
    listed = (ROOT / 'dev.py').read_text(encoding='utf-8')
    assert [command for command in commands if f"'{command}': '" not in listed] == []


def test_buildifier_accepts_the_starlark():
    system, machine = platform.system().lower(), {'x86_64': 'amd64', 'AMD64': 'amd64', 'aarch64': 'arm64'}.get(platform.machine())
    try:
        program = npm_package('@bazel/buildifier', '8.2.1') / f'buildifier-{system}_{machine or platform.machine()}'
    except NpmUnavailable as error:
        cannot_run(str(error))
    program.chmod(0o755)
    files = [str(p) for pattern in ('*', 'bazel/**/*', 'examples/bazel/**/*') for p in sorted(ROOT.glob(pattern))
             if p.is_file() and p.suffix in ('.bazel', '.bzl')]
    done = subprocess.run([str(program), '-mode=check', '-lint=warn', UNWANTED, *files], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    assert len(files) > 30 and (done.returncode, done.stdout + done.stderr) == (0, '')
