// A struct of symbols bound at once, by name: all or nothing.
#ifndef TENURE_API_HPP
#define TENURE_API_HPP

#include <tenure/module.hpp>

#include <type_traits>

namespace tenure::inline v1 {

// A name as a template argument.
template <std::size_t Size> struct fixed_name {
  char text[Size]{};
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
  static constexpr const auto& name = Name;
  using type = Signature;
};
template <fixed_name Name, class T> struct var {
  static_assert(!std::is_function_v<T>, "var<> names a variable: var<\"version\", int>");
  static constexpr const auto& name = Name;
  using type = T;
};

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
  static constexpr std::size_t size = sizeof...(Entries);
  static constexpr const char* names[] = {Entries::name.text...};
  static constexpr detail::symbol_kind kinds[] = {detail::kind_of<typename Entries::type>()...};

  api() noexcept = default;

  // The address, typed: a pointer to the function or to the variable.
  template <fixed_name Name> [[nodiscard]] auto get() const noexcept {
    constexpr std::size_t i = index_of<Name>();
    static_assert(i != size, "this api has no entry of that name");
    using target = typename entry<i>::type;
    if constexpr (std::is_function_v<target>)
      return reinterpret_cast<target*>(addresses_[i]);
    else
      return static_cast<target*>(addresses_[i]);
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
  void* addresses_[size]{};
};

template <class Api> Api module::bind() const {
  failure why;
  Api bound = bind<Api>(why);
  if (why) detail::raise(static_cast<failure&&>(why));
  return bound;
}

template <class Api, detail::error_sink S> Api module::bind(S& sink) const {
  Api bound;
  failure why = detail::failure_for<S>();
  if (record_ == nullptr)
    detail::set_failure(why, errc::empty_handle, "", Api::names[0]);
  else if (detail::bind_symbols(*record_, Api::names, Api::kinds, bound.addresses_, Api::size, why))
    bound.owner_ = *this;
  detail::report_into(sink, static_cast<failure&&>(why));
  return bound;
}

} // namespace tenure::inline v1

#endif
