// A program that records when it uses which module: real loads, in a third of a second on a clock of its own.
//
// Usage: recorder FILE MODULE...
// Prints what the record must be: uses, files, the longest load in seconds, the most bytes that one takes.
#include <tenure/observers/trace.hpp>
#include <tenure/tenure.hpp>

#include <algorithm>
#include <cstdio>
#include <vector>

namespace {

struct clock_of_its_own {
  tenure::time_point now = tenure::seconds(1'000);
  tenure::manager_options options() {
    tenure::manager_options o;
    o.clock.now = [](void* self) noexcept { return static_cast<clock_of_its_own*>(self)->now; };
    o.clock.context = this;
    return o;
  }
  void wait(tenure::duration d) { now = now + d; }
};

// What one module's load took, and the most that one mapped.
struct measured {
  double seconds = 0, bytes = 0;
};

measured largest(const tenure::module_list& all) {
  measured m;
  for (const tenure::module_info& one : all) {
    m.seconds = std::max(m.seconds, static_cast<double>(one.load_time.nanoseconds) / 1e9);
    m.bytes = std::max(m.bytes, static_cast<double>(one.bytes));
  }
  return m;
}

int record(const char* file, const std::vector<const char*>& modules) {
  constexpr int rounds = 10;
  clock_of_its_own clock;
  tenure::event_trace trace; // outlives the manager
  tenure::manager<tenure::policy::final_close> manager(clock.options());
  manager.observe(trace);
  for (int i = 0; i != rounds; ++i)
    for (const char* const path : modules) {
      const tenure::module held = manager.open(path);
      const tenure::module again = manager.open(path); // no use of its own: the first one goes on
      clock.wait(tenure::milliseconds(10));
    }
  const measured most = largest(manager.modules());
  manager.stop_observing();
  trace.write_uses(file);
  std::printf("%zu %zu %.9f %.0f\n", modules.size() * rounds, modules.size(), most.seconds, most.bytes);
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  try {
    return record(argv[1], {argv + 2, argv + argc});
  } catch (const tenure::error& e) {
    std::fprintf(stderr, "recorder: %s\n", e.what());
    return 2;
  }
}
