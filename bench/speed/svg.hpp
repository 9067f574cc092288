// Drawings that can be read on light and on dark paper.
#ifndef TENURE_BENCH_SPEED_SVG_HPP
#define TENURE_BENCH_SPEED_SVG_HPP

#include <fmt/core.h>

#include <string>

namespace bench {

// Classes of shapes: paper, grid, ours, peer, raw, floor; of text: title, heading, said, and none.
class svg {
public:
  svg(double width, double height, const std::string& title);

  template <class... Args> void put(fmt::format_string<Args...> text, Args&&... args) {
    out_ += fmt::format(text, std::forward<Args>(args)...);
    out_ += '\n';
  }
  void text(double x, double y, const char* look, const std::string& words, const char* anchor = "start");
  // Errors: std::system_error.
  void write(const std::string& file) const;

private:
  std::string out_;
};

} // namespace bench

#endif
