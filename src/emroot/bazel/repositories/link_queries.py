"""Answers many links at once, inside an SDK: one process imports the SDK's modules, and a fork of it asks each link.

Run like `probe/program.py`, by the SDK's own Python. The request's `links` are command lines, each answered as
`probe/resolve_program.py` answers one. Where there is no `fork` (Windows), each link is a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

PROBE = os.path.join(os.path.abspath(__file__).rsplit(os.sep, 3)[0], 'probe')


def by_processes(links: Sequence[tuple[str, str]]) -> None:
    """One process for each link (files of request and answer), as many at a time as there are processors."""
    from concurrent.futures import ThreadPoolExecutor  # here: only systems without forks need it
    command = [sys.executable, '-I', '-B', os.path.join(PROBE, 'resolve_program.py')]
    with ThreadPoolExecutor(os.cpu_count() or 1) as executor:
        list(executor.map(lambda files: subprocess.run([*command, *files], check=False), links))


def by_forks(root: str, links: Sequence[tuple[str, str]]) -> None:
    """A fork of this process, which has the SDK's modules already, for each link."""
    sys.path.insert(0, PROBE)
    import resolve_program  # type: ignore[import-not-found]
    sys.path.remove(PROBE)
    sdk = resolve_program.SdkModules(root)
    import tools.link  # type: ignore[import-not-found]  # noqa: F401  # the SDK's, to have it imported in every fork
    resolve_program.SdkModules = lambda root: sdk
    for number, files in enumerate(links):
        if number >= (os.cpu_count() or 1):
            os.wait()
        if os.fork() == 0:
            code = 1
            try:
                resolve_program.main(*files)
                code = 0
            finally:
                os._exit(code)
    for _ in range(min(len(links), os.cpu_count() or 1)):
        os.wait()


def main(request_file: str, answer_file: str) -> None:
    """Write the answers to the request's `links`, in order; null where there is no answer."""
    with open(request_file, encoding='utf-8') as f:
        request = json.load(f)
    scratch = os.path.join(os.path.dirname(os.path.abspath(answer_file)), 'links')
    os.mkdir(scratch)
    names = [os.path.join(scratch, str(number)) for number in range(len(request['links']))]
    links = [(f'{name}.json', f'{name}.answer.json') for name in names]
    for number, (question, _) in enumerate(links):
        with open(question, 'w', encoding='utf-8') as f:
            json.dump({'root': request['root'], 'argv': request['links'][number], 'cwd': scratch, 'ports': None}, f)
    by_forks(os.path.normpath(request['root']), links) if hasattr(os, 'fork') else by_processes(links)
    answers: list[Any] = []
    for _, answer in links:
        try:
            with open(answer, encoding='utf-8') as f:
                answers.append(json.load(f))
        except (OSError, ValueError):
            answers.append(None)
    sys.path.insert(0, PROBE)
    from program import SCHEMA  # type: ignore[import-not-found]
    with open(answer_file, 'w', encoding='utf-8', newline='\n') as f:
        json.dump({'schema': SCHEMA, 'links': answers}, f, separators=(',', ':'))


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2])
