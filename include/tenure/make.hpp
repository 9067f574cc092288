// Objects of a plug-in, found by interface and name in the table that it exports (tenure/plugin.hpp).
#ifndef TENURE_MAKE_HPP
#define TENURE_MAKE_HPP

#include <tenure/instance.hpp>
#include <tenure/interface.hpp>
#include <tenure/plugin.h>

namespace tenure::inline v1 {
namespace detail {

// What the host was compiled with.
struct interface_stamp {
  interface_id id;
  std::uint64_t size;
};

// The row of the module's table; null and `why` if there is none that fits. Errors: empty_handle (of a null
// record), name_missing, no_such_factory, interface_mismatch, with both stamps. Pre: the caller holds a
// reference.
[[nodiscard]] TENURE_API const tenure_factory* find_factory(record* held, const interface_stamp& wanted,
                                                            const char* name, failure& why);

} // namespace detail
} // namespace TENURE_HANDLES

namespace TENURE_HANDLE_DETAILS {

struct factory_access {
  // An empty one and `why`. The factory runs with the module held by host code: `held`.
  template <class I> static instance<I> make(module held, const char* name, failure& why) {
    record* const of = handle_access::record_of(held);
    const tenure_factory* const row = find_factory(of, {I::tenure_interface(), sizeof(I)}, name, why);
    if (row == nullptr) return {};
    const call_in_flight inside(*of, why);
    if (why) return {};
    void* const object = call_across(*of, [&] { return row->create(); });
    if (object == nullptr) {
      set_failure(why, errc::factory_returned_null, held.path(), name);
      return {};
    }
    return own<I>(static_cast<module&&>(held), static_cast<I*>(object), row->destroy);
  }
  template <class I> static instance<I> own(module m, I* object, void (*destroy)(void*)) noexcept {
    return instance<I>(static_cast<module&&>(m), object, destroy);
  }
};

} // namespace TENURE_HANDLE_DETAILS

namespace TENURE_HANDLES {

// An object of the plug-in, made and destroyed by it: the one that its table has under `name` for the
// interface I. The stamps are compared first, so a plug-in that was built against another layout of I is
// refused and not called. When not to use it: for modules without such a table; module::create takes a
// function's name. Errors: those above, factory_returned_null, module_shut_down, what the object's
// constructor throws. Threads: any.
//   tenure::instance<decoder> flac = tenure::make<decoder>(codec, "flac");
template <stamped_interface I> [[nodiscard]] instance<I> make(const module& m, const char* name TENURE_AND_TAKEN_HERE) {
  failure why;
  instance<I> made = detail::factory_access::make<I>(module(m TENURE_AND_TAKEN), name, why);
  if (why) detail::raise(static_cast<failure&&>(why));
  return made;
}
// The same; an empty one comes with its reason. What the constructor throws is thrown here too.
template <stamped_interface I, detail::error_sink S>
[[nodiscard]] instance<I> make(const module& m, const char* name, S& sink TENURE_AND_TAKEN_HERE) {
  failure why = detail::failure_for<S>();
  instance<I> made = detail::factory_access::make<I>(module(m TENURE_AND_TAKEN), name, why);
  detail::report_into(sink, static_cast<failure&&>(why));
  return made;
}

} // namespace tenure::inline v1

#endif
