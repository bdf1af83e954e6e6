/* Preloaded into a dynamically linked clang: the process stops before `main`, all its libraries loaded and relocated, and becomes the
 * template of `forkserver.h`. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVER static
#define NO_MEMORY /* huge pages from glibc are as fast */
#include "forkserver.h"

typedef int (*Main)(int, char **, char **);
typedef int (*Start)(Main, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

extern char **environ;
static Main compiler;

/* Has what a child allocates begin in a huge page of its own: that in which the template's heap ends it would copy 4 KiB at a time. */
static void leave_heap(void) {
    static void *volatile skipped;
    char *last = malloc(HUGE_PAGE / 16); /* at the end of the heap, as a rule */
    size_t left = HUGE_PAGE - ((uintptr_t)(last + malloc_usable_size(last)) & (HUGE_PAGE - 1));
    skipped = last;
    if (left > 64)
        skipped = malloc(left - 64);
    (void)skipped;
}

static int compile(int argc, char **argv, const void *context, struct Memory *memory) {
    (void)context, (void)memory;
    leave_heap();
    int nothing = open("/dev/null", O_RDONLY);
    if (dup2(nothing, 0) < 0)
        _exit(127);
    close(nothing);
    return compiler(argc, argv, environ);
}

static int move_all(struct dl_phdr_info *object, size_t size, void *data) {
    (void)size, (void)data;
    move_object(object->dlpi_addr, object->dlpi_phdr, object->dlpi_phnum);
    return 0;
}

static int stop(int argc, char **argv, char **env) {
    const char *kind = getenv("EMROOT_FORK_SERVER");
    if (!kind)
        return compiler(argc, argv, env);
    if (!strcmp(kind, "huge")) {
        dl_iterate_phdr(move_all, 0);
        unsetenv("GLIBC_TUNABLES");
    }
    unsetenv("EMROOT_FORK_SERVER");
    unsetenv("LD_PRELOAD");
    unsetenv("LD_BIND_NOW");
    return stand(0);
}

int __libc_start_main(Main main, int argc, char **argv, void (*init)(void), void (*fini)(void), void (*loader)(void), void *end) {
    Start start = (Start)dlsym(RTLD_NEXT, "__libc_start_main");
    compiler = main;
    return start(stop, argc, argv, init, fini, loader, end);
}
