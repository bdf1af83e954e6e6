__asm__(".globaltype __stack_pointer, i32\n");
extern int renamed(int) __asm__("other_name");
int inline_word(int x) {
    int y;
    __asm__("local.get %1\nlocal.set %0" : "=r"(y) : "r"(x));
    return renamed(y);
}
