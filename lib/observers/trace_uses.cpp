// The record that bench/simulate reads.
#include "observers/trace_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace tenure::inline v1::detail {
namespace {

bool is_use(const trace_slice& s) { return std::strcmp(s.state, "active") == 0; }

double seconds_of(duration d) { return static_cast<double>(d.nanoseconds) / 1e9; }

} // namespace

std::string trace_uses(const trace_data& t) {
  trace_picture p = draw_trace(t);
  p.slices.erase(
      std::remove_if(p.slices.begin(), p.slices.end(), [](const trace_slice& s) { return !is_use(s); }),
      p.slices.end());
  std::stable_sort(p.slices.begin(), p.slices.end(),
                   [](const trace_slice& a, const trace_slice& b) { return a.begin < b.begin; });
  std::string out = "seconds,module,hold\n";
  for (const trace_slice& s : p.slices) {
    std::string name = *p.tracks[s.track].path;
    std::replace_if(
        name.begin(), name.end(), [](unsigned char c) { return c < ' '; }, '?');
    out +=
        fmt::format("{:.9f},{},{:.9f}\n", seconds_of(s.begin - p.begin), name, seconds_of(s.end - s.begin));
  }
  return out;
}

} // namespace tenure::inline v1::detail
