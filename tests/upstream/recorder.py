"""Runs tests of Emscripten's suite by its own runner, and writes down what became of each: a line of JSON for every test.

    python recorder.py RESULTS ROOT SECONDS NAME...

Runs in a Python of its own, which has none of the project's modules. It ends, with its whole group of processes, when its
standard input does: whoever started it is gone then.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
import unittest
from typing import Any, TextIO

#: What is kept of a failure.
KEPT = 4000


def main(arguments: list[str]) -> int:
    """Run the tests."""
    file, root, seconds, *names = arguments
    _end_with_input()
    tests = os.path.join(root, 'test')
    os.chdir(root)
    os.environ['EMTEST_CORES'] = '1'  # one after the other: they share directories
    os.environ.pop('CI', None)  # with it, the runner writes a report by a module of its own
    sys.path.insert(0, tests)
    sys.argv = [os.path.join(tests, 'runner.py'), '-v', '--cores', '1', *names]
    with open(file, 'a', encoding='utf-8') as results:
        class Recording(Recorder):
            out, limit, log = results, int(seconds), os.path.splitext(file)[0] + '.log'

        def run(*_: Any, **__: Any) -> Any:
            return unittest_runner(resultclass=Recording, verbosity=0)
        unittest_runner = unittest.TextTestRunner
        import runner  # type: ignore[import-not-found]
        runner.ColorTextRunner = runner.SingleLineTestRunner = run
        unittest.TextTestRunner = run  # type: ignore[misc,assignment]
        return int(runner.main())


class Recorder(unittest.TextTestResult):
    """Writes a line for each test."""

    out: TextIO
    limit: int
    log: str
    """Where programs that tests start write their errors."""

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802  # unittest's name
        super().startTest(test)
        self.state, self.why, self.began, self.logged = 'passed', '', _seconds(), len(self._said())
        signal.signal(signal.SIGALRM, _interrupt)
        signal.alarm(self.limit)

    def stopTest(self, test: unittest.TestCase) -> None:  # noqa: N802  # unittest's name
        signal.alarm(0)
        name = '.'.join([type(test).__name__, test.id().rpartition('.')[2]])
        why = self.why if self.state != 'failed' else f'{self.why[-KEPT:]}\n{self._said()[self.logged:][-KEPT:]}'
        said = {'name': name, 'state': self.state, 'why': why, 'seconds': round(_seconds() - self.began, 2)}
        self.out.write(json.dumps(said) + '\n')
        self.out.flush()
        super().stopTest(test)

    def _said(self) -> str:
        try:
            with open(self.log, encoding='utf-8', errors='replace') as f:
                return f.read()
        except FileNotFoundError:
            return ''

    def _note(self, state: str, why: str) -> None:
        self.state, self.why = state, why

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802  # unittest's name
        self._note('failed', self._exc_info_to_string(err, test))  # type: ignore[attr-defined]

    def addError(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802  # unittest's name
        self._note('failed', self._exc_info_to_string(err, test))  # type: ignore[attr-defined]

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802  # unittest's name
        self._note('skipped', reason)

    def addExpectedFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802  # unittest's name
        self._note('skipped', 'expected to fail')


class TooLong(Exception):
    """A test took longer than it may."""


def _end_with_input() -> None:
    started_by = os.dup(0)
    with open(os.devnull, 'rb') as nothing:
        os.dup2(nothing.fileno(), 0)

    def wait() -> None:
        while os.read(started_by, 1):
            pass
        os.killpg(0, signal.SIGKILL)
    threading.Thread(target=wait, daemon=True).start()


def _interrupt(*_: object) -> None:
    raise TooLong


def _seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
