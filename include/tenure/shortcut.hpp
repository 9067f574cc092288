// A symbol's address, remembered at the place in the program where it is looked up.
#ifndef TENURE_SHORTCUT_HPP
#define TENURE_SHORTCUT_HPP

#include <tenure/detail/scrubbed.hpp>
#include <tenure/module.hpp>

#include <type_traits>

namespace TENURE_HANDLES {

// For a function that is called in one place, through whatever module comes by: costs two comparisons where
// the module is the one of the time before, and a look-up by name where it is another one, or was loaded
// anew. Never gives an address of a module that is gone: it asks the handle. When not to use it: as a member
// beside a handle; symbol<F> is that, and holds its module. Where two modules take turns at one place; each
// turn is a look-up. Obtained from: its constructor, at best as a constant-initialised static. Not copyable.
// Threads: any number at the same time; none waits.
//
//   int decode(const tenure::module& codec, const char* file) {
//     static constinit tenure::shortcut<int(const char*)> decode("decode");
//     return decode.in(codec)(file);
//   }
template <class F> class shortcut {
public:
  // Pre: `name` outlives the shortcut, as a literal does.
  explicit constexpr shortcut(name_view name) noexcept
      : name_(name) {}
  shortcut(const shortcut&) = delete;
  shortcut& operator=(const shortcut&) = delete;

  // The address in `m`: valid while any reference to that module lives.
  // Errors: as module::symbol.
  [[nodiscard]] F& in(const module& m) {
    void* known = nullptr;
    if (recalls(detail::handle_access::record_of(m), known)) return *as_target(known);
    return *look_up(m);
  }

private:
  static F* as_target(void* address) noexcept {
    if constexpr (std::is_function_v<F>)
      return reinterpret_cast<F*>(address);
    else
      return static_cast<F*>(address);
  }

  // False if what is remembered is of another load, or is just being written.
  [[nodiscard]] bool recalls(const detail::record* r, void*& address) const noexcept {
    if (r == nullptr) return false;
    const std::uint64_t label = detail::read_published(label_);
    address = detail::unmasked(detail::read_published(address_));
    TENURE_STEP();
    const std::uint64_t written = label ^ detail::glance(label_); // 0: not in between
    const std::uint64_t other = (label ^ detail::glance(r->load)) << turn_bits;
    return (written | other) == 0; // one branch
  }

  void remember(std::uint64_t load, void* address) noexcept {
    detail::word turn = detail::look(turn_);
    if (load == 0 || (turn & 1) != 0 || !detail::replace(turn_, turn, turn + 1))
      return; // shut down, or being written
    detail::publish_value(label_, no_load);
    detail::publish_value(
        address_, detail::masked_bits(address)); // who sees this one sees that the label before it is gone
    detail::publish_value(label_, load | (turn + 2) << (64 - turn_bits));
    detail::publish_value(turn_, turn + 2);
  }

  [[nodiscard]] F* look_up(const module& m) {
    failure why;
    detail::record* const r = detail::handle_access::record_of(m);
    void* address = nullptr;
    if (r != nullptr)
      address = detail::find_symbol(*r, name_, detail::kind_of<F>(), why);
    else
      detail::set_failure(why, errc::empty_handle, "", name_.c_str());
    if (address == nullptr && !why)
      detail::set_failure(why, errc::symbol_not_found, m.path(), "its value is null");
    if (why) detail::raise(static_cast<failure&&>(why));
    if (detail::same_on_all_threads(*r, name_)) remember(detail::glance(r->load), address);
    return as_target(address);
  }

  static constexpr std::uint64_t no_load = ~std::uint64_t{0}; // not even of a module that was shut down, which is 0
  // The number of a load comes again where modules take turns, so a reader could see the same one before and
  // behind the other's address: the turn beside it is another one.
  static constexpr unsigned turn_bits = 16;

  name_view name_;
  detail::word turn_ = 0; // +2 each time that the other two are written; odd meanwhile
  std::uint64_t label_ =
      no_load; // the load of the module that `address_` is in, and above it the lowest bits of the turn
  std::uintptr_t address_ = 0; // masked
};

} // namespace TENURE_HANDLES

#endif
