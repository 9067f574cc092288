// Plays the events again: what was a module's state, and until when?
#include "observers/trace_data.hpp"

#include <algorithm>

namespace tenure::inline v1::detail {
namespace {

constexpr const char* active = "active";
constexpr const char* idle = "idle";
constexpr const char* lingering = "lingering";
constexpr const char* gone = "gone";

struct track_state {
  std::size_t path = 0;
  std::uint64_t life = 0;
  const char* state = nullptr; // null: not seen yet
  time_point since;
  const kept_event* release = nullptr; // the last one
  // In the slice that the release ended: an arrow from there begins in that, and not in the next one.
  time_point released_in;
};

class drawing {
public:
  explicit drawing(const trace_data& t)
      : data_(t) {
    picture_.tracks.push_back({nullptr});
    states_.emplace_back();
    if (t.events.empty()) return;
    picture_.begin = picture_.end = t.events.front().at;
    for (const kept_event& e : t.events) {
      picture_.begin = std::min(picture_.begin, e.at - e.took);
      picture_.end = std::max(picture_.end, e.at);
    }
  }

  trace_picture draw() {
    for (const kept_event& e : data_.events) add(e);
    for (std::size_t i = 1; i != states_.size(); ++i) end_state(i, picture_.end, nullptr);
    return std::move(picture_);
  }

private:
  void add(const kept_event& e) {
    if (e.life == 0) {
      picture_.marks.push_back({0, &e});
      return;
    }
    const std::size_t track = track_of(e);
    track_state& now = states_[track];
    switch (e.kind) {
    case event_kind::loaded:
      enter(track, "loading", std::max(e.at - e.took, now.since), &e);
      enter(track, active, e.at, &e);
      break;
    case event_kind::opened:
      if (now.state != active) enter(track, active, e.at, &e);
      break;
    case event_kind::revived:
      enter(track, active, e.at, &e);
      break;
    case event_kind::idled:
      now.released_in = std::max(e.at - duration(1), now.since);
      now.release = &e;
      enter(track, idle, e.at, &e);
      break;
    case event_kind::closed:
    case event_kind::lingering:
      close(track, e);
      break;
    default:
      picture_.marks.push_back({track, &e});
    }
  }

  void close(std::size_t track, const kept_event& e) {
    track_state& now = states_[track];
    if (now.state != lingering) {
      const time_point begin = std::max(e.at - e.took, now.since);
      enter(track, "closing", begin, &e);
      if (now.release != nullptr) picture_.arrows.push_back({track, now.released_in, begin, now.release});
      now.release = nullptr;
    }
    enter(track, e.kind == event_kind::closed ? gone : lingering, e.at, &e);
  }

  void enter(std::size_t track, const char* state, time_point at, const kept_event* by) {
    end_state(track, at, by);
    states_[track].state = state;
    states_[track].since = at;
  }

  void end_state(std::size_t track, time_point at, const kept_event* by) {
    const track_state& s = states_[track];
    if (s.state != nullptr) picture_.slices.push_back({s.state, track, s.since, std::max(at, s.since), by});
  }

  static bool is_over(const track_state& s) { return s.state == gone || s.state == lingering; }

  std::size_t track_of(const kept_event& e) {
    std::size_t lane = 1;
    for (std::size_t i = 1; i != states_.size(); ++i) {
      if (states_[i].path != e.path) continue;
      if (states_[i].life == e.life) return i;
      if (is_over(states_[i])) {
        states_[i].life = e.life;
        return i;
      }
      ++lane;
    }
    picture_.tracks.push_back({&data_.paths[e.path], lane});
    track_state fresh;
    fresh.path = e.path;
    fresh.life = e.life;
    fresh.since = picture_.begin;
    states_.push_back(fresh);
    return states_.size() - 1;
  }

  const trace_data& data_;
  trace_picture picture_;
  std::vector<track_state> states_;
};

} // namespace

trace_picture draw_trace(const trace_data& t) { return drawing(t).draw(); }

} // namespace tenure::inline v1::detail
