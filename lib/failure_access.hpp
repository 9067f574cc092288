// How the library fills a failure.
#ifndef TENURE_LIB_FAILURE_ACCESS_HPP
#define TENURE_LIB_FAILURE_ACCESS_HPP

#include "os/os.hpp"

#include <tenure/failure.hpp>

#include <string>
#include <string_view>

namespace tenure::inline v1::detail {

// The particulars of a failure; the whole message is composed from them.
struct failure_parts {
  errc code = errc::ok;
  std::string_view path;
  std::string_view explanation; // in our words; may be empty
  std::string_view missing;
  const char* call = "";
  int system_code = 0;
  std::string_view system_text;
  std::string_view advice; // what to do
};

// What the system said; lives as long as `fault`.
[[nodiscard]] failure_parts parts_of(const os::fault& fault, std::string_view path) noexcept;

// False for a failure that nobody will ask for its text: a caller with room for a code only.
[[nodiscard]] bool wants_text(const failure& why) noexcept;

// Never throws: if memory for the text is refused, the code alone is kept.
void fill(failure& why, const failure_parts& parts) noexcept;
void fill(failure& why, const os::fault& fault, std::string_view path) noexcept;
void fill_code(failure& why, errc code) noexcept;
// As `known`, with something else to do about it.
void set_advice(failure& why, const failure& known, std::string_view advice) noexcept;

} // namespace tenure::inline v1::detail

#endif
