int run(const char *code) {
    static void *const to[] = {&&add, &&end, &&twice};
    int sum = 0;
next:
    goto *to[*code++ & 1];
add:
    sum++;
    goto next;
twice:
    sum *= 2;
    goto next;
end:
    return sum;
}
int pick(int x) {
    switch (x) {
    case 1: return 10;
    case 2: return 30;
    case 3 ... 9: return x;
    case 70: return 4;
    }
    return -1;
}
