/* Preloaded into a dynamically linked clang: the process stops where it opens its response file, all its libraries loaded and relocated,
 * and becomes the template of `forkserver.h`. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVER static
#define NO_MEMORY /* huge pages from glibc are as fast */
#define open_file(path, flags) (int)syscall(SYS_openat, AT_FDCWD, path, flags)
#include "forkserver.h"

typedef int (*Main)(int, char **, char **);
typedef int (*Start)(Main, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

static Main compiler;
static char *own_name;    /* argument 0 */
static int waits;         /* whether it has yet to become the template */
static int ends_at_once;  /* whether nothing that the compiler does at its end is missed */

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

/* Whether the compiler may print something at its end: syntax trees, statistics, times. */
static int prints(const char *arguments) {
    static const char *const options[] = {"\"-ast-", "\"-dump", "\"-print", "\"-stat", "\"-time", "\"-ftime"};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (strstr(arguments, options[i]))
            return 1;
    return 0;
}

static int compile(const char *name, const char *arguments, size_t length, const void *context, struct Memory *memory) {
    (void)context, (void)memory;
    leave_heap();
    leave_requests("/dev/null");
    strcpy(own_name, name);
    int file = file_with("arguments", arguments, length);
    char *text = strndup(arguments, length);
    ends_at_once = text && (strstr(text, "\"-c\"") || strstr(text, "\"-emit-")) && !prints(text);
    free(text);
    return file;
}

static int move_all(struct dl_phdr_info *object, size_t size, void *data) {
    (void)size, (void)data;
    move_object(object->dlpi_addr, object->dlpi_phdr, object->dlpi_phnum);
    return 0;
}

static int become_template(void) {
    const char *kind = getenv("EMROOT_FORK_SERVER");
    waits = 0;
    if (!strcmp(kind, "huge")) {
        dl_iterate_phdr(move_all, 0);
        unsetenv("GLIBC_TUNABLES");
    }
    unsetenv("EMROOT_FORK_SERVER");
    unsetenv("LD_PRELOAD");
    unsetenv("LD_BIND_NOW");
    return stand(0);
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;
    va_end(rest);
    if (waits && !strcmp(path, RESPONSE_FILE))
        return become_template();
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#ifdef __GLIBC__
int open64(const char *path, int flags, ...) __attribute__((alias("open")));
#endif

/* ~InitLLVM: takes LLVM apart, where it is a shared library. */
void _ZN4llvm8InitLLVMD1Ev(void *object) {
    void (*end)(void *) = (void (*)(void *))dlsym(RTLD_NEXT, "_ZN4llvm8InitLLVMD1Ev");
    if (!ends_at_once && end)
        end(object);
}

static int run(int argc, char **argv, char **env) {
    own_name = argv[0];
    waits = getenv("EMROOT_FORK_SERVER") != 0;
    int code = compiler(argc, argv, env);
    if (ends_at_once) {
        fflush(0);
        _exit(code);
    }
    return code;
}

int __libc_start_main(Main main, int argc, char **argv, void (*init)(void), void (*fini)(void), void (*loader)(void), void *end) {
    Start start = (Start)dlsym(RTLD_NEXT, "__libc_start_main");
    compiler = main;
    return start(run, argc, argv, init, fini, loader, end);
}
