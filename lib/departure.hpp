// The departure check: what stands between "the policy chose a victim" and "the system is asked to close it".
// The same for every policy. Each question is one header of the port; here is only which of them are asked,
// and in which order.
#ifndef TENURE_LIB_DEPARTURE_HPP
#define TENURE_LIB_DEPARTURE_HPP

#include "bounded_text.hpp"
#include "record.hpp"

#include <tenure/options.hpp>

#include <utility>

namespace tenure::inline v1::detail {

// Why a module must not be closed now. A fixed text: nothing may fail here.
struct departure_finding {
  static constexpr std::size_t longest = 512; // bytes
  char text[longest] = {};

  // What does not fit is cut off.
  template <class... Args> void tell(fmt::format_string<Args...> words, Args&&... args) noexcept {
    put_text(text, longest, words, std::forward<Args>(args)...);
  }
  [[nodiscard]] explicit operator bool() const noexcept { return text[0] != '\0'; }
};

// Pre: the module is mapped, no reference to it is left, the registry's mutex is not held.
// Each level asks what the ones before it ask, cheapest first, and stops at the first finding.
// `entry`: the frame that the application called, see closing_chain.
[[nodiscard]] departure_finding ask_before_departure(departure_check level, const module_record& r,
                                                     std::uintptr_t entry) noexcept;

// What the level `references` compares with later. Pre: right after the load, before anybody else has the
// module. Null where memory is refused.
[[nodiscard]] std::unique_ptr<os::reference_baseline>
references_after_load(const os::mapped_image& image) noexcept;

} // namespace tenure::inline v1::detail

#endif
