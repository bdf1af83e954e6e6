#include <stdio.h>
#include <dirent.h>
#include <sys/stat.h>
int main(void) {
    char b[9] = "";
    FILE *f;
    mkdir("/d", 0777);
    f = fopen("/d/x", "w");
    fputs("works", f);
    fclose(f);
    f = fopen("/d/x", "r");
    fgets(b, 9, f);
    puts(b);
    fclose(f);
    DIR *d = opendir("/d");
    int n = 0;
    while (readdir(d)) n++;
    printf("%d\n", n);
    return 0;
}
