#include "instructions.hpp"

#include "../peers/tenure.hpp"
#include "../support/command.hpp"
#include "churn.hpp"
#include "maker.hpp"

#include <fmt/core.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <vector>

#include <dlfcn.h>

#if __has_include(<valgrind/callgrind.h>)
#  include <valgrind/callgrind.h>
#else
#  define CALLGRIND_ZERO_STATS static_cast<void>(0)
#  define CALLGRIND_DUMP_STATS_AT(name) static_cast<void>(name)
#endif

namespace bench {
namespace {

namespace fs = std::filesystem;

constexpr unsigned warm_up = 100,
                   times = 1'000; // an open looks at its file at the first 64, then at every 4,096th

struct hot_path {
  const char* name; // in callgrind's files: QUESTION|WHO
  role as;
};
enum path_index : std::size_t {
  copy_exact,
  copy_striped,
  open_exact,
  open_striped,
  open_raw,
  symbol_exact,
  symbol_striped,
  symbol_raw,
  call_ours,
  call_raw,
  object_exact,
  object_striped,
  object_floor
};
constexpr hot_path paths[] = {
    {"copy|tenure", role::ours},
    {"copy|tenure, distributed", role::ours},
    {"open, 1 module|tenure", role::ours},
    {"open, 1 module|tenure, distributed", role::ours},
    {"open, 1 module|dlopen", role::raw},
    {"symbol again, tiny|tenure", role::ours},
    {"symbol again, tiny|tenure, distributed", role::ours},
    {"symbol again, tiny|dlsym", role::raw},
    {"call|tenure", role::ours},
    {"call|function pointer", role::raw},
    {"object|tenure, deferred_one", role::ours},
    {"object|tenure, distributed", role::ours},
    {"object|new, call, delete", role::floor},
};
std::string_view question_of(const hot_path& p) {
  return std::string_view(p.name).substr(0, std::string_view(p.name).find('|'));
}
std::string_view who_of(const hot_path& p) {
  return std::string_view(p.name).substr(std::string_view(p.name).find('|') + 1);
}

template <class Work> void count(const char* name, Work work) {
  for (unsigned i = 0; i != warm_up; ++i) work();
  CALLGRIND_ZERO_STATS;
  for (unsigned i = 0; i != times; ++i) work();
  CALLGRIND_DUMP_STATS_AT(name);
}

template <class W>
void count_ours(const W& held, const std::string& file, path_index copy, path_index open, path_index symbol) {
  count(paths[copy].name, [&held] {
    const tenure::module again(held.held());
    benchmark::ClobberMemory();
  });
  count(paths[open].name, [&file] {
    const W again(file);
    benchmark::ClobberMemory();
  });
  count(paths[symbol].name, [&held] {
    const auto found = held.symbol("tiny_fn");
    escape(found);
  });
}

void count_raw(const tenure_default& held, const std::string& file) {
  count(paths[open_raw].name, [&file] { dlclose(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)); });
  void* const handle = held.held().native_handle();
  count(paths[symbol_raw].name, [handle] { benchmark::DoNotOptimize(dlsym(handle, "tiny_fn")); });
}

void count_calls(const tenure_default& held) {
  const auto found = held.symbol("tiny_fn");
  const auto pointer = found.get();
  count(paths[call_ours].name, [&found] { benchmark::DoNotOptimize(found(1)); });
  count(paths[call_raw].name, [&pointer] { benchmark::DoNotOptimize(pointer(1)); });
}

template <class Policy> void count_objects(const std::string& file, path_index object) {
  tenure::manager<Policy> modules;
  const maker objects(modules.open(file), "make_object");
  count(paths[object].name, [&objects] {
    const auto made = objects.create();
    benchmark::DoNotOptimize(made->value());
  });
}

void count_held_objects(const std::string& file) {
  tenure::manager<> modules;
  const tenure::module held = modules.open(file);
  const auto make = held.symbol<make_object>("make_object");
  count(paths[object_floor].name, [&make] {
    object* const made = make();
    benchmark::DoNotOptimize(made->value());
    delete made;
  });
}

// What one dump says: how many instructions, and whether it met a function that allocates or locks.
struct profile {
  std::string name;
  double instructions = 0;
  unsigned allocates_or_locks = 0;
};

bool allocates_or_locks(std::string_view function) {
  constexpr std::string_view names[] = {
      "malloc", "calloc", "realloc", "free", "operator new", "pthread_mutex_lock", "pthread_rwlock_rdlock"};
  for (const std::string_view name : names)
    if (function.starts_with(name)) return true;
  return false;
}

// Of one time, to a tenth: to begin the loop and to end the count takes a few instructions once.
double each_of(double all) { return std::round(all / times * 10) / 10; }

profile read_profile(const fs::path& file) {
  constexpr std::string_view reason = "desc: Trigger: Client Request: ", total = "totals: ", called = "cfn=";
  profile p;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::string_view seen = line;
    if (seen.starts_with(reason)) p.name = line.substr(reason.size());
    if (seen.starts_with(total)) p.instructions = each_of(std::stod(line.substr(total.size())));
    if (seen.starts_with(called) && allocates_or_locks(seen.substr(called.size()))) ++p.allocates_or_locks;
  }
  return p;
}

// In the order of the paths, whatever that of the files is.
void note_all(suite& s, const std::vector<profile>& profiles) {
  for (const hot_path& p : paths)
    for (const profile& seen : profiles) {
      if (seen.name != p.name) continue;
      const std::string question(question_of(p)), who(who_of(p));
      s.note(question + ", instructions", who, p.as, "instructions", {seen.instructions});
      s.note(question + ", functions that allocate or lock", who, p.as, "calls",
             {static_cast<double>(seen.allocates_or_locks)});
    }
}

} // namespace

void walk_hot_paths(module_files& files) {
  prepare<tenure_default>();
  prepare<tenure_striped>();
  const std::string tiny = files.copy("tiny"), other = files.copy("tiny");
  const tenure_default held(tiny);
  count_ours(held, tiny, copy_exact, open_exact, symbol_exact);
  count_ours(tenure_striped(other), other, copy_striped, open_striped, symbol_striped);
  count_raw(held, tiny);
  count_calls(held);
  count_objects<tenure::policy::deferred_one>(files.copy("object"), object_exact);
  count_objects<tenure::policy::distributed<>>(files.copy("object"), object_striped);
  count_held_objects(files.copy("object"));
}

std::string ask_instructions(suite& s, const std::string& modules) {
  const module_files scratch(modules);
  const fs::path out = fs::path(scratch.folder()) / "callgrind";
  const finished done =
      run_command({"valgrind", "-q", "--tool=callgrind", "--compress-strings=no", "--compress-pos=no",
                   "--callgrind-out-file=" + out.string(), fs::read_symlink("/proc/self/exe").string(),
                   "--hot-paths", "--modules", modules});
  if (done.status != 0) return fmt::format("callgrind counted nothing (exit status {})", done.status);
  const std::size_t before = s.all().size();
  std::vector<profile> profiles;
  for (const fs::directory_entry& file : fs::directory_iterator(scratch.folder()))
    profiles.push_back(read_profile(file.path()));
  note_all(s, profiles);
  return s.all().size() == before ? "callgrind's files have no figures" : "";
}

} // namespace bench
