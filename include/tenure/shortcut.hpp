// A symbol's address, remembered at the place in the program where it is looked up.
#ifndef TENURE_SHORTCUT_HPP
#define TENURE_SHORTCUT_HPP

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
    const std::uint64_t load = detail::read_published(load_);
    address = detail::read_published(address_);
    const std::uint64_t written = load ^ detail::glance(load_); // 0: not in between, for no load's number comes again
    const std::uint64_t other = load ^ detail::glance(r->load);
    return (written | other) == 0; // one branch
  }

  void remember(std::uint64_t load, void* address) noexcept {
    detail::word nobody = 0;
    if (load == 0 || !detail::replace(writer_, nobody, 1)) return; // shut down by now, or another thread writes
    detail::publish_value(load_, no_load);
    detail::publish_value(address_, address); // who sees this one sees that the number before it is gone
    detail::publish_value(load_, load);
    detail::publish_value(writer_, detail::word{0});
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

  name_view name_;
  detail::word writer_ = 0;      // 1 while a thread writes the other two
  std::uint64_t load_ = no_load; // of the module that `address_` is in
  void* address_ = nullptr;
};

} // namespace TENURE_HANDLES

#endif
