// What manager<Policy> calls: the registry behind it does not know the policy's type, only this table.
#ifndef TENURE_DETAIL_REGISTRY_HPP
#define TENURE_DETAIL_REGISTRY_HPP

#include <tenure/detail/record.hpp>
#include <tenure/options.hpp>
#include <tenure/path.hpp>
#include <tenure/policy.hpp>
#include <tenure/report.hpp>

namespace tenure::inline v1 {

// A symbol of a module that is linked into the program.
struct static_symbol {
  const char* name;
  void* address;
};

namespace detail {

// A policy as a constant: its size, its traits, its five calls.
struct policy_table {
  std::size_t size;
  std::size_t alignment;
  bool parks;
  bool reads_time;
  bool times_revives;
  bool keeps_pages;
  bool counts_in_stripes;
  void (*move_to)(void* destination, void* source) noexcept;
  void (*destroy)(void* policy) noexcept;
  void (*idled)(void* policy, idle_module& m, time_point now, idle_list& victims);
  void (*revived)(void* policy, idle_module& m, time_point now);
  void (*sweep)(void* policy, const sweep_request& request, idle_list& victims);
  void (*drain)(void* policy, idle_list& victims);
  time_point (*next_due)(const void* policy);
};

template <class P> constexpr bool parks_of() noexcept {
  if constexpr (requires { P::parks; }) return P::parks;
  return false;
}
template <class P> constexpr bool reads_time_of() noexcept {
  if constexpr (requires { P::reads_time; }) return P::reads_time;
  return false;
}
template <class P> constexpr bool keeps_pages_of() noexcept {
  if constexpr (requires { P::keeps_pages; }) return P::keeps_pages;
  return false;
}

template <class P> constexpr bool counts_in_stripes_of() noexcept {
  if constexpr (requires { P::counts_in_stripes; }) return P::counts_in_stripes;
  return false;
}

struct in_place {}; // marks the placement new below: <new> is not included for one declaration

template <unload_policy P>
inline constexpr policy_table policy_table_of{
    sizeof(P),
    alignof(P),
    parks_of<P>(),
    reads_time_of<P>(),
    times_revives<P>,
    keeps_pages_of<P>(),
    counts_in_stripes_of<P>(),
    [](void* to, void* from) noexcept { ::new (to, in_place{}) P(static_cast<P&&>(*static_cast<P*>(from))); },
    [](void* p) noexcept { static_cast<P*>(p)->~P(); },
    [](void* p, idle_module& m, time_point now, idle_list& v) { static_cast<P*>(p)->idled(m, now, v); },
    [](void* p, idle_module& m, time_point now) { tell_revived(*static_cast<P*>(p), m, now); },
    [](void* p, const sweep_request& r, idle_list& v) { static_cast<P*>(p)->sweep(r, v); },
    [](void* p, idle_list& v) { static_cast<P*>(p)->drain(v); },
    [](const void* p) { return static_cast<const P*>(p)->next_due(); },
};

} // namespace detail
} // namespace tenure::inline v1

inline void* operator new(std::size_t, void* place, tenure::detail::in_place) noexcept { return place; }

namespace tenure::inline v1::detail {

// Null with `why` set if memory was refused. Moves the policy in.
[[nodiscard]] TENURE_API registry* make_registry(const policy_table& table, void* policy,
                                                 const manager_options& options, departure_check check,
                                                 failure& why) noexcept;
// The manager's end: closes what is idle, forgets the policy. Handles that live on keep the registry.
TENURE_API void retire_registry(registry& g) noexcept;

// Each returns a record with one reference for the caller, or null and `why`; the first throws instead.
[[nodiscard]] TENURE_API record* open_or_raise(registry& g, path_view path, const open_options& options);
TENURE_API record* open_module(registry& g, path_view path, const open_options& options,
                               failure& why) noexcept;
TENURE_API record* adopt_module(registry& g, void* native_handle, failure& why) noexcept;
TENURE_API record* module_containing(registry& g, const void* address, failure& why) noexcept;
TENURE_API record* add_static_module(registry& g, const char* name, const static_symbol* symbols,
                                     std::size_t n, failure& why) noexcept;

TENURE_API bool add_search_path(registry& g, path_view folder, failure& why) noexcept;

// `level`: at least the manager's own.
TENURE_API unload_report sweep_registry(registry& g, const duration* delay, departure_check level) noexcept;
TENURE_API unload_report final_close_registry(registry& g, departure_check level, bool force) noexcept;
TENURE_API unload_report report_of(registry& g) noexcept;
[[nodiscard]] TENURE_API time_point next_due_of(registry& g) noexcept;
[[nodiscard]] TENURE_API time_point now_of(registry& g) noexcept;
[[nodiscard]] TENURE_API manager_stats stats_of(registry& g) noexcept;

} // namespace tenure::inline v1::detail

#endif
