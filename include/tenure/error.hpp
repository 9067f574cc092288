// Errors as exceptions and as std::error_code.
#ifndef TENURE_ERROR_HPP
#define TENURE_ERROR_HPP

#include <tenure/failure.hpp>

#include <system_error>

namespace tenure::inline v1 {

// The category of errc: "tenure". Its messages are the general ones; failure::what() has the particulars.
[[nodiscard]] TENURE_API const std::error_category& category() noexcept;

// What std::error_code's constructor takes from an errc.
[[nodiscard]] inline std::error_code make_error_code(errc code) noexcept {
  return {static_cast<int>(code), category()};
}

// What every throwing call of this library throws, except where memory ran out: that is std::bad_alloc. Its
// code() is an errc, its what() the whole message.
// Lives in host code: no unload can take its type or text away.
class TENURE_API error : public std::system_error {
public:
  // Of a failure. Pre: it is one.
  explicit error(failure why);
  error(const error&) noexcept = default;
  error& operator=(const error&) noexcept = default;
  ~error() override;

  // As failure::what().
  [[nodiscard]] const char* what() const noexcept override { return why_.what(); }
  // The whole story.
  [[nodiscard]] const failure& why() const noexcept { return why_; }

private:
  failure why_;
};

} // namespace tenure::inline v1

template <> struct std::is_error_code_enum<tenure::errc> : std::true_type {};

#endif
