#include "player.hpp"

#include <chrono>
#include <exception>

namespace session {

player::player(const play& shared, const std::vector<step>& steps, std::uint16_t slots)
    : shared_(shared)
    , steps_(steps)
    , slots_(slots) {
  open_times.reserve(steps.size());
}

void player::do_tick(std::uint32_t tick) {
  for (; next_ != steps_.size() && steps_[next_].tick == tick; ++next_) do_step(steps_[next_]);
}

void player::do_step(const step& s) {
  digest = digest_of(digest, s);
  ++done[static_cast<unsigned>(s.what)];
  try {
    switch (s.what) {
    case action::open:
      return open(s);
    case action::call:
      return call(s);
    case action::release:
      return release(s);
    }
  } catch (const std::exception& e) {
    errors.push_back(shared_.plugins[s.plugin].name + ": " + e.what());
  }
}

void player::open(const step& s) {
  using clock = std::chrono::steady_clock;
  const plugin& p = shared_.plugins[s.plugin];
  held& slot = slots_[s.slot];
  const auto begin = clock::now();
  slot.module = shared_.on.open(p.path);
  open_times.push_back(static_cast<std::uint64_t>((clock::now() - begin) / std::chrono::nanoseconds(1)));
  const std::scoped_lock lock(shared_.busy[s.plugin]);
  slot.symbols = std::make_unique<symbols>(slot.module);
  slot.work = start(p, *slot.symbols);
  ++works_made;
}

void player::call(const step& s) {
  held& slot = slots_[s.slot];
  const std::scoped_lock lock(shared_.busy[s.plugin]);
  if (slot.work == nullptr) return;
  const std::uint64_t wrong = slot.work->call();
  if (wrong != 0) wrong_results[s.plugin] += wrong;
}

void player::release(const step& s) {
  held& slot = slots_[s.slot];
  {
    const std::scoped_lock lock(shared_.busy[s.plugin]);
    if (slot.work != nullptr) ++works_ended;
    slot.work.reset();
  }
  slot.symbols.reset();
  slot.module.reset();
}

} // namespace session
