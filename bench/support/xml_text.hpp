// Text as it stands in XML.
#ifndef BENCH_SUPPORT_XML_TEXT_HPP
#define BENCH_SUPPORT_XML_TEXT_HPP

#include <string>

namespace bench {

inline std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else
      out += c;
  }
  return out;
}

} // namespace bench

#endif
