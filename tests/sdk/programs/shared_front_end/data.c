int a[100] = {1, 2, 3};
const char *b = "text";
extern int c;
int *d = &c;
_Thread_local int e = 4;
int f __attribute__((section("own"), used)) = 5;
