#include "demangle.hpp"

#include <cstdlib>
#include <memory>

#if __has_include(<cxxabi.h>)
#  include <cxxabi.h>
#endif

namespace tenure::cli {

std::string demangle(std::string_view name) {
#if __has_include(<cxxabi.h>)
  // A damaged file's name may be as long as the file, and the demangler's work grows faster than its input.
  constexpr std::size_t longest = 4096;
  const bool apple = name.starts_with("__Z"); // Mach-O puts one more in front
  if ((name.starts_with("_Z") || apple) && name.size() <= longest) {
    const std::string ended(apple ? name.substr(1) : name);
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

} // namespace tenure::cli
