// `tenure symbols`: what a library exports and imports.
#ifndef TENURE_LIB_CLI_SYMBOLS_HPP
#define TENURE_LIB_CLI_SYMBOLS_HPP

#include "style.hpp"

#include <string>
#include <vector>

namespace tenure::cli {

struct symbols_options {
  std::string path;
  bool imports = false, mangled = false, json = false;
  colour_choice colours = colour_choice::automatic;
};

int run_symbols(const symbols_options&);

} // namespace tenure::cli

#endif
