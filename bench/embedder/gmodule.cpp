#include <cstdio>
#include <gmodule.h>

int main(int, char** arguments) {
  GModule* const module = g_module_open(arguments[1], G_MODULE_BIND_LOCAL);
  void* found = nullptr;
  if (module == nullptr || !g_module_symbol(module, "tiny_fn", &found)) {
    std::fprintf(stderr, "%s\n", g_module_error());
    return 1;
  }
  const int answer = reinterpret_cast<int (*)(int)>(found)(1);
  g_module_close(module);
  return answer;
}
