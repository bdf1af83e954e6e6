#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv) {
  void *plugin = dlopen(argc > 1 ? argv[1] : "plugin.wasm", RTLD_NOW);
  int (*answer)(int) = plugin ? (int (*)(int))dlsym(plugin, "answer") : 0;
  if (!answer) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  printf("the plugin says %d\n", answer(6));
  return 0;
}
