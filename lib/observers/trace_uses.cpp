// The record that bench/simulate reads.
#include "observers/trace_data.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace tenure::inline v1::detail {
namespace {

bool is_use(const trace_slice& s) { return std::strcmp(s.state, "active") == 0; }

double seconds_of(duration d) { return static_cast<double>(d.nanoseconds) / 1e9; }

// By path; null where none was seen.
std::vector<const kept_event*> last_loads(const trace_data& t) {
  std::vector<const kept_event*> loads(t.paths.size(), nullptr);
  for (const kept_event& e : t.events)
    if (e.kind == event_kind::loaded) loads[e.path] = &e;
  return loads;
}

} // namespace

std::string trace_uses(const trace_data& t) {
  trace_picture p = draw_trace(t);
  const std::vector<const kept_event*> loads = last_loads(t);
  p.slices.erase(
      std::remove_if(p.slices.begin(), p.slices.end(), [](const trace_slice& s) { return !is_use(s); }),
      p.slices.end());
  std::stable_sort(p.slices.begin(), p.slices.end(),
                   [](const trace_slice& a, const trace_slice& b) { return a.begin < b.begin; });
  std::string out = "seconds,module,hold,load,bytes\n";
  for (const trace_slice& s : p.slices) {
    const std::string& path = *p.tracks[s.track].path;
    std::string name = path;
    std::replace_if(
        name.begin(), name.end(), [](unsigned char c) { return c < ' '; }, '?');
    const kept_event* const load = loads[t.known_paths.at(path)];
    out += fmt::format("{:.9f},{},{:.9f},{}\n", seconds_of(s.begin - p.begin), name, seconds_of(s.end - s.begin),
                       load != nullptr ? fmt::format("{:.9f},{}", seconds_of(load->took), load->bytes) : ",");
  }
  return out;
}

} // namespace tenure::inline v1::detail
