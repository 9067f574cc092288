#include "chart.hpp"

#include "stage.hpp"
#include "support/svg.hpp"
#include "support/xml_text.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace session {
namespace {

// Pixels. Labels are of ten: smaller ones cannot be read, larger ones make lanes that one has to scroll
// through.
constexpr double width = 1120, left = 172, right = 24;
constexpr double lane_pitch = 12, lane_height = 9, idle_height = 5;
constexpr double top_height = 96, band_head = 40, strip_height = 42, scale_height = 16, band_gap = 12,
                 foot_height = 30;
constexpr double plot_width = width - left - right;

// Okabe and Ito's colours, told apart by eyes of every kind; being idle is also a thinner line, and lingering
// a dashed one, for paper without colours.
constexpr const char* style =
    R"(svg { color: #1f2328; font-family: system-ui, "DejaVu Sans", Arial, sans-serif; }
text { fill: currentColor; font-size: 10px; }
.paper { fill: #ffffff; }
.title { font-size: 20px; font-weight: 600; }
.policy { font-size: 14px; font-weight: 600; }
.said { font-size: 12px; }
.lane, .grid, .edge, .active, .idle, .lingering { fill: none; }
.lane { stroke: #eceff2; stroke-width: 9; }
.grid { stroke: #8c959f; stroke-opacity: 0.35; }
.edge { stroke: currentColor; stroke-opacity: 0.6; stroke-dasharray: 2 3; }
.active { stroke: #0072b2; stroke-width: 9; }
.idle { stroke: #e69f00; stroke-width: 5; }
.lingering { stroke: #c2408b; stroke-width: 5; stroke-dasharray: 4 2; }
.sum { fill: #8c959f; fill-opacity: 0.75; }
@media (prefers-color-scheme: dark) {
svg { color: #e6edf3; }
.paper { fill: #0d1117; }
.lane { stroke: #20262e; }
.grid { stroke: #9198a1; stroke-opacity: 0.3; }
.active { stroke: #56b4e9; }
.idle { stroke: #e69f00; }
.lingering { stroke: #f08cc4; }
.sum { fill: #9198a1; fill-opacity: 0.6; }
})";

using bench::escaped;

class drawing {
public:
  explicit drawing(const outcome& o)
      : outcome_(o)
      , lanes_(static_cast<double>(o.lanes.size()) * lane_pitch)
      , band_(band_head + lanes_ + strip_height + scale_height + band_gap)
      , svg_(width, top_height + static_cast<double>(o.policies.size()) * band_ + foot_height,
             "Residency of plug-ins under each policy", style) {
    for (const figures& f : o.policies) peak_ = std::max(peak_, f.peak);
  }

  const bench::svg& draw() {
    draw_head();
    double y = top_height;
    for (const figures& f : outcome_.policies) {
      draw_band(f, y);
      y += band_;
    }
    draw_foot(y);
    return svg_;
  }

private:
  [[nodiscard]] double x_of(std::uint32_t tick) const {
    return left + plot_width * tick / std::max(outcome_.played.ticks, 1U);
  }

  void draw_head() {
    svg_.text(20, 34, "title", "Which modules are mapped, under each policy");
    svg_.text(20, 56, "said",
              fmt::format("{} in one session: {} opens, {} calls, {} threads, seed {}. {}, {}",
                          said_of_lanes(), outcome_.played.count(action::open),
                          outcome_.played.count(action::call), outcome_.wish.threads, outcome_.wish.seed,
                          outcome_.where.processor, outcome_.where.date));
    draw_legend();
  }
  [[nodiscard]] std::string said_of_lanes() const {
    const std::size_t lingered = outcome_.lanes.size() - outcome_.popular;
    return fmt::format("The {} most popular of {} plug-ins{}", outcome_.popular, outcome_.used.size(),
                       lingered != 0 ? fmt::format(" and {} more that lingered", lingered) : "");
  }
  void draw_legend() {
    double x = 20;
    x = legend(x, "active", lane_height, "in use: has references");
    x = legend(x, "idle", idle_height, "idle: loaded, no reference");
    x = legend(x, "lingering", idle_height, "lingering: closed, but the system keeps it");
    x = legend(x, "lane", lane_height, "gone");
    svg_.put(R"(<path class="sum" d="M{} 88v-4h8v-4h8v-3h8v11z"/>)", x);
    svg_.text(x + 30, 86, "said", fmt::format("how many of all {} are mapped", outcome_.used.size()));
  }
  // Returns where the next one begins.
  double legend(double x, const char* look, double thick, const std::string& words) {
    svg_.put(R"(<path class="{}" stroke-width="{}" d="M{} 82h24"/>)", look, thick, x);
    svg_.text(x + 30, 86, "said", words);
    return x + 30 + static_cast<double>(words.size()) * 6.2 + 20;
  }

  // A line every 1, 2, 5, 10... seconds, at most 15 of them.
  [[nodiscard]] unsigned grid_step() const {
    for (unsigned step = 1;; step *= 10)
      for (const unsigned factor : {1U, 2U, 5U})
        if (outcome_.wish.seconds <= 15 * factor * step) return factor * step;
  }
  // Under the lanes only: lines through the headings would be in the way.
  void draw_grid(double y, double height) {
    std::string lines;
    for (unsigned s = 0; s <= outcome_.wish.seconds; s += grid_step())
      lines += fmt::format("M{:.1f} {:.1f}v{:.1f}", x_of(s * ticks_per_second), y, height);
    svg_.put(R"(<path class="grid" d="{}"/>)", lines);
    svg_.put(R"(<path class="edge" d="M{:.1f} {:.1f}v{:.1f}"/>)", x_of(outcome_.played.ticks * 9 / 10), y,
             height);
  }
  void draw_times(double y) {
    for (unsigned s = 0; s <= outcome_.wish.seconds; s += grid_step())
      svg_.text(x_of(s * ticks_per_second), y, "", fmt::format("{} s", s), "middle");
  }
  void draw_foot(double y) {
    svg_.text(left + plot_width / 2, y + 8, "said",
              "Dotted line: the last release. Grey strips have one scale.", "middle");
  }

  void draw_band(const figures& f, double y) {
    const std::string told =
        f.completed
            ? fmt::format("{}: {} loads, {:.0f} ms in the loader, {:.0f} module-seconds mapped, {} at "
                          "most",
                          f.rule, f.loads, loader_ms(f), f.resident_seconds, f.peak)
            : f.trouble;
    svg_.put(
        R"(<text x="20" y="{}"><tspan class="policy">{}</tspan> <tspan class="said" dx="8">{}</tspan></text>)",
        y + 28, escaped(f.policy), escaped(told));
    draw_labels(y + band_head);
    draw_grid(y + band_head, lanes_ + strip_height);
    draw_lanes(f, y + band_head);
    draw_sum(f, y + band_head + lanes_ + strip_height);
    draw_times(y + band_head + lanes_ + strip_height + 12);
  }
  void draw_labels(double y) {
    std::string lanes;
    for (std::size_t i = 0; i != outcome_.lanes.size(); ++i) {
      const double middle = y + (static_cast<double>(i) + 0.5) * lane_pitch;
      svg_.text(left - 8, middle + 3.5, "", outcome_.used[outcome_.lanes[i]].name, "end");
      lanes += fmt::format("M{} {}h{}", left, middle, plot_width);
    }
    svg_.put(R"(<path class="lane" d="{}"/>)", lanes);
  }
  // None of a replay that did not complete.
  [[nodiscard]] std::size_t lane_count(const figures& f) const {
    return f.changes.empty() ? 0 : outcome_.lanes.size();
  }
  // All stretches of one state in one path: a chart of ten thousand elements would be slow to look at.
  void draw_lanes(const figures& f, double y) {
    std::string paths[4];
    for (std::size_t i = 0; i != lane_count(f); ++i) {
      const std::vector<change>& changes = f.changes[outcome_.lanes[i]];
      const double middle = y + (static_cast<double>(i) + 0.5) * lane_pitch;
      for (std::size_t c = 0; c != changes.size(); ++c) {
        const change& from = changes[c];
        const std::uint32_t until = c + 1 != changes.size() ? changes[c + 1].tick : outcome_.played.ticks;
        paths[static_cast<unsigned>(from.to)] +=
            fmt::format("M{:.1f} {}H{:.1f}", x_of(from.tick), middle, x_of(until));
      }
    }
    constexpr const char* looks[] = {nullptr, "active", "idle", "lingering"};
    for (unsigned p = 1; p != 4; ++p)
      if (!paths[p].empty()) svg_.put(R"(<path class="{}" d="{}"/>)", looks[p], paths[p]);
  }
  // The same scale in every band.
  void draw_sum(const figures& f, double base) {
    constexpr double strip = strip_height - 6;
    const double unit = strip / std::max(peak_, 1U);
    std::string path = fmt::format("M{} {:.1f}", left, base);
    std::uint32_t before = 0;
    for (std::uint32_t tick = 0; tick != f.resident_by_tick.size(); ++tick) {
      if (f.resident_by_tick[tick] == before) continue;
      before = f.resident_by_tick[tick];
      path += fmt::format("H{:.1f}V{:.1f}", x_of(tick), base - before * unit);
    }
    svg_.put(R"(<path class="sum" d="{}H{}V{:.1f}z"/>)", path, left + plot_width, base);
    svg_.put(R"(<path class="grid" d="M{} {:.1f}h{}m0 {}h-{}"/>)", left, base - strip, plot_width, strip,
             plot_width);
    svg_.text(left - 8, base - strip / 2 + 4, "", fmt::format("mapped, of {}", outcome_.used.size()), "end");
    svg_.text(left - 8, base - strip + 4, "", fmt::format("{}", peak_), "end");
    svg_.text(left - 8, base + 3, "", "0", "end");
  }

  const outcome& outcome_;
  double lanes_, band_;
  std::uint32_t peak_ = 0;
  bench::svg svg_;
};

} // namespace

void write_chart(const outcome& o, const std::string& file) { drawing(o).draw().write(file); }

} // namespace session
