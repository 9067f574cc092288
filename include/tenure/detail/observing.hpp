// How a manager gets its observer.
#ifndef TENURE_DETAIL_OBSERVING_HPP
#define TENURE_DETAIL_OBSERVING_HPP

#include <tenure/detail/registry.hpp>
#include <tenure/event.hpp>

namespace tenure::inline v1::detail {

// An observer that the manager owns, as a constant; see policy_table.
struct observer_table {
  std::size_t size;
  std::size_t alignment;
  void (*move_to)(void* destination, void* source) noexcept;
  void (*destroy)(void* observer) noexcept;
  void (*told)(void* observer, const event& e) noexcept;
};

template <event_sink O> inline void tell_observer(void* o, const event& e) noexcept {
  (*static_cast<O*>(o))(e);
}

template <event_sink O>
inline constexpr observer_table observer_table_of{
    sizeof(O),
    alignof(O),
    [](void* to, void* from) noexcept { ::new (to, in_place{}) O(static_cast<O&&>(*static_cast<O*>(from))); },
    [](void* o) noexcept { static_cast<O*>(o)->~O(); },
    tell_observer<O>,
};

// False and `why`: already_observed, out_of_memory, unsupported.
TENURE_API bool observe_registry(registry& g, event_observer who, failure& why) noexcept;
// Moves the observer in.
TENURE_API bool own_observer(registry& g, const observer_table& table, void* from, failure& why) noexcept;
[[nodiscard]] TENURE_API void* owned_observer_of(registry& g) noexcept;
TENURE_API void stop_observing(registry& g) noexcept;

} // namespace tenure::inline v1::detail

#endif
