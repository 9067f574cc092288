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
/// decltype, vectors). Its own work grows as the name's length.
std::optional<std::uint64_t> bound_of_demangled(std::string_view name);

/// How many of its parts may be references to other parts, whatever the name means: each at most doubles it.
unsigned count_references(std::string_view name) noexcept;

} // namespace tenure::cli

#endif
