"""A program that stands for a compiler which is loaded once and forked."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from .running import cannot_run

#: Says its arguments, directory and environment, then ends as its first argument has it.
PROGRAM = '''
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv) {
    char here[4096];
    printf("%s in %s:", argv[0], getcwd(here, sizeof here));
    for (int i = 1; i < argc; i++) printf(" <%s>", argv[i]);
    int traces = getenv("LD_PRELOAD") || getenv("EMROOT_FORK_SERVER") || getenv("GLIBC_TUNABLES");
    printf(" %s%s", getenv("KEPT"), traces ? " and a trace of the server" : "");
    fflush(stdout);
    fputs(" err", stderr);
    if (argc > 1 && !strcmp(argv[1], "crash")) raise(SIGSEGV);
    if (argc > 1 && !strcmp(argv[1], "sleep")) sleep(60);
    if (argc > 1 && !strcmp(argv[1], "read")) return getchar() == EOF;
    return argc > 1 ? atoi(argv[1]) : 9;
}
'''
ENV = {'KEPT': 'kept', 'PATH': os.environ.get('PATH', '')}


def build_program(directory: Path, *flags: str) -> Path:
    """The program, compiled in a directory with these flags; its test is skipped if that is impossible."""
    if not shutil.which('cc'):
        cannot_run('there is no C compiler (cc): install your system\'s')
    (directory / 'program.c').write_text(PROGRAM)
    if subprocess.run(['cc', *flags, '-o', directory / 'program', directory / 'program.c'], check=False,
                      capture_output=True).returncode:
        cannot_run(f'the C compiler does not take {" ".join(flags)}')
    return directory / 'program'


def loaded(program: str) -> list[int]:
    """Processes of the program."""
    found = []
    for entry in Path('/proc').glob('[0-9]*/exe'):
        try:
            found += [int(entry.parent.name)] if os.readlink(entry) == program else []
        except OSError:
            continue
    return found
