"""A few lines of C that stand before the system's, in every process: locks that do not work, clocks that are wrong."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_NO_LOCKS = '''
#include <errno.h>
int flock(int descriptor, int operation) { errno = ENOLCK; return -1; }
'''
_CLOCK = '''
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long ahead(void) { const char *said = getenv("TORTURE_AHEAD"); return said ? atol(said) : 0; }
int clock_gettime(clockid_t clock, struct timespec *at) {
  int result = syscall(SYS_clock_gettime, clock, at);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += ahead();
  return result;
}
int gettimeofday(struct timeval *at, void *zone) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return 0;
}
time_t time(time_t *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}
'''


class NoCompiler(Exception):
    """Nothing here compiles C."""


def without_locks(work: Path) -> dict[str, str]:
    """What to set so that `flock` says ENOLCK, as on some network file systems."""
    return {'LD_PRELOAD': str(_compiled(work / 'no-locks.c', _NO_LOCKS))}


def clock_ahead(work: Path, seconds: int) -> dict[str, str]:
    """What to set so that it is later, or with a negative number earlier. Times of files stay the disk's."""
    return {'LD_PRELOAD': str(_compiled(work / 'clock.c', _CLOCK)), 'TORTURE_AHEAD': str(seconds)}


def _compiled(source: Path, text: str) -> Path:
    compiler = next(filter(None, map(shutil.which, ('cc', 'gcc', 'clang'))), None)
    if not compiler:
        raise NoCompiler('there is no C compiler')
    library = source.with_suffix('.so')
    if not library.exists():
        source.write_text(text, encoding='utf-8')
        subprocess.run([compiler, '-shared', '-fPIC', '-o', str(library), str(source)], check=True)
    return library
