// What do the flags of tenure-plugin save? The same source, built without and with them.
#include "load.hpp"
#include "ours.hpp"

#include <dlfcn.h>

namespace bench {
namespace {

body raw_load(const std::string& file) {
  return [file](benchmark::State& s) {
    for (auto _ : s) {
      void* const handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
      benchmark::DoNotOptimize(handle);
      dlclose(handle);
    }
    must_be_gone(file, "dlclose");
  };
}

} // namespace

void ask_plugin_builds(suite& s, module_files& files) {
  s.add("load, tiny", "tenure-plugin's flags", role::ours, raw_load(files.copy("tiny_plugin")));
  s.add("load, 1,000 relocations", "dlopen", role::raw, raw_load(files.copy("table")));
  s.add("load, 1,000 relocations", "tenure-plugin's flags", role::ours, raw_load(files.copy("table_plugin")));
}

} // namespace bench
