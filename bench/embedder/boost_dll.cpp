#include <boost/dll/shared_library.hpp>

#include <cstdio>

int main(int, char** arguments) {
  try {
    const boost::dll::shared_library module(arguments[1], boost::dll::load_mode::rtld_now);
    return module.get<int(int)>("tiny_fn")(1);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
