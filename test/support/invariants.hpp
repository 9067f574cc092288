// What holds of a registry whenever its mutex can be had: the state machine's tables agree with each other.
#ifndef TENURE_TEST_SUPPORT_INVARIANTS_HPP
#define TENURE_TEST_SUPPORT_INVARIANTS_HPP

#include "hash.hpp"
#include "registry.hpp"

#include <tenure/module.hpp>

#include <string>
#include <vector>

namespace tenure_test {

namespace inner = tenure::detail;

// Walks all records of one registry and writes down what does not hold.
class invariant_walk {
public:
  // Takes the mutex. `quiet`: no other thread uses the registry, so nobody is on his way between two states.
  invariant_walk(inner::registry& g, bool quiet)
      : registry_(g)
      , quiet_(quiet) {
    const tenure::sync::scoped_lock lock(g.mutex);
    for (tenure::idle_module* m = g.waiting.front(); m != nullptr; m = tenure::idle_list::after(*m))
      waiting_.push_back(&inner::full(*m));
    for (inner::module_record* r = g.records; r != nullptr; r = r->next_record) look_at(*r);
    demand(waiting_.size() == g.waiting.size(), "the list of what waits has the length that it says");
    if (quiet)
      demand(g.stats.loads - g.stats.closes == loaded_, "each load that was not closed has a record");
  }
  // One line for each thing that does not hold.
  [[nodiscard]] const std::string& complaints() const { return complaints_; }

private:
  void look_at(const inner::module_record& r) {
    current_ = &r;
    demand(r.owner == &registry_, "a record knows its registry");
    switch (r.state) {
    case inner::phase::absent:
      return look_at_absent(r);
    case inner::phase::open:
      return look_at_open(r);
    case inner::phase::lingering:
      demand(inner::look(r.refs) == 0, "nobody can reach what lingers");
      ++lingering_;
      return look_at_tables(r);
    case inner::phase::loading:
    case inner::phase::closing:
      demand(!quiet_, "nobody loads or closes");
      demand(r.worker != 0, "whoever loads or closes is known");
    }
  }

  void look_at_absent(const inner::module_record& r) {
    demand(inner::look(r.refs) == 0, "nobody refers to what is absent");
    demand(r.names == nullptr && r.handle == nullptr && r.evidence == nullptr,
           "nothing is left of what is absent");
    demand(r.kept_by == inner::keeper::nobody && r.pins == 0, "nobody keeps what is absent");
    demand(inner::look(r.gate) == 0 && !r.shut_down, "nobody calls what is absent, or has shut it down");
    demand(r.token_sources == nullptr, "no token is out for what is absent");
  }

  void look_at_open(const inner::module_record& r) {
    if (!r.is_static()) ++loaded_;
    const inner::word word = inner::look(r.refs);
    const bool idle = inner::count_of(word) == 0;
    demand(((word & inner::open_bit) != 0) == !r.shut_down, "what is open and not shut down says so");
    demand(((inner::look(r.gate) & inner::shut_bit) != 0) == static_cast<bool>(r.shut_down), "and so does its gate");
    if (quiet_) demand((word & inner::pending_bit) == 0, "nobody is on the way to the mutex");
    if (quiet_ && idle) demand(r.kept_by != inner::keeper::nobody, "somebody keeps what is idle");
    if ((word & inner::parked_bit) != 0)
      demand(r.kept_by == inner::keeper::policy && registry_.table.parks, "what is parked is the policy's");
    if (!idle && (word & inner::parked_bit) == 0)
      demand(r.kept_by == inner::keeper::nobody, "nobody keeps what is used");
    demand((r.kept_by == inner::keeper::waiting) == waits(r), "what waits is in the list, and nothing else");
    if (r.kept_by == inner::keeper::pins) demand(r.pins != 0, "what pins keep is pinned");
    look_at_tables(r);
  }

  // Each key leads to the record, and a name to one at most: to none where its file was replaced, or has come
  // back.
  void look_at_tables(const inner::module_record& r) {
    for (const inner::name_node* n = r.names; n != nullptr; n = n->next)
      demand(meant_by(*n) <= 1 && (meant_by(*n) == 1 || !r.is_static()), n->text());
    if (r.is_static()) return;
    demand(r.handle != nullptr, "what is mapped has a handle");
    demand(leads_to(registry_.images, inner::hash_handle(r.handle), r), "its handle leads to it");
    if (!(r.file == tenure::os::file_identity{}) && !r.superseded())
      demand(leads_to(registry_.images, inner::hash_file(r.file), r), "its file leads to it");
  }

  [[nodiscard]] static bool leads_to(const inner::index& table, std::uint64_t hash, const inner::module_record& r) {
    return table.find(hash, [&r](const inner::module_record& seen) { return &seen == &r; }) != nullptr;
  }
  [[nodiscard]] int meant_by(const inner::name_node& name) const {
    int records = 0;
    registry_.names.find(name.hash, [&](const inner::module_record& seen) {
      records += seen.named(name.view()) ? 1 : 0;
      return false;
    });
    return records;
  }
  [[nodiscard]] bool waits(const inner::module_record& r) const {
    for (const inner::module_record* one : waiting_)
      if (one == &r) return true;
    return false;
  }
  void demand(bool holds, const char* what) {
    if (holds) return;
    complaints_ += std::string(current_ != nullptr ? current_->path() : "") + ": " + what + '\n';
  }

  inner::registry& registry_;
  bool quiet_;
  std::vector<const inner::module_record*> waiting_;
  const inner::module_record* current_ = nullptr;
  std::uint64_t loaded_ = 0, lingering_ = 0;
  std::string complaints_;
};

// Of the registry that a module belongs to. Empty if all holds.
inline std::string broken_invariants(const tenure::module& any, bool quiet = true) {
  return invariant_walk(*inner::handle_access::record_of(any)->owner, quiet).complaints();
}

} // namespace tenure_test

#endif
