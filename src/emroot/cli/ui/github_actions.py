"""Annotations and the job summary of GitHub Actions:
https://docs.github.com/actions/reference/workflow-commands-for-github-actions"""

from __future__ import annotations

import contextlib
import os
import sys

from ...engine.result import BuildResult
from ...formatting import format_duration


def annotate(level: str, title: str, text: str) -> None:
    """Print an annotation (`error` or `warning`) in GitHub Actions, which parses standard error, too."""
    if os.environ.get('GITHUB_ACTIONS') == 'true':
        sys.stderr.write(f'::{level} title={_escaped(title, ":", ",")}::{_escaped(text)}\n')
        sys.stderr.flush()


def disarmed(line: str) -> str:
    """A line of tool output that GitHub Actions does not take for a command (`::`, `##[`)."""
    if os.environ.get('GITHUB_ACTIONS') != 'true':
        return line
    text = line.lstrip()
    return f'| {text}' if text.startswith('::') else line.replace('##[', '## [')


def summarize(result: BuildResult) -> None:
    """Add the result of a build to the summary of the job, if there is one."""
    summary_file = os.environ.get('GITHUB_STEP_SUMMARY')
    if os.environ.get('GITHUB_ACTIONS') != 'true' or not summary_file:
        return
    lines = [f'### emroot: libraries of Emscripten {result.sdk.version}', '',
             '| mode | built | reused | failed |', '|---|--:|--:|--:|']
    for mode, made in result.modes.items():
        lines.append(f'| `{mode}` | {len(made.built)} | {len(made.reused)} | {len(made.failed)} |')
    lines += ['', f'{result.compiled:,} objects compiled, {result.reused:,} reused, in {format_duration(result.seconds)}.', '']
    if result.failures:
        from html import escape  # lazy import: most builds have no failures
    for mode, failure in result.failures:
        lines += [f'<details><summary>cannot build <code>{escape(f"{mode}/{failure.target}")}</code></summary>', '',
                  f'<pre>{escape(failure.error)}</pre>', '</details>', '']
    with contextlib.suppress(OSError), open(summary_file, 'a', encoding='utf-8', errors='surrogateescape') as f:
        f.write('\n'.join(lines))


def _escaped(text: str, *more: str) -> str:
    for sign in ('%', '\r', '\n', *more):
        text = text.replace(sign, f'%{ord(sign):02X}')
    return text
