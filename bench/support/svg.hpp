// Drawings that can be read on light and on dark paper.
#ifndef TENURE_BENCH_SUPPORT_SVG_HPP
#define TENURE_BENCH_SUPPORT_SVG_HPP

#include <fmt/core.h>

#include <string>

namespace bench {

class svg {
public:
  // `style`: the CSS of all classes. rsvg knows no CSS variables: what differs on dark paper stands twice in it.
  svg(double width, double height, const std::string& title, const char* style);

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
