// What do a load and an unload cost, its file in the page cache?
#ifndef TENURE_BENCH_QUESTIONS_LOAD_HPP
#define TENURE_BENCH_QUESTIONS_LOAD_HPP

#include "../peers/way.hpp"
#include "../speed/module_files.hpp"
#include "../speed/suite.hpp"

#include <fmt/core.h>

#include <stdexcept>

#include <dlfcn.h>

namespace bench {

// Of this very file, by any name.
inline bool is_loaded(const std::string& file) {
  void* const handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
  if (handle != nullptr) dlclose(handle);
  return handle != nullptr;
}

// Who keeps a module would be timed for nothing.
inline void must_be_gone(const std::string& file, const char* who) {
  if (is_loaded(file)) throw std::runtime_error(fmt::format("{} did not unload {}", who, file));
}

template <way W> body load_and_unload(const std::string& file) {
  return [file, path = W::path_of(file)](benchmark::State& s) {
    for (auto _ : s) {
      const W module(path);
      escape(module);
    }
    must_be_gone(file, W::name);
  };
}

template <way W> void ask_load(suite& s, module_files& files) {
  s.add("load, tiny", W::name, W::as, load_and_unload<W>(files.copy("tiny")));
  s.add("load, 1,000 symbols", W::name, W::as, load_and_unload<W>(files.copy("medium")));
  s.add("load, object", W::name, W::as, load_and_unload<W>(files.copy("object")));
}

template <way W> void ask_load_one_more(suite& s, module_files& files) {
  s.add("load, 1,000 others loaded", W::name, W::as, load_and_unload<W>(files.copy("tiny")));
}

} // namespace bench

#endif
