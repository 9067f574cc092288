#include <cstdio>
#include <ltdl.h>

int main(int, char** arguments) {
  const bool ready = lt_dlinit() == 0;
  const lt_dlhandle module = ready ? lt_dlopen(arguments[1]) : nullptr;
  void* const found = module != nullptr ? lt_dlsym(module, "tiny_fn") : nullptr;
  if (found == nullptr) {
    std::fprintf(stderr, "%s\n", lt_dlerror());
    return 1;
  }
  const int answer = reinterpret_cast<int (*)(int)>(found)(1);
  lt_dlclose(module);
  return answer;
}
