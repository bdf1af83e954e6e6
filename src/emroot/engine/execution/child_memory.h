/* Memory for the compilers that a server forks: one region that belongs to the server and stays when a child ends.
 *
 * A child that takes memory from Linux has each page of it faulted in and cleared, which is a tenth of the time of a compile in C++, and a
 * quarter in C. Huge pages do not help where Linux runs in a virtual machine: a host takes them back when a child ends. In the region a
 * child finds huge pages that are there, and clears only what it is given.
 *
 * A child has Linux send itself a signal (by a filter, see seccomp(2)) where the compiler asks for memory, and its handler does what the
 * system call would have done, with memory of the region. No other process can have this: the filter refuses to start one, and to execute
 * another program. What failed is repeated without all of this (see forkserver.py). */
#if !defined NO_MEMORY && defined __linux__ && defined __x86_64__ && __has_include(<linux/seccomp.h>)
#include <sys/syscall.h>
#endif
#if !defined NO_MEMORY && defined SYS_seccomp
#define HAS_MEMORY 1
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <ucontext.h>
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW 4
#endif

#define REGION_SIZE ((uintptr_t)3 << 30)
#define STAYS ((uintptr_t)128 << 20) /* of the region, at most */
#define SPANS 128

/* In the server: memory for its children. Null if there is none. */
SERVER struct Memory *memory_for_children(void);

struct Span {
    uintptr_t from, to;
};

struct Memory {
    int lock;               /* whether a thread of the child is at it */
    uintptr_t begin, limit; /* of the region */
    uintptr_t mapped;       /* so far in this child */
    uintptr_t end;          /* of what this child has got */
    uintptr_t used;         /* by any child: what is beyond is zero */
    uintptr_t huge;         /* what is before has huge pages, if Linux has */
    uintptr_t may_be_huge;  /* up to here, more with each child: huge pages are slow to get */
    int free;               /* number of spans that this child has returned, and that are not next to the end */
    struct Span spans[SPANS];
};

/* Where the record of a region lies that begins here. It is shared with children, as all of the region. */
#define MEMORY_OF(begin) ((struct Memory *)((begin) + REGION_SIZE - HUGE_PAGE))

/* In the server: a region at this address, a multiple of huge pages. Null if there is none. */
SERVER struct Memory *make_region(uintptr_t begin) {
    struct rlimit space;
    if (CALL(prlimit64, 0, RLIMIT_AS, 0, &space, 0, 0) || space.rlim_cur != RLIM_INFINITY)
        return 0;
    int flags = MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    void *region = mmap((void *)begin, REGION_SIZE, PROT_READ | PROT_WRITE, flags, -1, 0);
    struct Memory *memory = MEMORY_OF(begin);
    if (region == MAP_FAILED)
        return 0;
    if (region != (void *)begin || madvise(region, PAGE, MADV_POPULATE_READ)) { /* Linux 5.14 and later */
        munmap(region, REGION_SIZE);
        return 0;
    }
    memory->begin = memory->used = memory->huge = memory->may_be_huge = begin;
    memory->limit = (uintptr_t)memory;
    return memory;
}

/* In a child that is not to have it. */
SERVER void leave_region(struct Memory *memory) {
    munmap((void *)memory->begin, REGION_SIZE);
}

/* In the server, after a child. */
SERVER void keep_region(struct Memory *memory) {
    uintptr_t stays = memory->begin + STAYS;
    if (memory->used > stays && madvise((void *)stays, memory->used - stays, MADV_REMOVE) == 0)
        memory->used = stays;
}

SERVER void clear(uintptr_t from, uintptr_t to) {
    uintptr_t count = to > from ? to - from : 0;
    __asm__ volatile("rep stosb" : "+D"(from), "+c"(count) : "a"(0) : "memory");
}

/* Gives the child cleared memory up to `to`. Returns 0 where there is no more. */
SERVER int extend(struct Memory *memory, uintptr_t to) {
    if (to > memory->limit)
        return 0;
    if (to > memory->mapped) {
        uintptr_t next = (to + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
        uintptr_t huge = next < memory->may_be_huge ? next : memory->may_be_huge;
        if (huge > memory->huge) {
            for (uintptr_t page = memory->huge; page < huge; page += HUGE_PAGE)
                (void)*(volatile char *)page; /* one small page, or there is nothing to make a huge one of */
            madvise((void *)memory->huge, huge - memory->huge, MADV_COLLAPSE); /* Linux 6.1 and later */
            memory->huge = huge;
        }
        madvise((void *)memory->mapped, next - memory->mapped, MADV_POPULATE_READ);
        memory->mapped = next;
    }
    clear(memory->end, to < memory->used ? to : memory->used);
    memory->end = to;
    if (memory->used < to)
        memory->used = to;
    return 1;
}

/* What MADV_DONTNEED does to memory that is not shared. */
SERVER void discard(uintptr_t from, uintptr_t size) {
    clear(from, from + ((size + PAGE - 1) & ~(PAGE - 1)));
}

/* ---- In a child: system calls that become signals. ---- */

__attribute__((section("server"), naked, used)) static void back(void) {
    __asm__("mov $15, %eax; syscall"); /* rt_sigreturn */
}

SERVER void step(struct sock_filter **next, unsigned code, unsigned yes, unsigned no, unsigned value) {
    struct sock_filter *filter = (*next)++;
    filter->code = (unsigned short)code, filter->jt = (unsigned char)yes, filter->jf = (unsigned char)no, filter->k = value;
}

/* Instructions of a filter; `next` is where the next one goes. `yes` and `no`: how many instructions are skipped then. Only the lower half
 * of an argument is loaded, or the upper one. */
#define LOAD(field) step(&next, BPF_LD | BPF_W | BPF_ABS, 0, 0, (unsigned)offsetof(struct seccomp_data, field))
#define LOAD_HIGH(field) step(&next, BPF_LD | BPF_W | BPF_ABS, 0, 0, (unsigned)offsetof(struct seccomp_data, field) + 4)
#define IF_EQUAL(value, yes, no) step(&next, BPF_JMP | BPF_JEQ | BPF_K, yes, no, value)
#define IF_MORE(value, yes, no) step(&next, BPF_JMP | BPF_JGT | BPF_K, yes, no, value)
#define IF_ANY(bits, yes, no) step(&next, BPF_JMP | BPF_JSET | BPF_K, yes, no, bits)
#define ANSWER(what) step(&next, BPF_RET | BPF_K, 0, 0, what)

typedef void (*Handler)(int, siginfo_t *, void *);

/* Has the handler answer the system calls that a filter traps, from the begin of the region. The filter has to leave SIGSYS to it. */
SERVER void answer_calls(struct Memory *memory, Handler handler, struct sock_filter *filter, const struct sock_filter *end) {
    struct sock_fprog program;
    struct {
        Handler handler;
        unsigned long flags;
        void (*restorer)(void);
        unsigned long mask;
    } action;
    memory->end = memory->mapped = memory->begin;
    if (memory->may_be_huge < memory->begin + STAYS) /* one page more for each child */
        memory->may_be_huge += HUGE_PAGE;
    memory->free = memory->lock = 0; /* a child may have been killed while it had the lock */
    action.handler = handler, action.flags = SA_SIGINFO | 0x04000000 /* SA_RESTORER */, action.restorer = back, action.mask = 0;
    program.len = (unsigned short)(end - filter), program.filter = filter;
    if (CALL(rt_sigaction, SIGSYS, &action, 0, sizeof action.mask, 0, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        CALL(seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program, 0, 0, 0);
}

SERVER void lock(struct Memory *memory) {
    while (__atomic_exchange_n(&memory->lock, 1, __ATOMIC_ACQUIRE))
        CALL(sched_yield, 0, 0, 0, 0, 0, 0);
}

SERVER void unlock(struct Memory *memory) {
    __atomic_store_n(&memory->lock, 0, __ATOMIC_RELEASE);
}
#else
struct Memory {
    char none;
};

SERVER struct Memory *memory_for_children(void) {
    return 0;
}

SERVER void keep_region(struct Memory *memory) {
    (void)memory;
}

SERVER void leave_region(struct Memory *memory) {
    (void)memory;
}
#endif
