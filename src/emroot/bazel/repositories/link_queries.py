"""Answers many links at once, inside an SDK: one process imports the SDK's modules, and a fork of it asks each link.

Run like `probe/program.py`, by the SDK's own Python. The request's `links` are command lines, each answered as
`probe/resolve_program.py` answers one. Where there is no `fork` (Windows), each link is a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

PROBE = os.path.join(os.path.abspath(__file__).rsplit(os.sep, 3)[0], 'probe')


def ask_one(request: dict[str, Any], argv: list[str], scratch: str, name: str) -> str:
    """Write the request for one link; return the path of its answer."""
    answer = os.path.join(scratch, name + '.answer.json')
    with open(os.path.join(scratch, name + '.json'), 'w', encoding='utf-8') as f:
        json.dump({'root': request['root'], 'argv': argv, 'cwd': scratch, 'ports': None}, f)
    return answer


def by_processes(request: dict[str, Any], scratch: str) -> None:
    """One process for each link, as many at a time as there are processors."""
    running: list[subprocess.Popen[bytes]] = []
    for number, argv in enumerate(request['links']):
        answer = ask_one(request, argv, scratch, str(number))
        if len(running) >= (os.cpu_count() or 1):
            running.pop(0).wait()
        running.append(subprocess.Popen([sys.executable, '-I', '-B', os.path.join(PROBE, 'resolve_program.py'),
                                         answer.replace('.answer', ''), answer]))
    for process in running:
        process.wait()


def by_forks(request: dict[str, Any], scratch: str) -> None:
    """A fork of this process, which has the SDK's modules already, for each link."""
    sys.path.insert(0, PROBE)
    import resolve_program  # type: ignore[import-not-found]
    sys.path.remove(PROBE)
    sdk = resolve_program.SdkModules(os.path.normpath(request['root']))
    import tools.link  # type: ignore[import-not-found]  # noqa: F401  # the SDK's, to have it imported in every fork
    resolve_program.SdkModules = lambda root: sdk
    running = 0
    for number, argv in enumerate(request['links']):
        answer = ask_one(request, argv, scratch, str(number))
        if running >= (os.cpu_count() or 1):
            os.wait()
            running -= 1
        if os.fork() == 0:
            code = 1
            try:
                resolve_program.main(answer.replace('.answer', ''), answer)
                code = 0
            finally:
                os._exit(code)
        running += 1
    for _ in range(running):
        os.wait()


def main(request_file: str, answer_file: str) -> None:
    """Write the answers to the request's `links`, in order; null where there is no answer."""
    with open(request_file, encoding='utf-8') as f:
        request = json.load(f)
    scratch = os.path.join(os.path.dirname(os.path.abspath(answer_file)), 'links')
    os.mkdir(scratch)
    by_forks(request, scratch) if hasattr(os, 'fork') else by_processes(request, scratch)
    answers: list[Any] = []
    for number in range(len(request['links'])):
        try:
            with open(os.path.join(scratch, f'{number}.answer.json'), encoding='utf-8') as f:
                answers.append(json.load(f))
        except (OSError, ValueError):
            answers.append(None)
    sys.path.insert(0, PROBE)
    from program import SCHEMA  # type: ignore[import-not-found]
    with open(answer_file, 'w', encoding='utf-8', newline='\n') as f:
        json.dump({'schema': SCHEMA, 'links': answers}, f, separators=(',', ':'))


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2])
