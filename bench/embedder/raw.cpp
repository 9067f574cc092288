#include <cstdio>
#include <dlfcn.h>

int main(int, char** arguments) {
  void* const module = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  void* const found = module != nullptr ? dlsym(module, "tiny_fn") : nullptr;
  if (found == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  const int answer = reinterpret_cast<int (*)(int)>(found)(1);
  dlclose(module);
  return answer;
}
