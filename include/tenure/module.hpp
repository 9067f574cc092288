// The counted handle: a module stays loaded while one of these refers to it.
#ifndef TENURE_MODULE_HPP
#define TENURE_MODULE_HPP

#include <tenure/detail/record.hpp>
#include <tenure/detail/tracking.hpp>
#include <tenure/holder.hpp>
#include <tenure/path.hpp>

#include <type_traits>
#include <typeindex> // the lightest standard header that declares std::hash

namespace TENURE_HANDLES {

template <class F> class symbol;
template <class T> class instance;
template <class... Entries> class api;
class weak_module;
class guard;
class pin;
struct factory_names;

} // namespace TENURE_HANDLES

namespace tenure::inline v1::detail {
template <class F> constexpr symbol_kind kind_of() noexcept {
  if (std::is_function_v<F>) return symbol_kind::function;
  using value = std::remove_cv_t<F>;
  const bool bytes =
      std::is_same_v<value, char> || std::is_same_v<value, unsigned char> || std::is_same_v<value, std::byte>;
  return bytes ? symbol_kind::bytes : symbol_kind::variable;
}

template <class Made> struct factory_of; // instance.hpp: what create<Made> calls
} // namespace tenure::inline v1::detail

namespace TENURE_HANDLE_DETAILS {
struct handle_access;
} // namespace TENURE_HANDLE_DETAILS

namespace TENURE_HANDLES {

// A strong, intrusive reference to a loaded module; one pointer wide.
// When not to use it: to keep a module resident without using it, take a pin; to refer to it without keeping
// it, a weak_module. Obtained from: a manager's open, open_if_loaded, adopt, containing and add_static;
// weak_module::lock; a copy. Copying counts one reference, moving none; the last one to go tells the policy.
// May outlive its manager. Threads: as a pointer. Distinct handles to one module may be used on any threads
// at the same time.
//
//   tenure::module codec = modules.open("plugins/flac");
//   auto decode = codec.symbol<int(const std::byte*, std::size_t)>("decode");
class module {
public:
  constexpr module() noexcept = default;
  // An empty one.
  constexpr module(decltype(nullptr)) noexcept {} // NOLINT(google-explicit-constructor): as a pointer
  module(const module& other TENURE_AND_TAKEN_HERE) noexcept :record_(other.record_) {
    if (record_ != nullptr) detail::take_reference(*record_);
    TENURE_IF_TRACKED(if (record_ != nullptr) detail::note_holder(this, *record_, holder_kind::handle, taken);)
  }
  module(module&& other) noexcept :record_(other.record_) {
    other.record_ = nullptr;
    TENURE_IF_TRACKED(if (record_ != nullptr) detail::move_holder(this, &other);)
  }
#if defined(TENURE_TRACK_HOLDERS)
  module& operator=(module other) noexcept { // by value: the copy is made in the caller's line
    swap(*this, other);
    return *this;
  }
  // For `= {}`: Clang 14 forgets to destroy a parameter by value that `{}` in a template has made.
  module& operator=(decltype(nullptr)) noexcept {
    reset();
    return *this;
  }
#else
  module& operator=(const module& other) noexcept {
    module copy(other);
    swap(*this, copy);
    return *this;
  }
  module& operator=(module&& other) noexcept {
    module taken(static_cast<module&&>(other));
    swap(*this, taken);
    return *this;
  }
#endif
  ~module() {
    TENURE_IF_TRACKED(if (record_ != nullptr) detail::forget_holder(this);)
    if (record_ != nullptr) detail::drop_reference(*record_);
  }

  friend void swap(module& a, module& b) noexcept {
    detail::record* const r = a.record_;
    a.record_ = b.record_;
    b.record_ = r;
    TENURE_IF_TRACKED(detail::swap_holders(&a, &b);)
  }

  // Effect: as destroying the handle; afterwards it is empty.
  void reset() noexcept { module gone(static_cast<module&&>(*this)); }

  explicit operator bool() const noexcept { return record_ != nullptr; }
  // The same module, that is the same file, however it was named when it was opened.
  friend bool operator==(const module& a, const module& b) noexcept { return a.record_ == b.record_; }
  // Any fixed order, for maps.
  friend bool operator<(const module& a, const module& b) noexcept {
    return reinterpret_cast<std::uintptr_t>(a.record_) < reinterpret_cast<std::uintptr_t>(b.record_);
  }
  // What std::hash gives, for unordered containers.
  [[nodiscard]] std::size_t hash() const noexcept {
    return reinterpret_cast<std::size_t>(record_) / alignof(void*);
  }

  // A function or a variable by name. Errors: symbol_not_found, symbol_kind_mismatch, empty_handle,
  // loader_blocked, module_shut_down. A symbol whose value is null is no function; as a variable it gives an
  // empty symbol. Threads: any; never waits for another thread's load.
  template <class F> [[nodiscard]] tenure::symbol<F> symbol(name_view name TENURE_AND_TAKEN_HERE) const;
  template <class F, detail::error_sink S>
  [[nodiscard]] tenure::symbol<F> symbol(name_view name, S& sink TENURE_AND_TAKEN_HERE) const;

  // Binds a struct of symbols: all or nothing; one error names all that is missing (api_incomplete). What keeps it from
  // looking is no missing symbol: errors besides as symbol().
  template <class Api> [[nodiscard]] Api bind(TENURE_TAKEN_HERE) const;
  template <class Api, detail::error_sink S> [[nodiscard]] Api bind(S& sink TENURE_AND_TAKEN_HERE) const;

  // An object made by the module's factory and destroyed by the module. See instance.hpp.
  template <class Made, class... Args>
  [[nodiscard]] instance<typename detail::factory_of<Made>::type> create(factory_names names,
                                                                         Args&&... args) const;
  // The same; an empty one comes with its reason. What the factory throws is thrown here too.
  template <class Made, detail::error_sink S, class... Args>
  [[nodiscard]] instance<typename detail::factory_of<Made>::type> create(factory_names names, S& sink,
                                                                         Args&&... args) const;

  // Marks a call into the module through a raw pointer or a callback: the module stays while the guard lives,
  // and the end of the thread's outermost guard is a safe point. Errors: module_shut_down.
  [[nodiscard]] guard enter(TENURE_TAKEN_HERE) const;
  template <detail::error_sink S> [[nodiscard]] guard enter(S& sink TENURE_AND_TAKEN_HERE) const noexcept;

  // Calls `f`, which calls into the module, under a guard. An exception that comes out keeps the module loaded until its
  // last copy is gone (also as a std::exception_ptr, also on another thread): its type, what() and destructor may be the
  // module's. What is thrown is rethrown unchanged.
  //   int n = codec.call([&] { return decode(data, size); });
  // Pre: not empty. Errors: module_shut_down. Platform: exceptions of other languages than C++ keep nothing; where the compiler does not follow the
  // Itanium ABI (MSVC), the module stays loaded for good.
  template <class F, class... Args>
  decltype(auto) call(F&& f, Args&&... args) const TENURE_IF_TRACKED(requires(sizeof...(Args) != 0));
#if defined(TENURE_TRACK_HOLDERS)
  template <class F> decltype(auto) call(F&& f, const code_location& taken = code_location::current()) const;
#endif

  // Keeps the module resident without using it (COM: IClassFactory::LockServer). Of an empty handle an empty
  // one. Errors: module_shut_down.
  [[nodiscard]] tenure::pin pin(TENURE_TAKEN_HERE) const;
  template <detail::error_sink S> [[nodiscard]] tenure::pin pin(S& sink TENURE_AND_TAKEN_HERE) const noexcept;

  // All who hold it, this handle among them, in builds with TENURE_TRACK_HOLDERS; see holder_list.
  [[nodiscard]] holder_list holders() const noexcept {
    return record_ != nullptr ? detail::holders_of(*record_) : holder_list();
  }

  // The file as it was opened, absolute; a static module's name. "" for an empty handle. Valid while *this
  // is.
  [[nodiscard]] const char* path() const noexcept { return record_ ? detail::path_of(*record_) : ""; }
  // What the system gave: the pointer of dlopen, or an HMODULE. Null for a static module. Do not close it.
  [[nodiscard]] void* native_handle() const noexcept {
    return record_ ? detail::native_handle_of(*record_) : nullptr;
  }

private:
  friend struct detail::handle_access;
  // `r` comes with one reference, which this handle takes over.
  explicit module(detail::record* r TENURE_AND_TAKEN_HERE) noexcept
      : record_(r) {
    TENURE_IF_TRACKED(if (r != nullptr) detail::note_holder(this, *r, holder_kind::handle, taken);)
  }
  [[nodiscard]] void* find(name_view name, detail::symbol_kind kind, failure& why) const noexcept {
    if (record_ != nullptr) return detail::find_symbol(*record_, name, kind, why);
    detail::set_failure(why, errc::empty_handle, "", name.c_str());
    return nullptr;
  }

  [[nodiscard]] void* find_or_raise(name_view name, detail::symbol_kind kind) const {
    if (record_ != nullptr) return detail::find_symbol_or_raise(*record_, name, kind);
    failure why;
    detail::set_failure(why, errc::empty_handle, "", name.c_str());
    detail::raise(static_cast<failure&&>(why));
  }
  // Of what was found; an empty one of null.
  template <class F> [[nodiscard]] tenure::symbol<F> symbol_at(void* address TENURE_AND_TAKEN_HERE) const noexcept;

  detail::record* record_ = nullptr;
};

// Refers to a module without keeping it loaded. Two words wide; copies count nothing on the module.
// When not to use it: to call into the module; lock() it first.
// Obtained from: a module, a copy. Threads: as an int for itself; lock() may be called from any thread.
class weak_module {
public:
  weak_module() noexcept = default;
  weak_module(const module& m) noexcept; // NOLINT(google-explicit-constructor): as std::weak_ptr
  weak_module(const weak_module& other) noexcept
      : record_(other.record_)
      , generation_(other.generation_) {
    if (record_ != nullptr) detail::share_registry(*record_);
  }
  weak_module(weak_module&& other) noexcept
      : record_(other.record_)
      , generation_(other.generation_) {
    other.record_ = nullptr;
  }
  weak_module& operator=(const weak_module& other) noexcept {
    weak_module copy(other);
    swap(*this, copy);
    return *this;
  }
  weak_module& operator=(weak_module&& other) noexcept {
    weak_module taken(static_cast<weak_module&&>(other));
    swap(*this, taken);
    return *this;
  }
  ~weak_module() {
    if (record_ != nullptr) detail::unshare_registry(*record_);
  }
  friend void swap(weak_module& a, weak_module& b) noexcept {
    detail::record* const r = a.record_;
    const std::uint64_t g = a.generation_;
    a.record_ = b.record_;
    a.generation_ = b.generation_;
    b.record_ = r;
    b.generation_ = g;
  }

  // The module if it is still loaded, revived if it was idle; else an empty handle. Never loads.
  [[nodiscard]] module lock(TENURE_TAKEN_HERE) const noexcept;
  // The same; an empty handle comes with its reason. Errors: not_loaded, module_shut_down, empty_handle.
  template <detail::error_sink S> [[nodiscard]] module lock(S& sink TENURE_AND_TAKEN_HERE) const noexcept;

private:
  detail::record* record_ = nullptr;
  std::uint64_t generation_ = 0;
};

} // namespace TENURE_HANDLES

namespace TENURE_HANDLE_DETAILS {
struct handle_access { // the library's and the other handles' way in
  static module adopt_reference(record* r TENURE_AND_TAKEN_HERE) noexcept { return module(r TENURE_AND_TAKEN); }
  static record* record_of(const module& m) noexcept { return m.record_; }
  static record* give_up(module& m) noexcept { // its reference is the caller's now
    TENURE_IF_TRACKED(if (m.record_ != nullptr) forget_holder(&m);)
    record* const r = m.record_;
    m.record_ = nullptr;
    return r;
  }
};
} // namespace TENURE_HANDLE_DETAILS

namespace TENURE_HANDLES {

inline weak_module::weak_module(const module& m) noexcept
    : record_(detail::handle_access::record_of(m)) {
  if (record_ == nullptr) return;
  generation_ = record_->generation; // constant while m holds the module
  detail::share_registry(*record_);
}

inline module weak_module::lock(TENURE_IF_TRACKED(const code_location& taken)) const noexcept {
  if (record_ == nullptr || !detail::lock_weak(*record_, generation_)) return {};
  return detail::handle_access::adopt_reference(record_ TENURE_AND_TAKEN);
}
template <detail::error_sink S>
module weak_module::lock(S& sink TENURE_IF_TRACKED(, const code_location& taken)) const noexcept {
  failure why;
  module found = lock(TENURE_TAKEN);
  if (!found) detail::explain_weak(record_, generation_, why);
  detail::report_into(sink, static_cast<failure&&>(why));
  return found;
}

} // namespace TENURE_HANDLES

template <> struct std::hash<tenure::module> {
  std::size_t operator()(const tenure::module& m) const noexcept { return m.hash(); }
};

#endif
