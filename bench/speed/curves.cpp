#include "curves.hpp"

#include "format.hpp"
#include "style.hpp"
#include "support/svg.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace bench {
namespace {

// Pixels.
constexpr double width = 1000, left = 70, right = 210, top = 96, panel = 300, head = 40, scale = 34, gap = 24;
constexpr double plot_width = width - left - right;
constexpr unsigned colours = 10;

struct point {
  double x, y;
};
struct curve {
  std::string who;
  std::vector<point> points; // by x
};
struct plot {
  const char* heading;
  const char* along;  // what the horizontal axis counts
  const char* before; // a question is BEFORE, a number, AFTER
  const char* after;
  bool logarithmic; // horizontally; vertically always
};
constexpr plot plots[] = {
    {"Open a module that is loaded, and let it go, ns", "modules loaded", "open, ", " loaded", true},
    {"Copy a handle of one module that all threads share, ns per copy and thread",
     "threads; more than the machine has processors share those", "copy, ", " threads", true},
    {"1,000 modules, a share of them idle, under periodic_sweep, ns", "% of the modules idle", "", " % idle",
     false},
};

// The number in a question of that form.
std::optional<double> number_in(const plot& p, std::string question) {
  const std::string before = p.before;
  std::string after = p.after;
  if (question.ends_with(" thread")) question += 's';
  if (!question.starts_with(before) || !question.ends_with(after)) return {};
  const std::string digits = question.substr(before.size(), question.size() - before.size() - after.size());
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) return {};
  return std::stod(digits);
}

std::vector<curve> curves_of(const outcome& o, const plot& p) {
  std::vector<curve> curves;
  for (const measurement& m : o.all) {
    const auto x = number_in(p, m.question);
    if (!x) continue;
    auto it = std::find_if(curves.begin(), curves.end(), [&](const curve& c) { return c.who == m.who; });
    if (it == curves.end()) it = curves.insert(curves.end(), curve{m.who, {}});
    it->points.push_back({*x, m.median()});
  }
  for (curve& c : curves)
    std::sort(c.points.begin(), c.points.end(), [](const point& a, const point& b) { return a.x < b.x; });
  return curves;
}

// From one number to another, in pixels.
struct axis {
  double from, to, begin, length;
  bool logarithmic;
  [[nodiscard]] double place(double value) const {
    if (to <= from) return begin;
    const double part =
        logarithmic ? std::log(value / from) / std::log(to / from) : (value - from) / (to - from);
    return begin + part * length;
  }
};

class drawing {
public:
  explicit drawing(const outcome& o)
      : outcome_(o)
      , svg_(width, top + std::size(plots) * (head + panel + scale + gap), "How costs grow", style) {}

  const svg& draw() {
    svg_.text(20, 34, "title", "How costs grow");
    svg_.text(20, 56, "said",
              fmt::format("Medians of one run, all in one binary. {}, {} cores, {}.{}",
                          outcome_.where.processor, outcome_.where.cores, outcome_.where.date,
                          outcome_.quick ? " QUICK: no figures to quote." : ""));
    double y = top;
    for (const plot& p : plots) {
      draw_plot(p, curves_of(outcome_, p), y);
      y += head + panel + scale + gap;
    }
    return svg_;
  }

private:
  void draw_plot(const plot& p, const std::vector<curve>& curves, double y) {
    svg_.text(20, y + 16, "heading", p.heading);
    if (curves.empty()) return;
    double x_from = 1e300, x_to = 0, y_from = 1e300, y_to = 0;
    for (const curve& c : curves)
      for (const point& at : c.points) {
        x_from = std::min(x_from, at.x), x_to = std::max(x_to, at.x);
        y_from = std::min(y_from, at.y), y_to = std::max(y_to, at.y);
      }
    const axis across{x_from, x_to, left, plot_width, p.logarithmic};
    const axis up{std::pow(10, std::floor(std::log10(y_from))), std::pow(10, std::ceil(std::log10(y_to))),
                  y + head + panel, -panel, true};
    draw_grid(p, curves, across, up, y + head);
    draw_curves(curves, across, up);
  }
  void draw_grid(const plot& p, const std::vector<curve>& curves, const axis& across, const axis& up,
                 double y) {
    for (double value = up.from; value <= up.to * 1.01; value *= 10) {
      svg_.put(R"(<path class="grid" d="M{} {:.1f}h{}"/>)", left, up.place(value), plot_width);
      svg_.text(left - 8, up.place(value) + 4, "", figure(value), "end");
    }
    for (const point& at : curves.front().points) {
      svg_.put(R"(<path class="grid" d="M{:.1f} {:.1f}v{}"/>)", across.place(at.x), y, panel);
      svg_.text(across.place(at.x), y + panel + 14, "", figure(at.x), "middle");
    }
    svg_.text(left + plot_width / 2, y + panel + 30, "said", p.along, "middle");
  }
  // Names stand beside the ends of their curves, and make room for each other.
  void draw_curves(const std::vector<curve>& curves, const axis& across, const axis& up) {
    std::vector<std::pair<double, std::size_t>> ends;
    for (std::size_t i = 0; i != curves.size(); ++i) {
      std::string path;
      for (const point& at : curves[i].points)
        path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? 'M' : 'L', across.place(at.x), up.place(at.y));
      svg_.put(R"(<path class="line c{}" d="{}"/>)", i % colours, path);
      ends.emplace_back(up.place(curves[i].points.back().y), i);
    }
    std::sort(ends.begin(), ends.end());
    double free = 0;
    for (const auto& [y, i] : ends) {
      const double at = std::max(y, free);
      free = at + 15;
      svg_.put(R"(<path class="line c{}" d="M{} {:.1f}L{} {:.1f}h16"/>)", i % colours, left + plot_width, y,
               left + plot_width + 14, at);
      svg_.text(left + plot_width + 35, at + 4, "",
                fmt::format("{} {}", curves[i].who, figure(curves[i].points.back().y)));
    }
  }

  const outcome& outcome_;
  svg svg_;
};

} // namespace

void write_curves(const outcome& o, const std::string& file) { drawing(o).draw().write(file); }

} // namespace bench
