// C++ names for people.
#ifndef TENURE_LIB_CLI_DEMANGLE_HPP
#define TENURE_LIB_CLI_DEMANGLE_HPP

#include <string>
#include <string_view>

namespace tenure::cli {

/// What a C++ compiler's name means; the name itself if it is none, or if nothing here can tell.
std::string demangle(std::string_view name);

} // namespace tenure::cli

#endif
