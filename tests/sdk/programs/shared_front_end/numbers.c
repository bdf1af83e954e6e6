typedef float four __attribute__((vector_size(16)));
struct big { int at[40]; };
_Complex double times(_Complex double a, _Complex double b) { return a * b; }
four add(four a, four b) { return a + b * 2; }
unsigned __int128 wide(unsigned __int128 a, unsigned b) { return a / b; }
long double most(long double a) { return a * a; }
int array(int n) {
    int all[n];
    for (int i = 0; i < n; i++)
        all[i] = i;
    return all[n / 2];
}
struct big copy(struct big of) {
    of.at[3] = 1;
    return of;
}
