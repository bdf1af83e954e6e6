"""What is released installs into an empty environment, and works there without the clone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.fake import make_fake_sdk
from support.running import cannot_run, plain_environment

import emroot
from dev import release

ROOT = Path(__file__).resolve().parents[2]
BIN = 'Scripts' if os.name == 'nt' else 'bin'


@pytest.fixture(scope='session')
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that a release consists of."""
    directory = tmp_path_factory.mktemp('release') / 'dist'
    assert release.main(['--to', str(directory)]) == 0
    return directory


@pytest.fixture(scope='session')
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel in an environment that was empty: the directory of its programs."""
    directory = tmp_path_factory.mktemp('empty') / 'environment'
    try:
        venv.create(directory, with_pip=True)
    except subprocess.CalledProcessError:
        cannot_run('this Python has no ensurepip')
    [wheel] = dist.glob('*.whl')
    done = subprocess.run([directory / BIN / 'python', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check',
                           str(wheel)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return directory / BIN


@pytest.fixture
def command(installed: Path, tmp_path: Path) -> Callable[..., str]:
    """Runs the installed `emroot` far from the clone, and returns what it prints."""
    def run(*arguments: object) -> str:
        env = {k: v for k, v in plain_environment().items() if not k.startswith(('PYTHON', 'VIRTUAL'))}
        done = subprocess.run([installed / 'emroot', '--home', tmp_path / 'home', *arguments], cwd=tmp_path, env=env,
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout
    return run


def test_help_and_version(command: Callable[..., str]):
    assert command('--version').strip() == f'emroot {emroot.__version__}'
    assert 'exit codes' in command('--help')


def test_it_finds_builds_and_runs(command: Callable[..., str], tmp_path: Path):
    sdk = make_fake_sdk(tmp_path / 'sdk')
    assert json.loads(command('--sdk', sdk, 'sdk', 'show', '--json'))['root'] == str(sdk)
    built = json.loads(command('--sdk', sdk, 'build', '--json', '--features', 'wasm64', '--targets', 'libone'))
    assert built['modes']['wasm64']['built'] == ['libone']
    assert built['cache'] in command('--sdk', sdk, 'run', '--', sys.executable, '-c', 'import os; print(os.environ["EM_CACHE"])')


def test_the_wheel_has_the_package_and_nothing_else(dist: Path):
    [wheel] = dist.glob('*.whl')
    names = set(zipfile.ZipFile(wheel).namelist())
    own = {f'emroot/{p.relative_to(ROOT / "src/emroot").as_posix()}' for p in (ROOT / 'src/emroot').rglob('*')
           if p.is_file() and '__pycache__' not in p.parts}
    assert names - own == {n for n in names if '.dist-info/' in n} and own <= names
    assert any(n.endswith('.dist-info/licenses/LICENSE') for n in names) and 'emroot/py.typed' in names


def test_the_sdist_has_what_tests_and_packagers_need(dist: Path):
    [sdist] = [p for p in dist.glob('*.tar.gz') if '.module.' not in p.name]
    with tarfile.open(sdist) as tar:
        names = {name.partition('/')[2] for name in tar.getnames()}
    wanted = subprocess.run(['git', 'ls-files'], cwd=ROOT, capture_output=True, text=True, check=False)
    if wanted.returncode != 0:
        cannot_run('this is no clone')
    missing = {name for name in wanted.stdout.split('\n') if name and (ROOT / name).exists()} - names
    assert missing <= {'.gitignore', '.gitattributes'}


def test_the_module_is_whole(dist: Path):
    with tarfile.open(dist / f'emroot-{emroot.__version__}.module.tar.gz') as tar:
        names, programs = tar.getnames(), {member.name.rpartition('/')[2] for member in tar.getmembers() if member.mode & 0o100}
    assert programs >= {'emcc', 'em++', 'emar', 'emnm', 'emranlib', 'emstrip'}, 'the launchers can be started'
    assert {name.partition('/')[0] for name in names} == {f'emroot-{emroot.__version__}'}
    own = {name.partition('/')[2] for name in names}
    assert {'MODULE.bazel', 'LICENSE', 'bazel/defs.bzl', 'examples/bazel/release/MODULE.bazel'} <= own
    named = re.findall(r'"(src/emroot/[\w/]+\.py)"', (ROOT / 'BUILD.bazel').read_text(encoding='utf-8'))
    assert set(named) <= own


def test_the_sbom_names_what_runs_and_its_licences(dist: Path):
    document = json.loads((dist / f'emroot-{emroot.__version__}.cdx.json').read_text(encoding='utf-8'))
    assert (document['bomFormat'], document['specVersion']) == ('CycloneDX', '1.6')
    required = {c['name']: c for c in document['components'] if c['scope'] == 'required'}
    assert {'rich', 'markdown-it-py', 'pygments'} <= set(required) and not {'pytest', 'mypy'} & set(required)
    assert all(c['licenses'] and 'unknown' not in json.dumps(c['licenses']) for c in required.values())
    assert {'rules_cc', 'rules_python'} <= {c['name'] for c in document['components'] if c['scope'] == 'optional'}
    known = {c['bom-ref'] for c in [document['metadata']['component'], *document['components']]}
    assert {ref for d in document['dependencies'] for ref in [d['ref'], *d['dependsOn']]} <= known


def test_the_same_commit_gives_the_same_bytes(dist: Path, tmp_path: Path):
    assert release.main(['--to', str(tmp_path / 'again')]) == 0
    assert (tmp_path / 'again/SHA256SUMS').read_text() == (dist / 'SHA256SUMS').read_text()


def test_a_tag_that_is_not_the_version_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    assert release.main(['--tag', 'v0.0.1', '--to', str(tmp_path / 'dist')]) == 2
    assert emroot.__version__ in capsys.readouterr().err and not (tmp_path / 'dist').exists()
