// C++ names for people.
#ifndef TENURE_LIB_CLI_DEMANGLE_HPP
#define TENURE_LIB_CLI_DEMANGLE_HPP

#include <cstdint>
#include <string>
#include <string_view>

namespace tenure::cli {

/// What a C++ compiler's name means; the name itself if it is none, if nothing here can tell, or if it could
/// be longer than anybody reads (see mangled.hpp). Takes milliseconds at most.
std::string demangle(std::string_view name);

/// The same for all names of a file, which may be a million and all the same: no more text than memory holds.
class demangler {
public:
  std::string operator()(std::string_view name);

private:
  std::uint64_t left_ = std::uint64_t{256} << 20; // characters; the largest libraries have a tenth of it
};

} // namespace tenure::cli

#endif
