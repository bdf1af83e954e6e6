/* Fork servers for a statically linked clang, into which nothing can be preloaded (Linux, x86-64). Modes:
 *
 * `serve MINIMUM COMPILER` starts the compiler and stops it where it opens its response file, puts the template of `forkserver.h` into its
 *     memory and has it run that. Children of servers then go on there, in a process with the compiler's own program file
 *     (`/proc/self/exe`). A compiler may be a launcher that executes another program, with more arguments: the first program file of
 *     MINIMUM bytes or more counts. Of its arguments those remain that precede all options, as the name of a tool in a program of many.
 * `resolve SERVER` is for launchers: for each request on descriptor 0 (see `forkserver.h`) it starts what the request says, until
 *     that executes the program of the process SERVER, and writes with which arguments it did: a length (4 bytes) and that many bytes,
 *     each argument ended by a zero byte; nothing (length 0) where it did not, or has changed directory or environment.
 */
#if !defined __linux__ || !defined __x86_64__
#error "this is for Linux on x86-64"
#endif
#if !defined __clang__
#pragma GCC optimize("no-tree-loop-distribute-patterns") /* loops remain loops: memset would not be there */
#endif
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME_SIZE 4096

/* What the template has to know, behind its code. */
struct Start {
    struct user_regs_struct registers; /* where the compiler opens the response file */
    uintptr_t *stack;                  /* as if Linux had made it: count, arguments, environment, auxiliary vector */
    char *name;                        /* argument 0, with room for NAME_SIZE bytes */
    int thread;                        /* that its C library knows */
    char nothing[16], label[16];       /* /dev/null, and a name for files of arguments */
};

static int enter(const struct Start *start);
extern const char __start_server[], __stop_server[];

/* ---- The other process: started and stopped. ---- */

struct Path {
    char text[64];
};

static struct Path file_of(pid_t process, const char *name) {
    struct Path path;
    snprintf(path.text, sizeof path.text, "/proc/%d/%s", (int)process, name);
    return path;
}

static int program_of(pid_t process, struct stat *program) {
    return stat(file_of(process, "exe").text, program) == 0;
}

/* The whole content of a file of /proc, and its size. To be freed. */
static char *content_of(pid_t process, const char *name, size_t *size) {
    char *content = 0;
    size_t room = 0;
    int file = open(file_of(process, name).text, O_RDONLY | O_CLOEXEC);
    *size = 0;
    while (file >= 0) {
        if (*size == room && !(content = realloc(content, room = 2 * room + 65536)))
            _exit(1);
        ssize_t got = read(file, content + *size, room - *size);
        if (got <= 0)
            break;
        *size += (size_t)got;
    }
    if (file >= 0)
        close(file);
    return content;
}

static pid_t start(char **argv, const char *directory) {
    pid_t process = fork();
    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if ((directory && chdir(directory)) || ptrace(PTRACE_TRACEME, 0, 0, 0))
            _exit(127);
        execv(argv[0], argv);
        _exit(127);
    }
    return process;
}

/* Goes on with a process until it has executed the next program, and stops it there. Returns 0 if it has ended, and was waited for. */
static int next_program(pid_t process) {
    int status, given = 0;
    while (waitpid(process, &status, 0) == process && WIFSTOPPED(status)) {
        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8))
            return 1;
        given = WSTOPSIG(status);
        if (given == SIGTRAP) { /* the first program, before the option is set */
            ptrace(PTRACE_SETOPTIONS, process, 0, PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
            return 1;
        }
        ptrace(PTRACE_CONT, process, 0, given);
    }
    return 0;
}

/* ---- serve ---- */

static int put(pid_t process, uintptr_t at, const void *bytes, size_t count) {
    int memory = open(file_of(process, "mem").text, O_RDWR | O_CLOEXEC);
    ssize_t written = memory < 0 ? -1 : pwrite(memory, bytes, count, (off_t)at);
    if (memory >= 0)
        close(memory);
    return written == (ssize_t)count;
}

/* Up to `count` bytes of its memory. Returns how many there are. */
static size_t memory_of(pid_t process, uintptr_t at, void *bytes, size_t count) {
    int memory = open(file_of(process, "mem").text, O_RDONLY | O_CLOEXEC);
    ssize_t got = memory < 0 ? -1 : pread(memory, bytes, count, (off_t)at);
    if (memory >= 0)
        close(memory);
    return got < 0 ? 0 : (size_t)got;
}

/* Gives a program that has not begun a stack with other arguments: those that precede all options, and the response file. */
static int put_arguments(pid_t process, struct Start *start) {
    static const char response[] = "@" RESPONSE_FILE;
    static uintptr_t old[1 << 16], new[1 << 16];
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, process, 0, &registers))
        return 0;
    size_t words = memory_of(process, registers.rsp, old, sizeof old) / sizeof *old, count = old[0], kept = 1, at = count + 2, end;
    if (words < at || count < 2)
        return 0;
    for (end = at; end < words && old[end]; end++) /* the environment */
        ;
    for (end++; end + 1 < words && old[end]; end += 2) /* the auxiliary vector */
        ;
    end += 2;
    char name[NAME_SIZE] = "", first[1];
    if (end > words || !memory_of(process, old[1], name, sizeof name - 1))
        return 0;
    while (kept + 1 < count && memory_of(process, old[1 + kept], first, 1) && *first != '-' && *first != '@')
        kept++;
    uintptr_t to = (registers.rsp - sizeof response) & ~(uintptr_t)15;
    if (!put(process, to, response, sizeof response) || !put(process, to - NAME_SIZE, name, sizeof name))
        return 0;
    start->name = (char *)(to - NAME_SIZE);
    size_t next = 0;
    new[next++] = kept + 1;
    new[next++] = to - NAME_SIZE;
    for (size_t i = 1; i < kept; i++)
        new[next++] = old[1 + i];
    new[next++] = to;
    new[next++] = 0;
    for (size_t i = at; i < end; i++)
        new[next++] = old[i];
    registers.rsp = (to - NAME_SIZE - next * sizeof *new) & ~(uintptr_t)15;
    start->stack = (uintptr_t *)registers.rsp;
    return put(process, registers.rsp, new, next * sizeof *new) && !ptrace(PTRACE_SETREGS, process, 0, &registers);
}

/* Goes on with a process to its next system call, or to the end of that. */
static int next_call(pid_t process, struct user_regs_struct *registers) {
    int status, given = 0;
    while (!ptrace(PTRACE_SYSCALL, process, 0, given) && waitpid(process, &status, 0) == process && WIFSTOPPED(status)) {
        given = WSTOPSIG(status);
        if (given == SIGTRAP)
            return !ptrace(PTRACE_GETREGS, process, 0, registers);
    }
    return 0;
}

static int opens_response_file(pid_t process, const struct user_regs_struct *registers) {
    char path[sizeof RESPONSE_FILE];
    int at = registers->orig_rax == SYS_openat;
    if ((long long)registers->rax != -ENOSYS || (!at && registers->orig_rax != SYS_open)) /* -ENOSYS: the call begins */
        return 0;
    return memory_of(process, at ? registers->rsi : registers->rdi, path, sizeof path) == sizeof path && !memcmp(path, RESPONSE_FILE, sizeof path);
}

/* Goes on with a process that has executed its program just now, puts the template into it, and lets it go. */
static int put_template(pid_t process) {
    struct Start start = {.nothing = "/dev/null", .label = "arguments", .thread = (int)process};
    struct user_regs_struct now;
    size_t code = (size_t)(__stop_server - __start_server), size = code + sizeof start + 16;
    if (!put_arguments(process, &start))
        return 0;
    do
        if (!next_call(process, &start.registers))
            return 0;
    while (!opens_response_file(process, &start.registers));
    now = start.registers; /* it maps memory instead */
    now.orig_rax = SYS_mmap, now.rdi = 0, now.rsi = size, now.rdx = PROT_READ | PROT_EXEC;
    now.r10 = MAP_PRIVATE | MAP_ANONYMOUS, now.r8 = (unsigned long long)-1, now.r9 = 0;
    if (ptrace(PTRACE_SETREGS, process, 0, &now) || !next_call(process, &now) || now.rax > (unsigned long long)-4096)
        return 0;
    uintptr_t region = now.rax, behind = (region + code + 15) & ~(uintptr_t)15;
    if (!put(process, region, __start_server, code) || !put(process, behind, &start, sizeof start))
        return 0;
    now.rip = region + (uintptr_t)((const char *)enter - __start_server);
    now.rdi = behind, now.orig_rax = (unsigned long long)-1;
    now.rsp = ((start.registers.rsp - 256) & ~(uintptr_t)15) - 8; /* as after a call, beyond what a function may use below */
    return !ptrace(PTRACE_SETREGS, process, 0, &now) && !ptrace(PTRACE_DETACH, process, 0, 0);
}

static int serve_with(long long minimum, char *compiler) {
    struct stat program;
    char *argv[] = {compiler, "@" RESPONSE_FILE, 0};
    pid_t process = start(argv, 0);
    close(0); /* the socket is the template's */
    while (next_program(process)) {
        if (!program_of(process, &program) || program.st_size < minimum) {
            ptrace(PTRACE_CONT, process, 0, 0);
            continue;
        }
        int put = put_template(process);
        if (!put)
            kill(process, SIGKILL);
        waitpid(process, 0, 0);
        return !put;
    }
    return 1;
}

/* ---- resolve ---- */

static int same_directory(pid_t process, const char *directory) {
    struct stat its, wanted;
    return !stat(file_of(process, "cwd").text, &its) && !stat(directory, &wanted) && its.st_dev == wanted.st_dev && its.st_ino == wanted.st_ino;
}

/* The arguments with which a program executes the server's. Empty (size 0) where it does not. To be freed. */
static char *resolve(char *request, unsigned length, const struct stat *program, const char *env, size_t env_size, size_t *size) {
    char **argv = calloc(length + 1, sizeof *argv), *found = 0;
    int count = 0;
    struct stat now;
    for (unsigned at = 0; at + 1 < length; at++)
        if (request[at] == 0)
            argv[count++] = request + at + 1;
    *size = 0;
    pid_t process = start(argv, request);
    free(argv);
    while (process > 0 && next_program(process)) {
        if (program_of(process, &now) && now.st_dev == program->st_dev && now.st_ino == program->st_ino) {
            size_t its_size;
            char *its = content_of(process, "environ", &its_size);
            if (its_size == env_size && !memcmp(its, env, env_size) && same_directory(process, request))
                found = content_of(process, "cmdline", size);
            free(its);
            kill(process, SIGKILL);
            waitpid(process, 0, 0);
            break;
        }
        ptrace(PTRACE_CONT, process, 0, 0);
    }
    return found;
}

static int whole(ssize_t (*move)(int, void *, size_t), int file, void *bytes, size_t count) {
    for (char *at = bytes; count;) {
        ssize_t moved = move(file, at, count);
        if (moved <= 0)
            return 0;
        at += moved;
        count -= (size_t)moved;
    }
    return 1;
}

static int resolve_for(pid_t server) {
    struct stat program;
    size_t env_size, size;
    unsigned length;
    char *env = content_of(server, "environ", &env_size);
    int out = fcntl(1, F_DUPFD_CLOEXEC, 3), nothing = open("/dev/null", O_RDWR);
    int in = fcntl(0, F_DUPFD_CLOEXEC, 3);
    if (!program_of(server, &program) || out < 0 || in < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0)
        return 1;
    while (whole(read, in, &length, sizeof length)) {
        char *request = malloc(length), *found = 0;
        if (!request || !whole(read, in, request, length))
            break;
        found = resolve(request, length, &program, env, env_size, &size);
        unsigned answer = (unsigned)size;
        if (!whole((ssize_t(*)(int, void *, size_t))write, out, &answer, sizeof answer) ||
            !whole((ssize_t(*)(int, void *, size_t))write, out, found, size))
            break;
        free(found);
        free(request);
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 4 && !strcmp(argv[1], "serve"))
        return serve_with(atoll(argv[2]), argv[3]);
    if (argc == 3 && !strcmp(argv[1], "resolve"))
        return resolve_for((pid_t)atoi(argv[2]));
    return 2;
}

/* ---- The template: code that is copied into another process, in a section of its own. It has no library and no data there, and
 * nothing that its instructions would not find in the copy: neither strings nor tables. ---- */

#define SERVER static __attribute__((section("server"), noinline, used))

SERVER long call(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return number;
}

#define CALL(name, a, b, c, d, e, f) call(SYS_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define ftruncate(file, size) CALL(ftruncate, file, size, 0, 0, 0, 0)
#define lseek(file, to, from) CALL(lseek, file, to, from, 0, 0, 0)
#define read(file, to, count) (ssize_t)CALL(read, file, to, count, 0, 0, 0)
#define write(file, from, count) (ssize_t)CALL(write, file, from, count, 0, 0, 0)
#define close(file) CALL(close, file, 0, 0, 0, 0, 0)
#define open_file(path, flags) (int)CALL(open, path, flags, 0, 0, 0, 0)
#define memfd_create(name, flags) (int)CALL(memfd_create, name, flags, 0, 0, 0, 0)
#define dup2(from, to) CALL(dup2, from, to, 0, 0, 0, 0)
#define chdir(path) CALL(chdir, path, 0, 0, 0, 0, 0)
#define fork() (pid_t)CALL(fork, 0, 0, 0, 0, 0, 0)
#define getpid() (pid_t)CALL(getpid, 0, 0, 0, 0, 0, 0)
#define getppid() (pid_t)CALL(getppid, 0, 0, 0, 0, 0, 0)
#define wait4(process, status, options, used) (pid_t)CALL(wait4, process, status, options, used, 0, 0)
#define recvmsg(socket, message, flags) CALL(recvmsg, socket, message, flags, 0, 0, 0)
#define prctl(option, a, b, c, d) CALL(prctl, option, a, b, c, d, 0)
#define madvise(at, size, advice) CALL(madvise, at, size, advice, 0, 0, 0)
#define mprotect(at, size, kind) CALL(mprotect, at, size, kind, 0, 0, 0)
#define munmap(at, size) CALL(munmap, at, size, 0, 0, 0, 0)
#define mremap(at, old, new, flags, to) CALL(mremap, at, old, new, flags, to, 0)
#define mmap(at, size, kind, flags, file, offset) mapped(CALL(mmap, at, size, kind, flags, file, offset))
#define memcpy(to, from, count) copy_bytes(to, from, count)
#define _exit(code) for (;;) CALL(exit_group, code, 0, 0, 0, 0, 0)

SERVER void *mapped(long result) {
    return result < 0 && result > -4096 ? MAP_FAILED : (void *)result;
}

SERVER void copy_bytes(void *to, const void *from, size_t count) {
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

#include "forkserver.h"

/* Allocators take memory with `mmap`, often in parts of 64 KiB. (A C library may take it with `brk`, too, which is left to Linux.) */
#ifdef HAS_MEMORY
#define REGION ((uintptr_t)0x210000000000) /* all that the same 4 GiB contain */
#define LARGEST ((uintptr_t)16 << 20)      /* larger parts come from Linux */
#define ALIGNMENT ((uintptr_t)1 << 16)     /* some take nearly twice of that to have it aligned, and return the rest */
#define MEMORY MEMORY_OF(REGION)

/* Returns 0 where there is no more. */
SERVER uintptr_t take(struct Memory *memory, uintptr_t size) {
    if (size == 0)
        return (uintptr_t)-EINVAL;
    for (int i = 0; i < memory->free; i++) {
        struct Span *span = &memory->spans[i];
        if (span->to - span->from >= size) {
            uintptr_t at = span->from;
            span->from += size;
            if (span->from == span->to)
                *span = memory->spans[--memory->free];
            clear(at, at + size);
            return at;
        }
    }
    uintptr_t at = memory->end, aligned = (at + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (size >= ALIGNMENT && aligned > at && memory->free < SPANS && extend(memory, aligned)) {
        struct Span *span = &memory->spans[memory->free++];
        span->from = at, span->to = aligned;
        at = aligned;
    }
    return extend(memory, at + size) ? at : 0;
}

SERVER void give_back(struct Memory *memory, uintptr_t from, uintptr_t to) {
    if (to > memory->end)
        to = memory->end;
    for (int i = 0; i < memory->free; i++) /* returned before: not twice */
        if (memory->spans[i].from < to && from < memory->spans[i].to)
            return;
    if (from >= to)
        return;
    if (to == memory->end)
        memory->end = from;
    else if (memory->free < SPANS) {
        struct Span *span = &memory->spans[memory->free++];
        span->from = from, span->to = to;
    }
}

/* Answers the signal: does what the system call would do. */
SERVER void allocate(int signal, siginfo_t *about, void *context) {
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs, number = registers[REG_RAX];
    uintptr_t from = (uintptr_t)registers[REG_RDI], size = ((uintptr_t)registers[REG_RSI] + PAGE - 1) & ~(PAGE - 1), result = 0;
    (void)signal, (void)about;
    lock(MEMORY);
    if (number == SYS_mmap)
        result = take(MEMORY, size);
    else if (number == SYS_munmap)
        give_back(MEMORY, from, from + size);
    else
        discard(from, size);
    unlock(MEMORY);
    if (number == SYS_mmap && !result) /* the filter ignores calls with this flag */
        result = (uintptr_t)CALL(mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    registers[REG_RAX] = (greg_t)result;
}

SERVER void use_region(struct Memory *memory) {
    struct sock_filter filter[64], *next = filter;
    LOAD(arch);
    IF_EQUAL(AUDIT_ARCH_X86_64, 1, 0);
    ANSWER(SECCOMP_RET_ALLOW);
    LOAD(nr);
    IF_EQUAL(SYS_mmap, 12, 0);
    IF_EQUAL(SYS_munmap, 21, 0);
    IF_EQUAL(SYS_mremap, 24, 0);
    IF_EQUAL(SYS_madvise, 27, 0);
    IF_EQUAL(SYS_mprotect, 32, 0);
    IF_EQUAL(SYS_rt_sigaction, 37, 0);
    IF_EQUAL(SYS_clone, 40, 0);
    IF_EQUAL(SYS_clone3, 43, 0);
    IF_EQUAL(SYS_fork, 41, 0);
    IF_EQUAL(SYS_vfork, 40, 0);
    IF_EQUAL(SYS_execve, 39, 0);
    IF_EQUAL(SYS_execveat, 38, 0);
    ANSWER(SECCOMP_RET_ALLOW);
    /* 17: mmap */
    LOAD(args[3]);
    IF_EQUAL(MAP_PRIVATE | MAP_ANONYMOUS, 0, 6);
    LOAD(args[2]);
    IF_EQUAL(PROT_READ | PROT_WRITE, 0, 4);
    LOAD_HIGH(args[1]);
    IF_EQUAL(0, 0, 2);
    LOAD(args[1]);
    IF_MORE(LARGEST, 0, 1);
    ANSWER(SECCOMP_RET_ALLOW);
    ANSWER(SECCOMP_RET_TRAP);
    /* 27: munmap */
    LOAD_HIGH(args[0]);
    IF_EQUAL((unsigned)(REGION >> 32), 1, 0);
    ANSWER(SECCOMP_RET_ALLOW);
    ANSWER(SECCOMP_RET_TRAP);
    /* 31: mremap, without which others copy */
    LOAD_HIGH(args[0]);
    IF_EQUAL((unsigned)(REGION >> 32), 1, 0);
    ANSWER(SECCOMP_RET_ALLOW);
    ANSWER(SECCOMP_RET_ERRNO | ENOMEM);
    /* 35: madvise */
    LOAD(args[2]);
    IF_EQUAL(MADV_DONTNEED, 0, 2);
    LOAD_HIGH(args[0]);
    IF_EQUAL((unsigned)(REGION >> 32), 1, 0);
    ANSWER(SECCOMP_RET_ALLOW);
    ANSWER(SECCOMP_RET_TRAP);
    /* 41: mprotect: what is returned could be used again */
    LOAD_HIGH(args[0]);
    IF_EQUAL((unsigned)(REGION >> 32), 0, 2);
    LOAD(args[2]);
    IF_ANY(PROT_EXEC, 0, 1);
    ANSWER(SECCOMP_RET_ALLOW);
    ANSWER(SECCOMP_RET_ERRNO);
    /* 47: rt_sigaction */
    LOAD(args[0]);
    IF_EQUAL(SIGSYS, 1, 0);
    ANSWER(SECCOMP_RET_ALLOW);
    ANSWER(SECCOMP_RET_ERRNO);
    /* 51: clone: threads only */
    LOAD(args[0]);
    IF_ANY(CLONE_THREAD, 0, 1);
    ANSWER(SECCOMP_RET_ALLOW);
    /* 54: no other process, no other program */
    ANSWER(SECCOMP_RET_ERRNO | EPERM);
    /* 55: clone3, which C libraries do without */
    ANSWER(SECCOMP_RET_ERRNO | ENOSYS);
    answer_calls(memory, allocate, filter, next);
}

SERVER struct Memory *memory_for_children(void) {
    return make_region(REGION);
}
#endif

/* Goes on where the registers were, with this result of a system call. */
__attribute__((section("server"), naked, used)) static void go_on(const struct user_regs_struct *registers, long result) {
    (void)registers, (void)result;
    __asm__("mov %rsi, %rax; mov 128(%rdi), %r11; mov (%rdi), %r15; mov 8(%rdi), %r14; mov 16(%rdi), %r13; mov 24(%rdi), %r12;"
            "mov 32(%rdi), %rbp; mov 40(%rdi), %rbx; mov 56(%rdi), %r10; mov 64(%rdi), %r9; mov 72(%rdi), %r8; mov 96(%rdi), %rdx;"
            "mov 104(%rdi), %rsi; mov 152(%rdi), %rsp; mov 112(%rdi), %rdi; jmp *%r11");
}

/* C libraries keep the number of a thread, for `raise`, at the begin of what belongs to it. */
SERVER void know_thread(int before) {
    int *own, now = (int)CALL(gettid, 0, 0, 0, 0, 0, 0);
    __asm__("mov %%fs:0, %0" : "=r"(own));
    for (int i = 0; own && i < 256; i++)
        if (own[i] == before)
            own[i] = now;
}

SERVER int compile(const char *name, const char *arguments, size_t length, const void *context, struct Memory *memory) {
    const struct Start *start = context;
    int file = file_with(start->label, arguments, length);
    copy_bytes(start->name, name, (size_t)(arguments - name));
    leave_requests(start->nothing);
    know_thread(start->thread);
#ifdef HAS_MEMORY
    if (memory)
        use_region(memory);
#endif
    (void)memory;
    go_on(&start->registers, file);
    __builtin_unreachable();
}

/* The program's own header says where it is in memory. */
SERVER int enter(const struct Start *start) {
    const ElfW(Phdr) *parts = 0;
    size_t count = 0;
    uintptr_t base = 0, *next = start->stack + 1 + start->stack[0] + 1;
    while (*next++)
        ;
    for (; *next; next += 2) {
        if (next[0] == AT_PHDR)
            parts = (const ElfW(Phdr) *)next[1];
        if (next[0] == AT_PHNUM)
            count = next[1];
    }
    for (size_t i = 0; i < count; i++)
        if (parts[i].p_type == PT_PHDR)
            base = (uintptr_t)parts - parts[i].p_vaddr;
    move_object(base, parts, count);
    return stand(start);
}
