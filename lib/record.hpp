// Everything known of one module.
#ifndef TENURE_LIB_RECORD_HPP
#define TENURE_LIB_RECORD_HPP

#include "hash.hpp"
#include "holders.hpp"
#include "os/mapped_image.hpp"
#include "os/os.hpp"
#include "os/references.hpp"
#include "plugin_side.hpp"
#include "sync.hpp"

#include <tenure/detail/registry.hpp>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace tenure::inline v1::detail {

// The state machine of ARCHITECTURE section 4; active and idle are told apart by the count (count.hpp).
enum class phase : std::uint8_t { absent, loading, open, closing, lingering };

// Who keeps an idle module: exactly one of them, or nobody while a releaser is on its way to the mutex.
enum class keeper : std::uint8_t {
  nobody,
  policy,  // in one of the policy's lists
  waiting, // in the registry's list of closes that wait for a safe point or for a yes
  pins,    // the last pin hands it to the policy
};

struct host_seat; // plugin_host.hpp

// A spelling under which the module was opened. Never changed after it is published; freed when the module is
// gone.
struct name_node {
  name_node* next;
  std::uint64_t hash;
  std::size_t size;
  std::uint32_t owners = 1; // the module, and events about it; see share

  // The characters and a NUL lie behind the node: one line of memory less to wait for.
  [[nodiscard]] const char* text() const noexcept { return reinterpret_cast<const char*>(this + 1); }
  [[nodiscard]] std::string_view view() const noexcept { return {text(), size}; }
  [[nodiscard]] static name_node* make(std::string_view text); // may throw std::bad_alloc
  static void free(name_node* n) noexcept; // one owner's share
};

class symbol_cache;
struct token_state; // tokens.hpp

// Fields without a remark: written with the registry's mutex held, read with it, or by anybody who holds a
// reference once the module is open (they are constant from then on until it is gone).
struct module_record : record, idle_module {
  module_record() noexcept
      : idle_module(refs) {}

  name_node* names = nullptr; // published; the first is the absolute path
  symbol_cache* symbols = nullptr; // published; made by the first look-up, freed when the module is gone
  void* handle = nullptr;     // the system's; null for a static module
  os::mapped_image image;
  std::string loaded_as; // the path under which the system knows it
  os::file_identity file;
  const static_symbol* static_symbols = nullptr; // not null: linked into the program
  std::size_t static_count = 0;
  plugin_side side; // what it exports for its host

  // Only with the mutex held.
  phase state = phase::absent;
  keeper kept_by = keeper::nobody;
  unload_outcome why_waiting = unload_outcome::deferred; // of a module kept by `waiting`
  linger_reason reason = linger_reason::none;
  char* evidence = nullptr; // in words, owned: of the reason, or of what a close waits for
  std::unique_ptr<os::reference_baseline> baseline; // at the level `references`
  host_seat* seat = nullptr;    // what its code was given to call, owned
  bool copied = false;          // its image is that of a private copy of its file, from the load to the end
  bool greeted = false;         // its tenure_loaded was called, and no tenure_unloading since
  bool being_asked = false;     // its vote, by a thread without the mutex: nobody claims it meanwhile
  std::uint64_t asked_at = 0;   // the registry's tick when it last answered
  errc violation = errc::ok;    // what its own code did wrong when it was last called; in words in `evidence`
  bool let_go_inside = false;   // its own code dropped the last reference: of a module that waits for that thread
  std::uint32_t settled = 0;    // of one with a stripe: what its sum is when there is no reference, see references_to
  sync::thread_id let_go_by = 0; // of one with a stripe: the thread on which its own code last dropped a reference
  std::uint64_t let_go_number = 0; // the system's number of that one
  failure shut_down; // who shut it down, when and where; ok unless it was, or is about to be
  token_state* token_sources = nullptr; // the outermost ones over it, each of which holds it
  std::uint32_t pins = 0;
  sync::thread_id worker = 0; // the thread that loads or closes it, or on whose stack its code is (waiting)
  std::uint64_t worker_number = 0; // the system's number of `worker`, of a module that is being loaded or closed
  std::uint64_t waits_for = 0; // of a module that waits: the system's number of `worker`; 0 if any thread may try
  time_point retry_at;         // of such a one: not before this, unless somebody asks
  duration retry_wait;         // doubled at each try that was in vain
  std::uint64_t loads = 0;
  std::uint64_t load_number = 0; // what `load` is, except after a shutdown and while it is loaded anew
  bool being_loaded = false;     // glance and jot
  std::uint64_t loaded_at = 0; // the registry's tick
  dependency* needs = nullptr;   // modules that it holds, owned
  std::uint64_t searched = 0;    // by which search along these it was last met
  module_record* next_to_search = nullptr;
  lock_entry* locks = nullptr;   // who has locked it; each is its owner's
  mutable std::string holders;   // these, in words, for the report that was made last
  std::string cycle;             // in words, for the report of a final close under way; see holding_cycles.hpp
  std::uint32_t cycle_references = 0; // it is true as long as there are so many
  module_record* next_record = nullptr;  // all records of the registry, for ever
  module_record* next_closing = nullptr; // victims on their way out, owned by the closing thread

  [[nodiscard]] bool is_static() const noexcept { return static_symbols != nullptr; }
  [[nodiscard]] const char* path() const noexcept {
    const name_node* const first = read_published(names);
    return first != nullptr ? first->text() : "";
  }
  [[nodiscard, gnu::always_inline]] const name_node* find_name(std::uint64_t hash, std::string_view text) const noexcept {
    for (const name_node* n = read_published(names); n != nullptr; n = read_published(n->next))
      if (n->hash == hash && n->size == text.size() && equal_bytes(n->text(), text.data(), text.size())) return n;
    return nullptr;
  }
  [[nodiscard]] bool named(std::string_view text) const noexcept {
    return find_name(hash_bytes(text), text) != nullptr;
  }
};

struct idle_access { // the manager's way into what policies only read
  static void note_idle(idle_module& m, time_point since, std::uint64_t last_use) noexcept {
    m.idle_since_ = since;
    m.last_use_ = last_use;
    m.stamp = never;
  }
  static time_point since(const idle_module& m) noexcept { return m.idle_since_; }
  static void note_use(idle_module& m) noexcept { ++m.use_count_; }
  static void note_load(idle_module& m, duration took, std::size_t bytes) noexcept {
    m.load_time_ = took;
    m.mapped_bytes_ = bytes;
    m.use_count_ = 0;
  }
  static void note_whose_and_when(idle_module& m, std::uint64_t identity, time_point loaded_at) noexcept {
    m.identity_ = identity;
    m.loaded_at_ = loaded_at;
  }
  static void note_superseded(idle_module& m, bool superseded) noexcept { m.superseded_ = superseded; }
  static void note_vote(idle_module& m, unload_vote vote) noexcept { m.vote_ = vote; }
  static void note_single_threaded(idle_module& m, bool yes) noexcept { m.single_threaded_ = yes; }
};

// Where registry::images has a module.
[[nodiscard]] inline std::uint64_t hash_file(const os::file_identity& f) noexcept {
  return hash_pair(f.volume, f.number);
}
[[nodiscard]] inline std::uint64_t hash_handle(const void* handle) noexcept {
  return hash_pair(reinterpret_cast<std::uintptr_t>(handle), 0);
}

// Of a path in the library's form, in which either the one or the other stands between the parts.
[[nodiscard]] inline const char* last_part(const char* path) noexcept {
  const char* last = std::strrchr(path, '/');
  if (last == nullptr) last = std::strrchr(path, '\\');
  return last != nullptr ? last + 1 : path;
}

// How many references there are. With the mutex of the module's registry.
[[nodiscard]] std::uint32_t references_to(const module_record& r) noexcept;

inline module_record& full(record& r) noexcept { return static_cast<module_record&>(r); }
inline const module_record& full(const record& r) noexcept { return static_cast<const module_record&>(r); }
inline module_record& full(idle_module& m) noexcept { return static_cast<module_record&>(m); }

} // namespace tenure::inline v1::detail

#endif
