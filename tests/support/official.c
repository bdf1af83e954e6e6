/* clang, clang++ and llvm-ar of a release whose `clang-22` is zig: the program's name says what it is, and clang's own headers
   lie where a release has them. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
  static char zig[4096], own[4200];
  char *words[argc + 4];
  const char *called = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
  ssize_t length = readlink("/proc/self/exe", zig, sizeof zig - 16);
  int n = 0;
  if (length < 0) return 127;
  zig[length] = 0;
  *strrchr(zig, '/') = 0;
  *strrchr(zig, '/') = 0;
  snprintf(own, sizeof own, "-resource-dir=%s/lib/clang/22", zig);
  strcat(zig, "/bin/clang-22");
  words[n++] = zig;
  words[n++] = strstr(called, "clang") ? "clang" : "ar";
  if (strstr(called, "clang")) words[n++] = own;
  if (strstr(called, "clang++")) words[n++] = "--driver-mode=g++";
  memcpy(words + n, argv + 1, argc * sizeof *argv);
  execv(zig, words);
  return 127;
}
