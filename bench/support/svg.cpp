#include "svg.hpp"

#include "xml_text.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

namespace bench {
svg::svg(double width, double height, const std::string& title, const char* style) {
  put(R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}" role="img">)",
      width, height);
  put("<title>{}</title>\n<style>\n{}\n</style>", escaped(title), style);
  put(R"(<rect class="paper" width="{}" height="{}"/>)", width, height);
}

void svg::text(double x, double y, const char* look, const std::string& words, const char* anchor) {
  put(R"(<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>)", look, x, y, anchor,
      escaped(words));
}

void svg::write(const std::string& file) const {
  std::ofstream out(file);
  out << out_ << "</svg>\n";
  out.close();
  if (!out) throw std::system_error(errno, std::generic_category(), file);
}

} // namespace bench
