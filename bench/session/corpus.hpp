// Where the session's plug-ins come from.
#ifndef TENURE_BENCH_SESSION_CORPUS_HPP
#define TENURE_BENCH_SESSION_CORPUS_HPP

#include "plugin.hpp"

namespace session {

struct found_files {
  std::vector<std::string> folders;
  std::vector<plugin> files; // by path, each file once
  std::string remark;
};

// The shared libraries of these folders, not of folders inside them. None given: LADSPA, frei0r and
// ImageMagick where distributions put them, and where there are too few of them, glibc's gconv modules.
[[nodiscard]] found_files find_plugins(const std::vector<std::string>& given);

// Why a plug-in that is known to be bad is left out; null for the others.
[[nodiscard]] const char* known_bad(const plugin& p) noexcept;

} // namespace session

#endif
