#include "plugin.hpp"

namespace session {

const char* name_of(kind k) noexcept {
  constexpr const char* names[] = {"LADSPA", "frei0r", "ImageMagick coder", "gconv", "load only"};
  return names[static_cast<unsigned>(k)];
}

std::vector<plugin> usable(const corpus& c) {
  std::vector<plugin> good;
  for (const trial& t : c.trials)
    if (t.what == verdict::usable) good.push_back(t.file);
  return good;
}

} // namespace session
