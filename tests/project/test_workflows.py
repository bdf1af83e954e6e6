"""What workflows run is known beforehand, and whoever has a token runs nobody's code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / '.github' / 'workflows').glob('*.yml'))
#: Actions that only pass on files that another job made.
CARRIERS = {'actions/download-artifact', 'actions/deploy-pages', 'actions/attest-build-provenance', 'pypa/gh-action-pypi-publish'}
#: Programs of the runner that do the same.
COMMANDS = {'mkdir', 'mv', 'rm', 'gh'}


def jobs(workflow: Path) -> dict[str, Any]:
    """The jobs of a workflow."""
    return dict(yaml.safe_load(workflow.read_text(encoding='utf-8'))['jobs'])


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every step, with the file and job that it is in."""
    for workflow in WORKFLOWS:
        for name, job in jobs(workflow).items():
            for step in job.get('steps', ()):
                yield f'{workflow.name}: {name}', step


def has_token(job: dict[str, Any]) -> bool:
    """Whether a job may write anything, or is given a secret."""
    return 'write' in job.get('permissions', {}).values() or bool(re.search(r'secrets\.|github\.token', str(job)))


@pytest.mark.parametrize('workflow', WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_named_by_commit_with_its_version(workflow: Path) -> None:
    lines = [line.strip() for line in workflow.read_text(encoding='utf-8').splitlines() if 'uses:' in line]
    assert lines
    for line in lines:
        assert re.fullmatch(r'(- )?uses: [\w-]+/[\w./-]+@[0-9a-f]{40} # v?\d+\.\d+\.\d+', line), line


def test_an_action_is_of_one_commit_everywhere() -> None:
    text = ''.join(workflow.read_text(encoding='utf-8') for workflow in WORKFLOWS)
    found: dict[str, set[str]] = {}
    for name, commit in re.findall(r'uses: ([\w-]+/[\w-]+)\S*@(.*)', text):
        found.setdefault(name, set()).add(commit)
    assert len(found) > 8 and all(len(commits) == 1 for commits in found.values()), found


@pytest.mark.parametrize('workflow', WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_read_and_a_job_asks_for_more(workflow: Path) -> None:
    whole = yaml.safe_load(workflow.read_text(encoding='utf-8'))
    assert whole['permissions'] == {'contents': 'read'}
    assert not has_token({key: value for key, value in whole.items() if key not in ('jobs', 'permissions')})
    assert 'pull_request_target' not in whole[True]  # what YAML makes of `on`


def test_whoever_has_a_token_only_passes_on_what_another_job_made() -> None:
    with_token = {f'{workflow.name}: {name}': job for workflow in WORKFLOWS for name, job in jobs(workflow).items()
                  if has_token(job)}
    assert len(with_token) >= 5
    for name, job in with_token.items():
        assert job.get('needs'), name
        for step in job.get('steps', ()):
            action = step.get('uses', '').partition('@')[0]
            assert action in CARRIERS or not action, f'{name} runs {action}'
            for command in re.split(r'&&|\|\||[;|\n]', step.get('run', '')):
                assert not command.strip() or command.split()[0] in COMMANDS, f'{name} runs {command}'


def test_checkouts_leave_no_credentials() -> None:
    checkouts = [(name, step) for name, step in steps() if step.get('uses', '').startswith('actions/checkout@')]
    assert len(checkouts) >= 8
    assert [name for name, step in checkouts if step['with'].get('persist-credentials') is not False] == []


def test_what_is_published_is_made_without_caches() -> None:
    """Others may have filled them."""
    assert not re.search('actions/cache@|cache:', (ROOT / '.github/workflows/release.yml').read_text(encoding='utf-8'))
