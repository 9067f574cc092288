// A struct of symbols bound at once, by name: all or nothing.
#ifndef TENURE_API_HPP
#define TENURE_API_HPP

#include <tenure/detail/scrubbed.hpp>
#include <tenure/module.hpp>

#include <type_traits>

namespace tenure::inline v1 {

// A name as a template argument.
template <std::size_t Size> struct fixed_name {
  char text[Size]{}; // the characters and a NUL
  // From a literal.
  constexpr fixed_name(const char (&literal)[Size]) noexcept { // NOLINT(google-explicit-constructor)
    for (std::size_t i = 0; i != Size; ++i) text[i] = literal[i];
  }
  template <std::size_t Other> constexpr bool operator==(const fixed_name<Other>& other) const noexcept {
    if constexpr (Size != Other) {
      return false;
    } else {
      for (std::size_t i = 0; i != Size; ++i)
        if (text[i] != other.text[i]) return false;
      return true;
    }
  }
};

// The entries of an api: a function by its signature, a variable by its type.
template <fixed_name Name, class Signature> struct fn {
  static_assert(std::is_function_v<Signature>, "fn<> names a function: fn<\"decode\", int(const void*)>");
  static constexpr const auto& name = Name; // as the module exports it
  using type = Signature; // of the function
};
// A variable of a module.
template <fixed_name Name, class T> struct var {
  static_assert(!std::is_function_v<T>, "var<> names a variable: var<\"version\", int>");
  static constexpr const auto& name = Name; // as the module exports it
  using type = T; // of the variable
};

} // namespace tenure::inline v1

namespace TENURE_HANDLES {

// When not to use it: for one or two symbols that come and go; symbol<F> is simpler.
// Obtained from: module::bind<api<...>>(); a copy. Holds one reference to the module; copying counts one,
// moving none. Threads: as a struct of pointers.
//
//   using codec_api = tenure::api<tenure::fn<"decode", int(const void*, std::size_t)>, tenure::var<"version",
//   int>>; auto codec = modules.open("plugins/flac").bind<codec_api>(); codec.call<"decode">(data, size); int
//   version = *codec.get<"version">();
template <class... Entries> class api {
  static_assert(((sizeof(Entries) != 0) && ...), "each entry is checked here, not where it is first used");

public:
  // How many entries there are.
  static constexpr std::size_t size = sizeof...(Entries);
  // Their names, in order.
  static constexpr const char* names[] = {Entries::name.text...};
  // What each is: a function, a variable.
  static constexpr detail::symbol_kind kinds[] = {detail::kind_of<typename Entries::type>()...};

  api() noexcept = default;
  api(api&& other) noexcept { swap(*this, other); }
  // The module that it held before is let go last.
#if defined(TENURE_TRACK_HOLDERS)
  api(const api& other TENURE_AND_TAKEN_HERE) noexcept
      : owner_(other.owner_, taken) {
    detail::relabel_holder(&owner_, holder_kind::api);
    for (std::size_t i = 0; i != size; ++i) addresses_[i] = other.addresses_[i];
  }
  api& operator=(api other) noexcept {
    swap(*this, other);
    return *this;
  }
  api& operator=(decltype(nullptr)) noexcept { return *this = api(); } // for `= {}`, see module
#else
  api(const api&) noexcept = default;
  api& operator=(const api& other) noexcept {
    api copy(other);
    swap(*this, copy);
    return *this;
  }
  api& operator=(api&& other) noexcept {
    api taken(static_cast<api&&>(other));
    swap(*this, taken);
    return *this;
  }
#endif
  ~api() = default;

  friend void swap(api& a, api& b) noexcept {
    swap(a.owner_, b.owner_);
    for (std::size_t i = 0; i != size; ++i) {
      void* const held = a.addresses_[i];
      a.addresses_[i] = b.addresses_[i];
      b.addresses_[i] = held;
    }
  }

  // The address, typed: a pointer to the function or to the variable.
  template <fixed_name Name> [[nodiscard]] auto get() const noexcept {
    constexpr std::size_t i = index_of<Name>();
    static_assert(i != size, "this api has no entry of that name");
    using target = typename entry<i>::type;
    void* const address = addresses_[i];
    if constexpr (std::is_function_v<target>)
      return reinterpret_cast<target*>(address);
    else
      return static_cast<target*>(address);
  }
  // Calls a function: what a function pointer costs. Pre: not empty.
  template <fixed_name Name, class... Args> decltype(auto) call(Args&&... args) const {
    return get<Name>()(static_cast<Args&&>(args)...);
  }

  explicit operator bool() const noexcept { return static_cast<bool>(owner_); }
  [[nodiscard]] const module& owner() const noexcept { return owner_; }

private:
  friend class module;
  template <fixed_name Name> static constexpr std::size_t index_of() noexcept {
    constexpr bool matches[] = {(Entries::name == Name)...};
    std::size_t i = 0;
    while (i != size && !matches[i]) ++i;
    return i;
  }
  template <std::size_t I, class First, class... Rest> struct pick : pick<I - 1, Rest...> {};
  template <class First, class... Rest> struct pick<0, First, Rest...> { using type = First; };
  template <std::size_t I> using entry = typename pick<I, Entries...>::type;

  module owner_;
  detail::scrubbed<void> addresses_[size]; // each is a void*, and nothing else
  static_assert(sizeof(detail::scrubbed<void>) == sizeof(void*));
};

template <class Api> Api module::bind(TENURE_IF_TRACKED(const code_location& taken)) const {
  failure why;
  Api bound = bind<Api>(why TENURE_AND_TAKEN);
  if (why) detail::raise(static_cast<failure&&>(why));
  return bound;
}

template <class Api, detail::error_sink S> Api module::bind(S& sink TENURE_IF_TRACKED(, const code_location& taken)) const {
  Api bound;
  failure why = detail::failure_for<S>();
  if (record_ == nullptr)
    detail::set_failure(why, errc::empty_handle, "", Api::names[0]);
  else if (detail::bind_symbols(*record_, Api::names, Api::kinds, reinterpret_cast<void**>(bound.addresses_),
                                Api::size, why))
    bound.owner_ = module(*this TENURE_AND_TAKEN);
  TENURE_IF_TRACKED(detail::relabel_holder(&bound.owner_, holder_kind::api);)
  detail::report_into(sink, static_cast<failure&&>(why));
  return bound;
}

} // namespace TENURE_HANDLES

#endif
