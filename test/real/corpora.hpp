// Modules of other people's, installed here.
#ifndef TENURE_TEST_REAL_CORPORA_HPP
#define TENURE_TEST_REAL_CORPORA_HPP

#include "session/plugin.hpp"

#include <string>
#include <vector>

namespace real {

struct corpus {
  std::string name;
  std::size_t enough = 0;         // files: with fewer, the package is not installed
  std::vector<std::string> hosts; // libraries whose symbols the modules expect of their program
  std::vector<session::plugin> files;
};

// "ladspa", "frei0r", "coders", "gconv", "system". Errors: throws std::invalid_argument for another name.
[[nodiscard]] corpus find_corpus(const std::string& name);

} // namespace real

#endif
