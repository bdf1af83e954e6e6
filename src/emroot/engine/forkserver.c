/* Preloaded into a dynamically linked clang: the process stops before `main`, all its libraries loaded and relocated, and forks a
 * child for each command line that it is given (see forkserver.py).
 *
 * Descriptor 0: requests, each a length (4 bytes, of this machine) and that many bytes: the working directory and the arguments,
 *               each ended by a zero byte.
 * Descriptor 1: first one zero, then for each request what waitpid says of its child (4 bytes), or -1 if there was no child.
 * Descriptor 2: a file to which children say what they have to say.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int (*Main)(int, char **, char **);
typedef int (*Start)(Main, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

extern char **environ;
static Main compiler;

static int get(void *to, size_t count) {
    for (char *at = to; count;) {
        ssize_t got = read(0, at, count);
        if (got <= 0)
            return 0;
        at += got;
        count -= (size_t)got;
    }
    return 1;
}

static void answer(int status) {
    if (write(1, &status, sizeof status) != sizeof status)
        _exit(0); /* nobody listens any more */
}

/* In the child: the compiler, as if it had been started so. */
static int compile(char *request, unsigned length, pid_t server) {
    int count = 0, nothing = open("/dev/null", O_RDONLY);
    for (unsigned at = 0; at < length; at++)
        count += request[at] == 0;
    char **argv = calloc((size_t)count, sizeof *argv); /* one less than there are strings, and a null at the end */
    char *next = request + strlen(request) + 1;
    for (int i = 0; argv && i < count - 1; i++, next += strlen(next) + 1)
        argv[i] = next;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != server || !argv || chdir(request) || dup2(nothing, 0) < 0 || dup2(2, 1) < 0)
        _exit(127);
    close(nothing);
    return compiler(count - 1, argv, environ);
}

static int serve(int argc, char **argv, char **env) {
    unsigned length;
    if (!getenv("EMROOT_FORK_SERVER"))
        return compiler(argc, argv, env);
    unsetenv("EMROOT_FORK_SERVER");
    unsetenv("LD_PRELOAD");
    unsetenv("LD_BIND_NOW");
    answer(0);
    while (get(&length, sizeof length)) {
        char *request = malloc(length);
        if (!request || !get(request, length))
            return 1;
        pid_t server = getpid(), child = fork();
        if (child == 0)
            return compile(request, length, server);
        int status = -1;
        if (child > 0 && waitpid(child, &status, 0) != child)
            status = -1;
        answer(status);
        free(request);
    }
    _exit(0); /* emroot has gone, or is done */
}

int __libc_start_main(Main main, int argc, char **argv, void (*init)(void), void (*fini)(void), void (*loader)(void), void *end) {
    Start start = (Start)dlsym(RTLD_NEXT, "__libc_start_main");
    compiler = main;
    return start(serve, argc, argv, init, fini, loader, end);
}
