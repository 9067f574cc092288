#include <tenure/tenure.hpp>

#include <cstdio>

int main(int, char** arguments) {
  tenure::manager<> modules;
  tenure::failure why;
  const tenure::module module = modules.open(arguments[1], why);
  const auto found = why ? tenure::symbol<int(int)>() : module.symbol<int(int)>("tiny_fn", why);
  if (why) {
    std::fprintf(stderr, "%s\n", why.what());
    return 1;
  }
  return found(1);
}
