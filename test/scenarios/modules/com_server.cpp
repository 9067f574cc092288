// An in-process server as COM knows them: objects that it counts, locks, a class object, threads, caches.
#include "com_interface.hpp"

#if defined(COM_OWN_COUNT)
#  include <cstdint>

extern "C" {
std::uint32_t com_own_count = 0;
}
struct own_count { // weighs each object thrice
  static void add() noexcept { com_own_count += 3; }
  static void drop() noexcept { com_own_count -= 3; }
  static bool in_use() noexcept { return com_own_count != 0; }
};
#  define TENURE_PLUGIN_COUNT ::own_count
#endif

#include <tenure/plugin.hpp>

#include <vector>

#include <sched.h>
#include <time.h>

#if !defined(COM_FLAGS)
#  define COM_FLAGS 0
#endif
TENURE_PLUGIN("com server", "1.0", "nobody", "Counts", COM_FLAGS);

namespace {

namespace plugin = tenure::plugin;

on_end at_the_end, at_unload;
tail* slow_tail = nullptr;
std::vector<plugin::server_lock> locks;
int objects = 0; // whatever is counted for the vote

template <class Count> class counting final : public counter, plugin::counted<Count> {
public:
  counting() { ++objects; }
  ~counting() {
    --objects;
    if (at_the_end.call != nullptr) at_the_end.call(at_the_end.context);
  }
  int next() override { return ++n_; }

private:
  int n_ = 0;
};

// COM's Release: the count goes down, and code of the module runs on for a millisecond.
class slow final : public counter {
public:
  slow() { count_.emplace(); }
  ~slow() {
    count_.reset();
    if (slow_tail != nullptr) slow_tail->counted_down = true;
    const timespec millisecond{0, 1'000'000};
    ::nanosleep(&millisecond, nullptr); // the stall itself, in its code
    while (slow_tail != nullptr && !slow_tail->swept) ::sched_yield();
  }
  int next() override { return 1; }

private:
  struct maybe_counted {
    plugin::counted<>* it = nullptr;
    void emplace() { it = new plugin::counted<>; }
    void reset() { delete it; }
  } count_;
};

int forty_two() { return 42; }

} // namespace

#if defined(COM_INVERTED)
// As a tutorial prints it: TRUE for "may be unloaded", which is COM's "do not".
TENURE_PLUGIN_EXPORT tenure_answer tenure_can_unload() {
  return static_cast<tenure_answer>(objects == 0 ? 1 : 0);
}
#else
TENURE_PLUGIN_LIFE(plugin::accept, [] {
  if (at_unload.call != nullptr) at_unload.call(at_unload.context);
})
#endif
TENURE_PLUGIN_FACTORIES(plugin::factory_row<counter, counting<TENURE_PLUGIN_COUNT>>("plain"),
                        plugin::factory_row<counter, counting<plugin::no_count>>("uncounted"),
                        plugin::factory_row<counter, slow>("slow"))

// An object that nothing holds.
TENURE_PLUGIN_EXPORT counter* make_counter() { return new counting<plugin::no_count>; }
TENURE_PLUGIN_EXPORT void free_counter(counter* c) { delete static_cast<counting<plugin::no_count>*>(c); }

TENURE_PLUGIN_EXPORT int count_objects() { return objects; }
TENURE_PLUGIN_EXPORT int may_unload() { return plugin::vote() == TENURE_YES ? 1 : 0; }
TENURE_PLUGIN_EXPORT counter_class the_class;
counter_class the_class = {forty_two};
TENURE_PLUGIN_EXPORT void set_end(on_end what) { at_the_end = what; }
TENURE_PLUGIN_EXPORT void set_unload(on_end what) { at_unload = what; }
TENURE_PLUGIN_EXPORT void set_tail(tail* t) { slow_tail = t; }
TENURE_PLUGIN_EXPORT void lock_server(int yes) {
  if (yes != 0)
    locks.emplace_back();
  else if (!locks.empty())
    locks.pop_back();
}
TENURE_PLUGIN_EXPORT void work(gate* g) {
  g->inside = true;
  while (!g->go_on) {
  }
}
// Calls the client back, so that this module's code is on the stack meanwhile.
TENURE_PLUGIN_EXPORT int call_back(void (*function)(void*), void* context) {
  function(context);
  return 1; // not a tail call
}
// 1 if the thread runs.
TENURE_PLUGIN_EXPORT int start_worker(gate* g) {
  return plugin::start_thread([g] { work(g); }) ? 1 : 0;
}
// Work that goes on after the call: what it holds the module by.
TENURE_PLUGIN_EXPORT void* begin_work() { return new plugin::module_reference; }
TENURE_PLUGIN_EXPORT void end_work(void* held) { delete static_cast<plugin::module_reference*>(held); }
