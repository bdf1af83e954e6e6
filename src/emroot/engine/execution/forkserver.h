/* What both kinds of fork servers have in common (`forkserver.c`, `static_forkserver.c`): a template forks a server for each set of
 * descriptors that it is given, and a server forks a child for each command line (see forkserver.py).
 *
 * The template is a compiler that was started with a response file as its argument, `RESPONSE_FILE` (see c_programs.py), and is
 * stopped where it opens this: loaded, initialised, and without any argument yet. A child goes on with a file of its own, which contains
 * its arguments.
 *
 * The template has a socket as descriptor 0. It says one zero (4 bytes) when it is ready, then takes messages of one byte with three
 * descriptors: those of a server. A server has
 * descriptor 0: requests, each a length (4 bytes, of this machine) and that many bytes: the working directory and the program's name
 *               (argument 0), each ended by a zero byte, and the content of the response file;
 * descriptor 1: first its process id (4 bytes), then for each request what wait4 says of its child, or -1 if there was no child, and how
 *               much processor time that took in microseconds (4 bytes each);
 * descriptor 2: a file to which children say what they have to say.
 *
 * Whoever includes it defines `SERVER`, which precedes each function, `open_file`, and `compile`, which is given the context of `stand`;
 * and either NO_MEMORY, or `memory_for_children` and `CALL`, a system call by its name with six arguments.
 */
#define PAGE ((uintptr_t)4096) /* at least: parts of an object begin on one */
#define HUGE_PAGE ((uintptr_t)2 << 20)
#include "child_memory.h"

/* In the child: has the compiler go on, with a name that is no longer than that of the template, and with these arguments. Its
 * descriptor 0 is not to be read. `memory` may be null. Returns the open file that the compiler waits for, if at all. */
SERVER int compile(const char *name, const char *arguments, size_t length, const void *context, struct Memory *memory);

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

/* An open file in memory with this content, to be read from its begin. */
SERVER int file_with(const char *label, const char *content, size_t length) {
    int file = memfd_create(label, MFD_CLOEXEC);
    if (file < 0 || write(file, content, length) != (ssize_t)length || lseek(file, 0, SEEK_SET))
        _exit(127);
    return file;
}

SERVER void leave_requests(const char *nothing) {
    int file = open_file(nothing, O_RDONLY);
    if (file < 0 || dup2(file, 0) < 0)
        _exit(127);
    close(file);
}

/* In the child: takes a request apart. */
SERVER int begin(const char *request, unsigned length, pid_t server, const void *context, struct Memory *memory) {
    const char *name = request, *arguments;
    while (*name++)
        ;
    for (arguments = name; *arguments++;)
        ;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != server || chdir(request) || dup2(2, 1) < 0)
        _exit(127);
    return compile(name, arguments, (size_t)(request + length - arguments), context, memory);
}

/* Whether clang starts another process for a request: for assembly that is preprocessed. */
SERVER int has_assembly(const char *request, unsigned length) {
    for (unsigned at = 2; at < length; at++)
        if (request[at] == '"' && request[at - 1] == 'S' && request[at - 2] == '.')
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
        struct rusage used;
        struct Memory *memory = has_assembly(request, length) ? 0 : region;
        pid_t child = fork();
        if (child == 0 && region && !memory)
            leave_region(region);
        if (child == 0)
            return begin(request, length, server, context, memory);
        said[0] = -1, said[1] = 0;
        if (child > 0 && wait4(child, &said[0], 0, &used) == child)
            said[1] = microseconds(&used.ru_utime) + microseconds(&used.ru_stime);
        else
            said[0] = -1;
        if (memory)
            keep_region(memory);
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
