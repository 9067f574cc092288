// How long a C++ name would be, before anybody writes it out: a name may refer to its own parts, and each
// reference may double it, so that 300 characters can stand for a terabyte.
#ifndef TENURE_LIB_CLI_MANGLED_HPP
#define TENURE_LIB_CLI_MANGLED_HPP

#include <cstdint>
#include <optional>
#include <string_view>

namespace tenure::cli {

/// An upper bound of the parts that a demangler visits to write `name`, a name of the Itanium C++ ABI
/// ("_ZN4shop7counterEv"). Empty for what is none, and for constructs that are not known here (expressions,
/// decltype, vectors) or that cost a demangler too much to read. Its own work grows as the name's length.
std::optional<std::uint64_t> bound_of_demangled(std::string_view name);

} // namespace tenure::cli

#endif
