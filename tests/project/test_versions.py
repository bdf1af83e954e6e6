"""The version is said once, and repeated where it has to be."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import emroot
from dev.release import bazel_dependencies

ROOT = Path(__file__).resolve().parents[2]
MODULES = [path for path in sorted(ROOT.glob('examples/bazel/**/MODULE.bazel')) if '"emroot"' in path.read_text(encoding='utf-8')]


def test_the_module_has_the_version_of_the_package():
    text = (ROOT / 'MODULE.bazel').read_text(encoding='utf-8')
    [version] = re.findall(r'module\(\s*name = "emroot",\s*version = "([^"]+)"', text)
    assert version == emroot.__version__


def test_the_package_takes_its_version_from_the_code():
    text = (ROOT / 'pyproject.toml').read_text(encoding='utf-8')
    assert 'dynamic = ["version"]' in text and 'path = "src/emroot/__init__.py"' in text


@pytest.mark.parametrize('page', [*MODULES, ROOT / 'docs/bazel.md'], ids=lambda page: f'{page.parent.name}/{page.name}')
def test_who_depends_on_the_module_names_that_version(page: Path):
    named = re.findall(r'bazel_dep\(name = "emroot", version = "([^"]+)"\)', page.read_text(encoding='utf-8'))
    assert set(named) == {emroot.__version__}


def test_examples_depend_on_one_version_of_rules_which_the_module_allows():
    """They name current ones, the module the oldest that work."""
    allowed, named = dict(bazel_dependencies()), {}
    for page in MODULES:
        for name, version in re.findall(r'bazel_dep\(name = "(\w+)", version = "([^"]+)"\)', page.read_text(encoding='utf-8')):
            if name in allowed:
                assert named.setdefault(name, version) == version, page
                assert [*map(int, version.split('.'))] >= [*map(int, allowed[name].split('.'))], page


def test_the_changelog_has_a_place_for_the_version():
    text = (ROOT / 'CHANGELOG.md').read_text(encoding='utf-8')
    assert '## Unreleased' in text if 'dev' in emroot.__version__ else f'## {emroot.__version__}' in text


def test_the_registry_finds_what_a_release_has():
    source = json.loads((ROOT / '.bcr/source.template.json').read_text(encoding='utf-8'))
    assert source['strip_prefix'] == '{REPO}-{VERSION}' and source['url'].endswith('/{TAG}/{REPO}-{VERSION}.module.tar.gz')
    about = json.loads((ROOT / '.bcr/metadata.template.json').read_text(encoding='utf-8'))
    assert about['homepage'].endswith(about['repository'][0].removeprefix('github:')) and about['maintainers']
    [path] = re.findall(r'module_path: (\S+)', (ROOT / '.bcr/presubmit.yml').read_text(encoding='utf-8'))
    assert (ROOT / path / 'MODULE.bazel').is_file()
