#include "demangle.hpp"

#include "mangled.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>

#if __has_include(<cxxabi.h>)
#  include <cxxabi.h>
#endif

namespace tenure::cli {
namespace {

constexpr std::size_t longest_name = 4096;         // characters
constexpr std::uint64_t longest_text = 128 * 1024; // characters; real libraries stay below a tenth of it

// The work of a demangler grows with what it writes, and that as two to the power of the references. What
// cannot be measured stays as it is, one of 250 names of real libraries: GCC 12's demangler never comes back
// from some.
bool is_affordable(std::string_view name) {
  if (name.size() > longest_name) return false;
  const auto bound = bound_of_demangled(name);
  return bound && *bound <= longest_text;
}

} // namespace

std::string demangle(std::string_view name) {
#if __has_include(<cxxabi.h>)
  const auto plain = name.starts_with("__Z") ? name.substr(1) : name; // Mach-O puts one more in front
  if (plain.starts_with("_Z") && is_affordable(plain)) {
    const std::string ended(plain);
    struct giver_back {
      void operator()(char* text) const noexcept { std::free(text); }
    };
    int status = 0;
    const std::unique_ptr<char, giver_back> text(
        abi::__cxa_demangle(ended.c_str(), nullptr, nullptr, &status));
    if (status == 0 && text) return text.get();
  }
#endif
  return std::string(name);
}

std::string demangler::operator()(std::string_view name) {
  auto text = left_ == 0 ? std::string(name) : demangle(name);
  left_ -= std::min<std::uint64_t>(left_, text.size());
  return text;
}

} // namespace tenure::cli
