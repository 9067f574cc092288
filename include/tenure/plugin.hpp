// The module's side of Tenure in C++: comfort on <tenure/plugin.h>. Included by plug-ins; links with nothing.
//
//   TENURE_PLUGIN("flac", "1.4.2", "The FLAC authors", "Reads and writes FLAC", 0);
//   TENURE_PLUGIN_LIFE(tenure::plugin::accept, tenure::plugin::nothing)
//   class flac_decoder final : public decoder, tenure::plugin::counted<> { ... };
//   TENURE_PLUGIN_FACTORIES(tenure::plugin::factory_row<decoder, flac_decoder>("flac"))
//
// When not to use it: where plugin.h does; in headers that a host includes too. Everything here is hidden,
// one copy per module: a variable that all modules shared would keep them loaded.
#ifndef TENURE_PLUGIN_HPP
#define TENURE_PLUGIN_HPP

#include <tenure/detail/count.hpp>
#include <tenure/interface.hpp>
#include <tenure/plugin.h>

#include <exception>

// What counted<> counts in this build: define it to a class like module_count before including this header,
// or to
// ::tenure::plugin::no_count where nothing is to be counted (C++/WinRT: WINRT_CUSTOM_MODULE_LOCK,
// WINRT_NO_MODULE_LOCK).
#if !defined(TENURE_PLUGIN_COUNT)
#  define TENURE_PLUGIN_COUNT ::tenure::plugin::module_count
#endif

// Each module has these names for itself.
#if defined(__GNUC__)
#  define TENURE_PLUGIN_HIDDEN __attribute__((visibility("hidden")))
#else
#  define TENURE_PLUGIN_HIDDEN
#endif

namespace tenure {
namespace plugin TENURE_PLUGIN_HIDDEN {

// The default count: the module's live objects.
struct module_count {
  // One object more.
  static void add() noexcept { v1::detail::share(objects); }
  // One less.
  static void drop() noexcept { static_cast<void>(v1::detail::unshare(objects)); }
  // Whether there are any.
  [[nodiscard]] static bool in_use() noexcept { return v1::detail::glance(objects) != 0; }
  static inline std::uint32_t objects = 0; // that are alive
};

// For types that keep nobody loaded, and for builds that are never unloaded.
struct no_count {
  static void add() noexcept {}                                 // nothing
  static void drop() noexcept {}                                // nothing
  [[nodiscard]] static bool in_use() noexcept { return false; } // never
};

namespace detail {
inline std::uint32_t locks = 0;           // server_locks that are alive
inline tenure_host_link* hosts = nullptr; // of each manager that has the module, or had it; published

// The first host that answers yes; null if none does.
template <class Ask> const tenure_host* ask_hosts(Ask&& ask) noexcept {
  for (const tenure_host_link* at = v1::detail::read_published(hosts); at != nullptr; at = at->next)
    if (ask(*at->host) == TENURE_YES) return at->host;
  return nullptr;
}
} // namespace detail

// A base class or a member of whatever keeps the module wanted: while one is alive the module votes no. The
// vote only postpones; what keeps an object's code safe is the host's instance or handle.
template <class Count = TENURE_PLUGIN_COUNT> class counted {
public:
  counted() noexcept { Count::add(); }
  counted(const counted&) noexcept { Count::add(); }
  counted& operator=(const counted&) noexcept { return *this; }
  ~counted() { Count::drop(); }
};

// A client's wish that the module stay though it has no object (COM: IClassFactory::LockServer(TRUE)),
// counted apart from the objects. As a value it cannot be unbalanced; one that belongs to a client goes with
// what the client leaves behind.
class server_lock {
public:
  server_lock() noexcept { v1::detail::share(detail::locks); }
  server_lock(const server_lock&) noexcept { v1::detail::share(detail::locks); }
  server_lock& operator=(const server_lock&) noexcept { return *this; }
  ~server_lock() { static_cast<void>(v1::detail::unshare(detail::locks)); }
};

// What the module answers: yes with no object and no lock.
[[nodiscard]] inline tenure_answer vote() noexcept {
  return TENURE_PLUGIN_COUNT::in_use() || v1::detail::glance(detail::locks) != 0 ? TENURE_NO : TENURE_YES;
}

// Holds the module itself, for a callback that somebody else's thread makes, or for work that goes on after
// the call that began it. Made before that begins, never inside it. Empty, and false, where no host holds:
// then the work must not begin. When not to use it: for the module's own threads; start_thread does it
// better. Threads: as an int; a copy may go to another thread.
class module_reference {
public:
  module_reference() noexcept
      : host_(detail::ask_hosts([](const tenure_host& host) { return host.hold(&host); })) {}
  module_reference(const module_reference& other) noexcept
      : host_(other.host_) {
    if (host_ != nullptr && host_->hold(host_) != TENURE_YES) host_ = nullptr;
  }
  module_reference(module_reference&& other) noexcept
      : host_(other.host_) {
    other.host_ = nullptr;
  }
  module_reference& operator=(const module_reference& other) noexcept {
    return *this = module_reference(other);
  }
  module_reference& operator=(module_reference&& other) noexcept {
    const tenure_host* const mine = host_;
    host_ = other.host_;
    other.host_ = mine;
    return *this;
  }
  // Effect: the module is not closed before this thread has left its code, or has ended.
  ~module_reference() {
    if (host_ != nullptr) host_->drop(host_);
  }
  explicit operator bool() const noexcept { return host_ != nullptr; }

private:
  const tenure_host* host_ = nullptr;
};

// Runs `f` on a thread of the host, which holds the module until `f` has returned and is destroyed: no code
// of the module runs on that thread afterwards (C-B23). False, and nothing happens, if the host cannot. What
// `f` lets out ends the process. Throws std::bad_alloc.
template <class F> [[nodiscard]] bool start_thread(F f) {
  F* const body = new F(static_cast<F&&>(f));
  const auto run = [](void* it) {
    F* const call = static_cast<F*>(it);
    (*call)();
    delete call;
  };
  if (detail::ask_hosts([&](const tenure_host& host) { return host.run_thread(&host, run, body); }) !=
      nullptr)
    return true;
  delete body;
  return false;
}

// For TENURE_PLUGIN_LIFE: loads everywhere; has nothing to let go of.
inline const char* accept() noexcept { return nullptr; }
// As on_unload.
inline void nothing() noexcept {}

// A factory and how it is listed.
struct listed_factory {
  tenure_factory made;           // for the host
  tenure_implementation offered; // for the catalog
};

namespace detail {

void the_text_is_too_long(); // what the compiler names then: it cannot be called while compiling

template <std::size_t Size> constexpr void copy(char (&into)[Size], const char* text) noexcept {
  std::size_t i = 0;
  for (; text[i] != '\0'; ++i) {
    if (i + 1 == Size) the_text_is_too_long();
    into[i] = text[i];
  }
}

template <std::size_t Rows> struct factory_table { tenure_factory row[Rows]; };
template <std::size_t Rows> struct plugin_catalog {
  tenure_catalog_head head;
  tenure_implementation row[Rows];
};

template <class... Row> constexpr factory_table<sizeof...(Row)> factories_of(const Row&... row) noexcept {
  return {{row.made...}};
}
template <class... Row> constexpr plugin_catalog<sizeof...(Row)> catalog_of(const Row&... row) noexcept {
  return {{TENURE_CATALOG_MAGIC, sizeof(tenure_implementation), sizeof...(Row)}, {row.offered...}};
}

} // namespace detail

// One row of the module's factories: `Made` for whoever asks for an `Interface` of that name; or, of a
// catalog, for something that one of the patterns in `match` fits ("audio/flac|audio/x-flac-*"). Of all
// plug-ins that fit the one of the highest `version` is taken.
template <v1::stamped_interface Interface, class Made>
constexpr listed_factory factory_row(const char* name, std::uint32_t version = 1,
                                     const char* match = "") noexcept {
  constexpr v1::interface_id id = Interface::tenure_interface();
  tenure_implementation offered{{}, {}, {}, id.version, version, sizeof(Interface)};
  detail::copy(offered.interface_name, id.name);
  detail::copy(offered.name, name);
  detail::copy(offered.match, match);
  return {{sizeof(tenure_factory), id.version, sizeof(Interface), id.name, name,
           []() -> void* { return static_cast<Interface*>(new Made); },
           [](void* object) { delete static_cast<Made*>(static_cast<Interface*>(object)); }},
          offered};
}

namespace detail {

inline void write(char* message, std::size_t size, const char* text) noexcept {
  while (size > 1 && *text != '\0') --size, *message++ = *text++;
  if (size != 0) *message = '\0';
}

// For as long as the module is mapped: a host that has let it go answers no, and its link stays. False if the
// host is older than this header.
inline bool remember(const tenure_host* host) noexcept {
  if (host->size < sizeof(tenure_host)) return false;
  if (host->link->host != nullptr) return true; // it goes on after it was told that it goes
  host->link->host = host;
  tenure_host_link* first = v1::detail::read_published(hosts);
  do host->link->next = first;
  while (!v1::detail::replace_pointer(hosts, first, host->link));
  return true;
}

template <class OnLoad>
tenure_answer loaded(const tenure_host* host, char* message, std::size_t size, OnLoad&& on_load) noexcept {
  if (!remember(host)) {
    write(message, size, "its host is older than the tenure/plugin.hpp that it was built with");
    return TENURE_NO;
  }
  const char* refusal = nullptr;
  try {
    refusal = on_load();
    if (refusal == nullptr) return TENURE_YES;
    write(message, size, refusal);
  } catch (const std::exception& thrown) {
    write(message, size, thrown.what());
  } catch (...) {
    write(message, size, "its start failed with an exception that is not a std::exception");
  }
  return TENURE_NO;
}

} // namespace detail
} // namespace TENURE_PLUGIN_HIDDEN
} // namespace tenure

// Defines the module's tenure_loaded, tenure_can_unload and tenure_unloading.
//   on_load    const char*(): null to accept, else why not. An exception refuses with its words
//   on_unload  void(): lets go of caches, stops threads. Must not throw
#define TENURE_PLUGIN_LIFE(on_load, on_unload)                                                               \
  TENURE_PLUGIN_EXPORT tenure_answer tenure_loaded(const tenure_host* host, char* message, size_t size) {    \
    return ::tenure::plugin::detail::loaded(host, message, size, on_load);                                   \
  }                                                                                                          \
  TENURE_PLUGIN_EXPORT tenure_answer tenure_can_unload() { return ::tenure::plugin::vote(); }                \
  TENURE_PLUGIN_EXPORT void tenure_unloading(const tenure_host*) { (on_unload)(); }

// Defines the module's tenure_factories and tenure_plugin_catalog from factory_rows.
#define TENURE_PLUGIN_FACTORIES(...)                                                                         \
  TENURE_PLUGIN_EXPORT const tenure_factory* tenure_factories(size_t index) {                                \
    static constexpr auto table = ::tenure::plugin::detail::factories_of(__VA_ARGS__);                       \
    return index < sizeof table.row / sizeof table.row[0] ? &table.row[index] : nullptr;                     \
  }                                                                                                          \
  TENURE_PLUGIN_EXPORT const decltype(::tenure::plugin::detail::catalog_of(                                  \
      __VA_ARGS__)) tenure_plugin_catalog;                                                                   \
  constinit const decltype(::tenure::plugin::detail::catalog_of(__VA_ARGS__)) tenure_plugin_catalog =        \
      ::tenure::plugin::detail::catalog_of(__VA_ARGS__);

#endif
