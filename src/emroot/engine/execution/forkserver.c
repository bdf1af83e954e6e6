/* Preloaded into a dynamically linked clang: the process stops before `main`, all its libraries loaded and relocated, and forks a
 * server for each set of descriptors that it is given. A server forks a child for each command line (see forkserver.py).
 *
 * The first process, the template, has a socket as descriptor 0. It says one zero (4 bytes) when it is ready, then takes messages
 * of one byte with three descriptors: those of a server. A server has
 * descriptor 0: requests, each a length (4 bytes, of this machine) and that many bytes: the working directory and the arguments,
 *               each ended by a zero byte;
 * descriptor 1: first its process id (4 bytes), then for each request what wait4 says of its child, or -1 if there was no child, and how
 *               much processor time that took in microseconds (4 bytes each);
 * descriptor 2: a file to which children say what they have to say.
 */
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

#define PAGE ((uintptr_t)4096) /* at least: parts of an object begin on one */
#define HUGE_PAGE ((uintptr_t)2 << 20)

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

static void answer(int to, const int *numbers, size_t count) {
    if (write(to, numbers, count * sizeof *numbers) != (ssize_t)(count * sizeof *numbers))
        _exit(0); /* nobody listens any more */
}

static int microseconds(const struct timeval *time) {
    return time->tv_sec < 1000 ? (int)(time->tv_sec * 1000000 + time->tv_usec) : 1000000000;
}

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

/* In the child: the compiler, as if it had been started so. */
static int compile(char *request, unsigned length, pid_t server) {
    leave_heap();
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

static int serve(void) {
    unsigned length;
    pid_t server = getpid();
    answer(1, &server, 1);
    while (get(&length, sizeof length)) {
        char *request = malloc(length);
        if (!request || !get(request, length))
            break;
        pid_t child = fork();
        if (child == 0)
            return compile(request, length, server);
        int said[2] = {-1, 0};
        struct rusage used;
        if (child > 0 && wait4(child, &said[0], 0, &used) == child)
            said[1] = microseconds(&used.ru_utime) + microseconds(&used.ru_stime);
        else
            said[0] = -1;
        answer(1, said, 2);
        free(request);
    }
    _exit(0); /* emroot has gone, or is done */
}

/* Moves what a process has of a file into huge pages: a child gets them with the fork, where those of a file would be
 * faulted in by each child anew. Where there are none to be had, all stays as it is. */
static void move(uintptr_t from, uintptr_t to) {
    from = (from + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
    to &= ~(HUGE_PAGE - 1);
    if (from >= to)
        return;
    size_t size = to - from;
    char *region = mmap(0, size + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (region == MAP_FAILED)
        return;
    char *copy = (char *)(((uintptr_t)region + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
    if (madvise(copy, size, MADV_HUGEPAGE) == 0) {
        memcpy(copy, (void *)from, size);
        if (mprotect(copy, size, PROT_READ | PROT_EXEC) == 0)
            mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)from);
    }
    munmap(region, size + HUGE_PAGE); /* what is left of it */
}

/* The large read-only parts of an object, code between them. What is next to each other goes as one, executable, so that pages are
 * huge up to its ends. */
static int move_all(struct dl_phdr_info *object, size_t size, void *data) {
    (void)size, (void)data;
    uintptr_t from = 0, to = 0;
    for (int i = 0; i <= object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        int last = i == object->dlpi_phnum, fixed = !last && part->p_type == PT_LOAD && !(part->p_flags & PF_W);
        if (!last && part->p_type != PT_LOAD)
            continue;
        uintptr_t at = last ? 0 : object->dlpi_addr + part->p_vaddr;
        if (!fixed || at / PAGE != (to + PAGE - 1) / PAGE) {
            if (to - from > 4 * HUGE_PAGE)
                move(from, to);
            from = at;
        }
        to = fixed ? at + part->p_filesz : from;
    }
    return 0;
}

/* The template: nothing but a socket, and servers that end by themselves. */
static int stand(int argc, char **argv, char **env) {
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
    int zero = 0;
    answer(0, &zero, 1);
    for (;;) {
        int given[3];
        char byte, control[CMSG_SPACE(sizeof given)];
        struct iovec part = {&byte, 1};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        if (recvmsg(0, &message, 0) <= 0 || !CMSG_FIRSTHDR(&message))
            break;
        memcpy(given, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof given);
        if (fork() == 0) {
            for (int i = 0; i < 3; i++)
                if (dup2(given[i], i) < 0)
                    _exit(127);
            for (int i = 0; i < 3; i++)
                close(given[i]);
            return serve();
        }
        for (int i = 0; i < 3; i++)
            close(given[i]);
    }
    while (wait(0) > 0) /* they end by themselves; then their times are known here */
        ;
    _exit(0);
}

int __libc_start_main(Main main, int argc, char **argv, void (*init)(void), void (*fini)(void), void (*loader)(void), void *end) {
    Start start = (Start)dlsym(RTLD_NEXT, "__libc_start_main");
    compiler = main;
    return start(stand, argc, argv, init, fini, loader, end);
}
