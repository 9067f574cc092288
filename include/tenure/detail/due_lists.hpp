// Idle modules by the time at which they are due, for policies that give each a time of its own.
#ifndef TENURE_DETAIL_DUE_LISTS_HPP
#define TENURE_DETAIL_DUE_LISTS_HPP

#include <tenure/policy.hpp>

#include <cstdint>

namespace tenure::inline v1::detail {

// A radix heap (Ahuja, Mehlhorn, Orlin, Tarjan 1990): a list for each highest bit in which a module's time,
// its `stamp`, differs from the time of the last look. No step depends on how many are idle, except first():
// a module changes its list at most 64 times before it is due.
class due_lists {
public:
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  // Pre: m is in no list; m.stamp is when it is due.
  void add(idle_module& m) noexcept {
    if (m.stamp - looked_at_ < duration{}) m.stamp = looked_at_; // the clock went back
    list_of(m).push_back(m);
    ++size_;
  }
  // Pre: m is in one of them, and its stamp is what it was.
  void remove(idle_module& m) noexcept {
    list_of(m).remove(m);
    --size_;
  }
  // What is due at `now`, to the end of `due`.
  void take_due(time_point now, idle_list& due) noexcept {
    const std::size_t before = due.size();
    if (empty()) looked_at_ = now;
    if (now - looked_at_ < duration{}) return;
    const unsigned place = place_of(now);
    looked_at_ = now;
    for (unsigned i = 0; i != place; ++i) due.append(lists_[i]); // they differ later than `now` does: earlier
    idle_list some(static_cast<idle_list&&>(lists_[place]));
    size_ -= due.size() - before + some.size();
    while (!some.empty()) {
      idle_module& m = some.pop_front();
      if (m.stamp - now <= duration{})
        due.push_back(m);
      else
        add(m);
    }
  }
  void take_all(idle_list& all) noexcept {
    for (idle_list& list : lists_) all.append(list);
    size_ = 0;
  }
  // The one that is due first, null if there is none.
  [[nodiscard]] idle_module* first() const noexcept {
    for (const idle_list& list : lists_)
      if (!list.empty()) return first_of(list);
    return nullptr;
  }
  // What has been idle for `delay` or longer, to the end of `found`. Looks at all.
  void take_idle(time_point now, duration delay, idle_list& found) noexcept {
    for (idle_list& list : lists_) {
      const std::size_t before = list.size();
      list.move_to(found, [=](const idle_module& m) { return now - m.idle_since() >= delay; });
      size_ -= before - list.size();
    }
  }

private:
  [[nodiscard]] static idle_module* first_of(const idle_list& list) noexcept {
    idle_module* first = list.front();
    for (idle_module* m = first; m != nullptr; m = idle_list::after(*m))
      if (m->stamp - first->stamp < duration{}) first = m;
    return first;
  }
  [[nodiscard]] unsigned place_of(time_point t) const noexcept {
    const auto differs = static_cast<unsigned long long>(t.nanoseconds ^ looked_at_.nanoseconds);
    return differs == 0 ? 0 : 64U - static_cast<unsigned>(__builtin_clzll(differs));
  }
  [[nodiscard]] idle_list& list_of(const idle_module& m) noexcept { return lists_[place_of(m.stamp)]; }

  idle_list lists_[65];
  std::size_t size_ = 0;
  time_point looked_at_{};
};

} // namespace tenure::inline v1::detail

#endif
