// `tenure deps`: what a library needs, and where the loader would find it.
#ifndef TENURE_LIB_CLI_DEPS_HPP
#define TENURE_LIB_CLI_DEPS_HPP

#include "style.hpp"

#include <string>
#include <vector>

namespace tenure::cli {

struct deps_options {
  std::string path;
  std::vector<std::string> folders;
  bool dot = false, json = false;
  colour_choice colours = colour_choice::automatic;
};

int run_deps(const deps_options&);

} // namespace tenure::cli

#endif
