"""A program that stands for a compiler which is loaded once and forked."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from .running import cannot_run

#: Says its arguments (of a response file, too), directory and environment, then ends as its first argument has it.
PROGRAM = '''
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
static unsigned seed = 1;
static unsigned chance(unsigned below) { return (seed = seed * 1103515245 + 12345) / 65536 % below; }
static void check(int right, int line) { if (!right) { printf(" wrong in line %d", line); exit(1); } }
#define CHECK(right) check(right, __LINE__)
static int all(const unsigned char *at, size_t count, unsigned char value) {
    for (size_t i = 0; i < count; i++) if (at[i] != value) return 0;
    return 1;
}
/* Blocks that are taken, grow, are returned in part or whole, by malloc or mmap: what is new is zero, what is kept stays. */
static void use_memory(int by_malloc) {
    static struct { unsigned char *at; size_t from, to; } blocks[300];
    FILE *log = fopen("used", "a");
    fputs("begun ", log), fclose(log);
    for (int turn = 0; turn < 20000; turn++) {
        int which = chance(300);
        unsigned char *at = blocks[which].at, value = which;
        size_t from = blocks[which].from, to = blocks[which].to, size = (1 + chance(chance(40) ? 20 : 300)) * 4096;
        if (!at) {
            at = by_malloc ? calloc(1, size) : mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            CHECK(at && at != MAP_FAILED && all(at, size, 0));
            memset(at, value, size);
            from = 0, to = size;
        } else if (by_malloc && chance(3) == 0) {
            CHECK((at = realloc(at, size)));
            CHECK(all(at, size < to ? size : to, value));
            memset(at, value, size);
            to = size;
        } else if (!by_malloc && to - from > 8192 && chance(3)) {
            size_t part = (to - from) / 8192 * 4096;
            int what = chance(4);
            if (what == 0) { CHECK(munmap(at + from, part) == 0); from += part; }
            if (what == 1) { CHECK(munmap(at + to - part, part) == 0); to -= part; }
            if (what == 2) {
                CHECK(madvise(at + from, part, MADV_DONTNEED) == 0 && all(at + from, part, 0));
                memset(at + from, value, part);
            }
            if (what == 3) {
                unsigned char *moved = mremap(at + from, to - from, to - from + size, MREMAP_MAYMOVE);
                if (moved != MAP_FAILED) { at = moved; to = to - from + size; from = 0; memset(at, value, to); }
            }
        } else {
            CHECK(all(at + from, to - from, value));
            if (by_malloc) free(at); else CHECK(munmap(at + from, to - from) == 0);
            if (!by_malloc && turn % 50 == 0) munmap(at + from, to - from); /* twice changes nothing */
            at = 0;
        }
        blocks[which].at = at, blocks[which].from = from, blocks[which].to = to;
    }
    for (int i = 0; i < 300; i++)
        if (blocks[i].at) CHECK(all(blocks[i].at + blocks[i].from, blocks[i].to - blocks[i].from, i));
}
/* Says in the directory that memory was used to the end. */
static int used(void) {
    FILE *log = fopen("used", "a");
    return fputs("used", log) < 0 || fclose(log);
}
/* Megabytes in blocks of 15. */
static int take(int megabytes) {
    for (int left = megabytes; left > 0; left -= 15) {
        size_t size = (size_t)(left < 15 ? left : 15) << 20;
        CHECK(memset(malloc(size), 1, size));
    }
    return 0;
}
static void *take_always(void *none) {
    for (;;) {
        void *at = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        munmap(at, 1 << 20);
    }
    return none;
}
/* Ends while two threads take memory. */
static int end_early(const char *how) {
    pthread_t thread;
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&thread, 0, take_always, 0) == 0);
    usleep(3000);
    if (!strcmp(how, "killed"))
        kill(getpid(), SIGKILL);
    _exit(0);
}
/* A process has memory of its own. */
static int fork_another(void) {
    int status = 0;
    char *at = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pid_t other = fork();
    if (other == 0)
        _exit(at[0] = 5);
    return waitpid(other, &status, 0) == other && WEXITSTATUS(status) == 5 && at[0] == 0 ? 0 : 1;
}
/* Whether an address is in memory that processes share. */
static int shared(void *address) {
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[4096], mode[8];
    uintptr_t from, to;
    while (fgets(line, sizeof line, maps))
        if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 && from <= (uintptr_t)address && (uintptr_t)address < to)
            return mode[3] == 's';
    return -1;
}
/* Words in quotes, one in each line, with backslashes. */
static int read_response_file(const char *path, char **argv) {
    static char text[1 << 16];
    int file = open(path, O_RDONLY | O_CLOEXEC), count = 0;
    ssize_t size = read(file, text, sizeof text - 1);
    char *from = text, *to = text;
    close(file);
    while (size > 0 && *from == '"') {
        argv[count++] = to;
        for (from++; *from != '"'; *to++ = *from++)
            from += *from == '\\\\';
        from += from[1] == '\\n' ? 2 : 1;
        *to++ = 0;
    }
    return count;
}
int main(int argc, char **argv) {
    char here[4096], *given[1000] = {argv[0]};
    if (argc > 1 && argv[argc - 1][0] == '@') {
        memcpy(given, argv, argc * sizeof *argv);
        argc = argc - 1 + read_response_file(given[argc - 1] + 1, given + argc - 1), argv = given;
    }
    printf("%s in %s:", argv[0], getcwd(here, sizeof here));
    for (int i = 1; i < argc; i++) printf(" <%s>", argv[i]);
    int traces = getenv("LD_PRELOAD") || getenv("EMROOT_FORK_SERVER") || getenv("GLIBC_TUNABLES");
    printf(" %s%s", getenv("KEPT"), traces ? " and a trace of the server" : "");
    fflush(stdout);
    fputs(" err", stderr);
    if (argc > 1 && !strcmp(argv[1], "crash")) raise(SIGSEGV);
    if (argc > 1 && !strcmp(argv[1], "sleep")) sleep(60);
    if (argc > 1 && !strcmp(argv[1], "malloc")) return use_memory(1), used();
    if (argc > 1 && !strcmp(argv[1], "mmap")) return use_memory(0), used();
    if (argc > 1 && !strcmp(argv[1], "shared"))
        return shared(mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) != 1;
    if (argc > 1 && !strcmp(argv[1], "threads")) return end_early(argv[2]);
    if (argc > 1 && !strcmp(argv[1], "fork")) return fork_another();
    if (argc > 1 && !strcmp(argv[1], "execute")) return execv(argv[2], argv + 2);
    if (argc > 1 && !strcmp(argv[1], "take")) return take(atoi(argv[2]));
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
    if subprocess.run(['cc', '-pthread', *flags, '-o', directory / 'program', directory / 'program.c'], check=False,
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
