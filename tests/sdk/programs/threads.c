#include <pthread.h>
#include <stdio.h>
static void *f(void *p) {
    return p;
}
int main(void) {
    pthread_t t;
    void *r = 0;
    pthread_create(&t, 0, f, "works");
    pthread_join(t, &r);
    puts(r);
    return 0;
}
