// What do the flags of tenure-plugin save? The same source, built without them, with all, and with each by
// itself. -fno-gnu-unique saves no time: without it a module may never go.
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
  const auto ask = [&](const char* question, const char* who, role as, const char* module) {
    s.add(question, who, as, raw_load(files.copy(module)));
  };
  ask("load, tiny", "tenure-plugin's flags", role::ours, "tiny_plugin");
  ask("load, tiny", "-z noseparate-code alone", role::ours, "tiny_noseparate");
  ask("load, 1,000 relocations", "dlopen", role::raw, "table");
  ask("load, 1,000 relocations", "tenure-plugin's flags", role::ours, "table_plugin");
  ask("load, 1,000 relocations", "-Bsymbolic alone", role::ours, "table_symbolic");
  ask("load, 1,000 functions for the module alone", "dlopen", role::raw, "inner");
  ask("load, 1,000 functions for the module alone", "-fvisibility=hidden alone", role::ours, "inner_hidden");
}

} // namespace bench
