/* What both kinds of fork servers have in common (`forkserver.c`, `static_forkserver.c`): a template, a loaded compiler that has not
 * begun, forks a server for each set of descriptors that it is given, and a server forks a child for each command line (see
 * forkserver.py).
 *
 * The template has a socket as descriptor 0. It says one zero (4 bytes) when it is ready, then takes messages of one byte with three
 * descriptors: those of a server. A server has
 * descriptor 0: requests, each a length (4 bytes, of this machine) and that many bytes: the working directory and the arguments,
 *               each ended by a zero byte;
 * descriptor 1: first its process id (4 bytes), then for each request what wait4 says of its child, or -1 if there was no child, and how
 *               much processor time that took in microseconds (4 bytes each);
 * descriptor 2: a file to which children say what they have to say.
 *
 * Whoever includes it defines `SERVER`, which precedes each function, and `compile`, which is given the context of `stand`; and either
 * NO_MEMORY, or `memory_for_children` and `CALL`, a system call by its name with six arguments.
 */
#define PAGE ((uintptr_t)4096) /* at least: parts of an object begin on one */
#define HUGE_PAGE ((uintptr_t)2 << 20)
#include "child_memory.h"

/* In the child: the compiler, as if it had been started with these arguments, of which the last is followed by a null. Its descriptor 0
 * is not to be read. `memory` may be null. */
SERVER int compile(int argc, char **argv, const void *context, struct Memory *memory);

SERVER int get(void *to, size_t count) {
    for (char *at = to; count;) {
        ssize_t got = read(0, at, count);
        if (got <= 0)
            return 0;
        at += got;
        count -= (size_t)got;
    }
    return 1;
}

SERVER void answer(int to, const int *numbers, size_t count) {
    if (write(to, numbers, count * sizeof *numbers) != (ssize_t)(count * sizeof *numbers))
        _exit(0); /* nobody listens any more */
}

SERVER int microseconds(const struct timeval *time) {
    return time->tv_sec < 1000 ? (int)(time->tv_sec * 1000000 + time->tv_usec) : 1000000000;
}

SERVER char *pages(size_t size) {
    return mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* In the child: takes a request apart. */
SERVER int begin(char *request, unsigned length, pid_t server, const void *context, struct Memory *memory) {
    int count = 0, strings = 0;
    for (unsigned at = 0; at < length; at++)
        strings += request[at] == 0;
    char **argv = (char **)pages((size_t)strings * sizeof *argv); /* one less than there are strings, and a null at the end */
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != server || argv == MAP_FAILED || chdir(request) || dup2(2, 1) < 0)
        _exit(127);
    for (unsigned at = 0; at + 1 < length; at++)
        if (request[at] == 0)
            argv[count++] = request + at + 1;
    argv[count] = 0;
    return compile(count, argv, context, memory);
}

/* Whether clang starts another process for a request: for assembly that is preprocessed. */
SERVER int has_assembly(const char *request, unsigned length) {
    for (unsigned at = 3; at < length; at++)
        if (request[at] == 0 && request[at - 1] == 'S' && request[at - 2] == '.')
            return 1;
    return 0;
}

SERVER int serve(const void *context) {
    unsigned length;
    pid_t server = getpid();
    answer(1, &server, 1);
    struct Memory *region = memory_for_children();
    while (get(&length, sizeof length)) {
        char *request = pages(length);
        if (request == MAP_FAILED || !get(request, length))
            break;
        int said[2];
        said[0] = -1, said[1] = 0;
        for (struct Memory *memory = has_assembly(request, length) ? 0 : region;; memory = 0) {
            struct rusage used;
            pid_t child = fork();
            if (child == 0 && region && !memory)
                leave_region(region);
            if (child == 0)
                return begin(request, length, server, context, memory);
            if (child < 0 || wait4(child, &said[0], 0, &used) != child) {
                said[0] = -1;
                break;
            }
            said[1] += microseconds(&used.ru_utime) + microseconds(&used.ru_stime);
            if (!memory)
                break;
            keep_region(memory);
            if (said[0] == 0 || ftruncate(2, 0) || lseek(2, 0, SEEK_SET))
                break;
        }
        answer(1, said, 2);
        munmap(request, length);
    }
    _exit(0); /* emroot has gone, or is done */
}

/* Moves what a process has of a file into huge pages: a child gets them with the fork, where those of a file would be
 * faulted in by each child anew. Where there are none to be had, all stays as it is. */
SERVER void move(uintptr_t from, uintptr_t to) {
    from = (from + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
    to &= ~(HUGE_PAGE - 1);
    if (from >= to)
        return;
    size_t size = to - from;
    char *region = pages(size + HUGE_PAGE);
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
SERVER void move_object(uintptr_t base, const ElfW(Phdr) *parts, size_t count) {
    uintptr_t from = 0, to = 0;
    for (size_t i = 0; i <= count; i++) {
        const ElfW(Phdr) *part = &parts[i];
        int last = i == count, fixed = !last && part->p_type == PT_LOAD && !(part->p_flags & PF_W);
        if (!last && part->p_type != PT_LOAD)
            continue;
        uintptr_t at = last ? 0 : base + part->p_vaddr;
        if (!fixed || at / PAGE != (to + PAGE - 1) / PAGE) {
            if (to - from > 4 * HUGE_PAGE)
                move(from, to);
            from = at;
        }
        to = fixed ? at + part->p_filesz : from;
    }
}

/* The template: nothing but a socket, and servers that end by themselves. */
SERVER int stand(const void *context) {
    int zero = 0;
    answer(0, &zero, 1);
    for (;;) {
        int given[3];
        char byte, control[CMSG_SPACE(sizeof given)];
        struct iovec part;
        struct msghdr message;
        for (size_t at = 0; at < sizeof message; at++) /* with musl, it has fields that have no name and count for Linux */
            ((volatile char *)&message)[at] = 0;
        part.iov_base = &byte, part.iov_len = 1;
        message.msg_iov = &part, message.msg_iovlen = 1, message.msg_control = control, message.msg_controllen = sizeof control;
        if (recvmsg(0, &message, 0) <= 0 || !CMSG_FIRSTHDR(&message))
            break;
        memcpy(given, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof given);
        if (fork() == 0) {
            for (int i = 0; i < 3; i++)
                if (dup2(given[i], i) < 0)
                    _exit(127);
            for (int i = 0; i < 3; i++)
                close(given[i]);
            return serve(context);
        }
        for (int i = 0; i < 3; i++)
            close(given[i]);
    }
    while (wait4(-1, 0, 0, 0) > 0) /* they end by themselves; then their times are known here */
        ;
    _exit(0);
}
