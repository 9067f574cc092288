// An observer for tests: it remembers what it was told, does what the test says, and notices calls at the
// same time.
#ifndef TENURE_TEST_EVENTS_LISTENER_HPP
#define TENURE_TEST_EVENTS_LISTENER_HPP

#include <tenure/event.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tenure_test {

// An event whose texts live.
struct heard {
  explicit heard(const tenure::event& e)
      : what(e)
      , path(e.path)
      , name(e.name)
      , detail(e.detail) {}
  tenure::event what; // but for the texts
  std::string path, name, detail;
};

class listener {
public:
  using kind = tenure::event_kind;

  void operator()(const tenure::event& e) noexcept {
    if (calls_.fetch_add(1) != 0) overlapped_ = true;
    all.emplace_back(e);
    if (then) then(e);
    calls_.fetch_sub(1);
  }
  // Called once for each event; what it does may lead to more.
  std::function<void(const tenure::event&)> then;
  std::vector<heard> all;
  [[nodiscard]] bool overlapped() const { return overlapped_; }

  // "loaded opened idled", of one module or of all.
  [[nodiscard]] std::string story(const std::string& path = "") const {
    std::string words;
    for (const heard& h : all)
      if (path.empty() || h.path == path)
        words += (words.empty() ? "" : " ") + std::string(tenure::to_string(h.what.kind));
    return words;
  }
  // "1 loaded, 1 opened, 2 loaded", with the lives' numbers.
  [[nodiscard]] std::string lives() const {
    std::string words;
    for (const heard& h : all)
      words +=
          (words.empty() ? "" : ", ") + std::to_string(h.what.life) + " " + tenure::to_string(h.what.kind);
    return words;
  }
  [[nodiscard]] std::size_t count(kind k) const {
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [k](const heard& h) { return h.what.kind == k; }));
  }
  // The last one of a kind; fails loudly if there is none.
  [[nodiscard]] heard last(kind k) const {
    for (auto h = all.rbegin(); h != all.rend(); ++h)
      if (h->what.kind == k) return *h;
    heard none{tenure::event{}};
    none.path = none.detail = std::string("there was no event ") + tenure::to_string(k);
    return none;
  }

private:
  std::atomic<int> calls_{0};
  std::atomic<bool> overlapped_{false};
};

// What may come next in a module's life; the first thing that must not have come, or nothing.
//   absent -> loaded -> active -> idle -> gone | lingering;  idle stays so when it is vetoed or deferred
class grammar {
public:
  [[nodiscard]] std::string judge(const std::vector<heard>& all) {
    std::uint64_t number = 0;
    for (const heard& h : all) {
      const tenure::event& e = h.what;
      if (e.number != number + e.lost + 1) return "a number is missing before " + std::to_string(e.number);
      number = e.number;
      if (e.life == 0) continue;
      last_of_[h.path] = std::max(last_of_[h.path], e.life);
      path_of_[e.life] = h.path;
      if (!step(e)) return describe(e);
    }
    return "";
  }
  // True if every life that began has ended, or lingered until another began: somebody got the module back.
  [[nodiscard]] bool all_over() const {
    return std::all_of(lives_.begin(), lives_.end(), [this](const auto& life) {
      return life.second == gone ||
             (life.second == lingering && last_of_.at(path_of_.at(life.first)) > life.first);
    });
  }
  [[nodiscard]] std::size_t lives() const { return lives_.size(); }

private:
  enum state { absent, loaded, active, idle, lingering, gone };
  bool step(const tenure::event& e) {
    using enum tenure::event_kind;
    state& now = lives_[e.life];
    const state before = now;
    switch (e.kind) {
    case tenure::event_kind::loaded:
      return now = state::loaded, before == absent;
    case opened:
      return now = active, before == absent || before == state::loaded;
    case idled:
      return now = idle, before == active;
    case revived:
      return now = active, before == idle;
    case vetoed:
    case deferred:
      return before == idle;
    case closed:
      return now = gone, before == idle || before == state::lingering;
    case tenure::event_kind::lingering:
      return now = state::lingering, before == idle;
    default:
      return false;
    }
  }
  static std::string describe(const tenure::event& e) {
    return std::string(tenure::to_string(e.kind)) + " of life " + std::to_string(e.life) +
           " came out of order, number " + std::to_string(e.number);
  }
  std::map<std::uint64_t, state> lives_;
  std::map<std::uint64_t, std::string> path_of_;
  std::map<std::string, std::uint64_t> last_of_;
};

} // namespace tenure_test

#endif
