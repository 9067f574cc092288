// A manager and a table of objects, as an ECom session was: what its test programs counted can be counted
// here.
#ifndef TENURE_TEST_SCENARIOS_SESSION_HPP
#define TENURE_TEST_SCENARIOS_SESSION_HPP

#include "scenarios/parts.hpp"

#include <tenure/keyed.hpp>

#include <functional>
#include <ostream>
#include <string>

namespace scenarios {

// "instances/policies/slot" of ECom's t_loadmanager: live objects, modules in use, modules in the garbage
// slot.
struct counts {
  std::size_t objects = 0;
  std::size_t in_use = 0;
  std::size_t parked = 0;
  friend bool operator==(const counts&, const counts&) = default;
  friend std::ostream& operator<<(std::ostream& out, const counts& c) {
    return out << c.objects << '/' << c.in_use << '/' << c.parked;
  }
};

template <class Policy = tenure::policy::deferred_one> struct session : world<Policy> {
  diary events;
  tenure::instance_table objects; // before the modules of the base class go

  using world<Policy>::world;

  // An object that knows its key and reports its own end.
  tenure::keyed<plug_in> create(const std::string& file, const char* factory = "make_first") {
    auto made = objects.create<plug_in>(this->modules.open(file), {factory, "free_plug_in"});
    made->host = {destroyed, happened, this};
    made->key = made.key().value;
    return made;
  }
  // The same, left to its key.
  tenure::key create_by_key(const std::string& file, const char* factory = "make_first") {
    return create(file, factory).release();
  }
  [[nodiscard]] counts now() const {
    const tenure::unload_report report = this->modules.report();
    return {objects.size(), report.count(tenure::unload_outcome::busy),
            report.count(tenure::unload_outcome::idle)};
  }
  // ECom's ClearGarbage.
  void clear() { static_cast<void>(this->modules.final_close()); }

  static void destroyed(void* self, std::uint64_t k) { static_cast<session*>(self)->objects.destroyed({k}); }
  static void happened(void* self, const char* what) {
    auto& s = *static_cast<session*>(self);
    s.events.write(what);
    if (s.on_event) s.on_event(what);
  }
  std::function<void(const std::string&)> on_event;
};

} // namespace scenarios

#endif
