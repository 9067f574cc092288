// What a trace keeps, and what a picture is made of.
#ifndef TENURE_LIB_OBSERVERS_TRACE_DATA_HPP
#define TENURE_LIB_OBSERVERS_TRACE_DATA_HPP

#include "sync.hpp"

#include <tenure/observers/trace.hpp>

#include <map>
#include <string>
#include <vector>

namespace tenure::inline v1::detail {

struct kept_event {
  event_kind kind = event_kind::opened;
  linger_reason reason = linger_reason::none;
  errc error = errc::ok;
  std::uint32_t count = 0;
  std::size_t path = 0; // of trace_data::paths
  std::uint64_t number = 0;
  std::uint64_t life = 0;
  std::uint64_t thread = 0;
  time_point at;
  duration took;
  std::uint64_t bytes = 0;
  std::string detail;
};

struct trace_data {
  explicit trace_data(std::size_t limit);

  mutable sync::mutex mutex; // a leaf; a gated_lock, since traces are not told of forks
  std::vector<kept_event> events;
  std::vector<std::string> paths;
  std::map<std::string, std::size_t> known_paths;
  const std::size_t most; // constant
  std::uint64_t lost = 0;
};

// A module's state for a while.
struct trace_slice {
  const char* state; // "loading", "active", "idle", "closing", "lingering", "gone"
  std::size_t track;
  time_point begin, end;
  const kept_event* ended_by; // null: it lasts
};

// From the release that made a module idle to its close.
struct trace_arrow {
  std::size_t track;
  time_point from, to;
  const kept_event* release;
};

// Something that takes no time, or is no module's.
struct trace_mark {
  std::size_t track;
  const kept_event* what;
};

// One module; a second one of the same path, while the first is there, gets a track of its own.
struct trace_track {
  const std::string* path;
  std::size_t lane = 1;
};

struct trace_picture {
  time_point begin, end;
  std::vector<trace_track> tracks;
  std::vector<trace_slice> slices; // those of one track never overlap, and are in order
  std::vector<trace_arrow> arrows;
  std::vector<trace_mark> marks; // track 0 is the manager's; the first module's is 1
};

// Pre: the mutex is held, also while the picture is looked at. Throws std::bad_alloc.
[[nodiscard]] trace_picture draw_trace(const trace_data& t);

// The whole file. Needs the mutex. Throws std::bad_alloc.
[[nodiscard]] std::string trace_json(const trace_data& t);
[[nodiscard]] std::string trace_uses(const trace_data& t);

} // namespace tenure::inline v1::detail

#endif
