#include "ours.hpp"

#include "../peers/tenure.hpp"
#include "copy.hpp"
#include "floors.hpp"
#include "load.hpp"
#include "memory.hpp"
#include "open.hpp"
#include "symbol.hpp"

#include <tenure/shortcut.hpp>

namespace bench {
namespace {

// Looked up once for this place in the program.
body find_by_static(std::shared_ptr<tenure_default> module) {
  return [module](benchmark::State& s) {
    const tenure::module& m = module->held();
    for (auto _ : s) {
      static constinit tenure::shortcut<int(int)> found("tiny_fn");
      int (*address)(int) = &found.in(m);
      benchmark::DoNotOptimize(address);
    }
  };
}

void prepare_all_ways() {
  for (const auto prepare_one :
       {prepare<tenure_default>, prepare<tenure_striped>, prepare<tenure_immediate>, prepare<tenure_unchecked>})
    prepare_one();
}

} // namespace

void ask_ours_together(suite& s, module_files& files) {
  prepare_all_ways();
  ask_our_copies(s, files);
  ask_open<tenure_default>(s, files);
  ask_open<tenure_striped>(s, files);
  ask_symbol<tenure_default>(s, files);
  ask_symbol<tenure_striped>(s, files);
  const auto tiny = std::make_shared<tenure_default>(files.copy("tiny"));
  s.add("symbol, a static of the call's place", plain_name, role::ours, find_by_static(tiny));
  ask_our_calls(s, files);
  ask_our_objects(s, files);
  ask_load<tenure_immediate>(s, files);
  ask_load<tenure_unchecked>(s, files);
  ask_plugin_builds(s, files);
  const std::string path(path_length, 'p');
  s.add("open, 1 module", "hash, compare, count", role::floor, hash_compare_count(path));
  s.add("symbol again, tiny", "hash, compare, count", role::floor, hash_compare_count("tiny_fn"));
  s.add("symbol again, one of 1,000", "hash, compare, count", role::floor, hash_compare_count("medium_500"));
}

void ask_ours_alone(suite& s, module_files& files) {
  prepare<tenure_default>();
  const tenure_default held(files.copy("tiny"));
  s.add("copy, process of one thread", plain_name, role::ours, copy_and_drop(held.held()));
  s.add("copy, process of one thread", "std::shared_ptr", role::peer,
        copy_and_drop(std::make_shared<int>(1)));
  s.add("copy, process of one thread", "plain add, subtract", role::floor, plain_pair);
  s.run(); // while `held` lives
}

void ask_ours_thousand(suite& s, module_files& files, const std::vector<std::string>& resident) {
  prepare_all_ways();
  ask_open_many<tenure_default>(s, resident, "open, 1,000 modules");
  ask_open_many<tenure_striped>(s, resident, "open, 1,000 modules");
  ask_load_one_more<tenure_immediate>(s, files);
  ask_load_one_more<tenure_unchecked>(s, files);
}

void ask_ours_beside_loads(suite& s, module_files& files, loading_pace pace) {
  ask_beside_loads<tenure_default>(s, files, pace);
  ask_idle_tail(s, files, pace);
}

void ask_ours_scale(suite& s, const std::vector<std::string>& resident) {
  prepare<tenure_default>();
  ask_open_many<tenure_default>(s, resident, scale_question(resident.size()));
}

double our_heap_bytes(const std::vector<std::string>& files) { return heap_bytes_of<tenure_default>(files); }

} // namespace bench
