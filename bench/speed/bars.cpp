#include "bars.hpp"

#include "format.hpp"
#include "style.hpp"
#include "support/svg.hpp"

#include <algorithm>
#include <cmath>

namespace bench {
namespace {

// Pixels.
constexpr double width = 1000, left = 230, right = 90, top = 124, bar_pitch = 17, bar_height = 12, head = 26,
                 gap = 12, foot = 30;
constexpr double plot_width = width - left - right;
constexpr double least = 0.5, most = 1e7; // nanoseconds: what the scale shows

struct question {
  const char* name;
  const char* heading;
};
// What is drawn, of all that was asked; in nanoseconds.
constexpr question questions[] = {
    {"copy", "Copy a handle and drop it"},
    {"copy, two threads", "The same on two threads, one module"},
    {"open, 1 module", "Open a module that is loaded, and let it go"},
    {"open, 1,000 modules", "The same, 1,000 modules loaded"},
    {"symbol again, one of 1,000", "Find a symbol that was asked for before, one of 1,000"},
    {"symbol, first time", "Find a symbol for the first time"},
    {"symbol not there", "Ask for a symbol that is not there"},
    {"call", "Call through the handle"},
    {"object", "Create, call, destroy an object; nothing else holds its module"},
    {"load, tiny", "Load and unload a small module"},
    {"open beside a load each ms, p99.9", "Open what is loaded, p99.9, while a thread loads each ms"},
    {"symbol beside a load each ms, p99.9", "Find a symbol, p99.9, while a thread loads each ms"},
    {"symbol beside loads without pause, p99.9", "The same while a thread loads without pause"},
};

using group = std::vector<const measurement*>;

group answers(const outcome& o, const char* name) {
  group g;
  for (const measurement& m : o.all)
    if (m.question == name && m.unit == "ns") g.push_back(&m);
  std::stable_sort(g.begin(), g.end(), [](auto* a, auto* b) { return a->median() < b->median(); });
  return g;
}

double x_of(double value) {
  const double part = std::log(std::clamp(value, least, most) / least) / std::log(most / least);
  return left + plot_width * part;
}

class drawing {
public:
  explicit drawing(const outcome& o)
      : outcome_(o)
      , svg_(width, height_of(o), "What loading costs, by Tenure and by others", style) {}

  const svg& draw() {
    draw_head();
    draw_scale(top - 10);
    double y = top;
    for (const question& q : questions) y = draw_group(q, answers(outcome_, q.name), y);
    draw_scale(y);
    return svg_;
  }

private:
  static double height_of(const outcome& o) {
    double height = top + foot;
    for (const question& q : questions)
      if (const group g = answers(o, q.name); !g.empty())
        height += head + static_cast<double>(g.size()) * bar_pitch + gap;
    return height;
  }
  void draw_head() {
    svg_.text(20, 34, "title", "What loading costs, by Tenure and by others");
    svg_.text(
        20, 56, "said",
        fmt::format(
            "Nanoseconds, logarithmic: shorter is better. Medians of one run, all in one binary. {}, {}.{}",
            outcome_.where.processor, outcome_.where.date,
            outcome_.quick ? " QUICK: no figures to quote." : ""));
    double x = 20;
    for (const role r : {role::ours, role::peer, role::raw, role::floor}) {
      constexpr const char* words[] = {"Tenure", "peers", "the system's loader", "floor: the work alone"};
      svg_.put(R"(<rect class="{}" x="{}" y="70" width="24" height="12"/>)", name_of(r), x);
      const char* const word = words[static_cast<unsigned>(r)];
      svg_.text(x + 30, 80, "said", word);
      x += 50 + static_cast<double>(std::string(word).size()) * 7;
    }
  }
  double draw_group(const question& q, const group& g, double y) {
    if (g.empty()) return y;
    svg_.text(20, y + 16, "heading", q.heading);
    y += head;
    draw_grid(y - 3, static_cast<double>(g.size()) * bar_pitch);
    for (const measurement* m : g) {
      const double end = x_of(m->median());
      svg_.text(left - 8, y + 10, "", m->who, "end");
      svg_.put(R"(<rect class="{}" x="{}" y="{}" width="{:.1f}" height="{}"/>)", name_of(m->as), left, y,
               end - left, bar_height);
      svg_.text(end + 6, y + 10, "", figure(m->median()));
      y += bar_pitch;
    }
    return y + gap;
  }
  void draw_grid(double y, double height) {
    for (double value = 1; value <= most; value *= 10)
      svg_.put(R"(<path class="grid" d="M{:.1f} {:.1f}v{:.1f}"/>)", x_of(value), y, height);
  }
  void draw_scale(double y) {
    constexpr const char* labels[] = {"1 ns", "10 ns", "100 ns", "1 µs", "10 µs", "100 µs", "1 ms", "10 ms"};
    double value = 1;
    for (const char* const label : labels) {
      svg_.text(x_of(value), y + 8, "said", label, "middle");
      value *= 10;
    }
  }

  const outcome& outcome_;
  svg svg_;
};

} // namespace

void write_bars(const outcome& o, const std::string& file) { drawing(o).draw().write(file); }

} // namespace bench
