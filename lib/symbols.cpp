// Symbols by name: what was found before, then the module's own tables, and only then the system, which takes
// the loader's lock.
#include "calls.hpp"
#include "failure_access.hpp"
#include "loader_turn.hpp"
#include "os/fork.hpp"
#include "registry.hpp"
#include "symbol_cache.hpp"
#include "throwers.hpp"

#include <cstring>
#include <new>
#include <utility>

namespace tenure::inline v1::detail {
namespace {

// One name, looked up in one module.
struct question {
  module_record& r;
  const char* name;
  std::size_t length;
  std::uint64_t hash;
};

using found_symbol = symbol_cache::entry;

bool find_static(const question& q, found_symbol& found) noexcept {
  for (std::size_t i = 0; i != q.r.static_count; ++i)
    if (std::strcmp(q.r.static_symbols[i].name, q.name) == 0) {
      found.address = q.r.static_symbols[i].address;
      return true;
    }
  return false;
}

// The first look-up in a module makes its cache; null if memory is refused.
symbol_cache* cache_of(module_record& r) noexcept {
  symbol_cache* seen = read_published(r.symbols);
  if (seen != nullptr) return seen;
  symbol_cache* const made = symbol_cache::make(r.handle, r.image, nullptr);
  if (made == nullptr || replace_pointer(r.symbols, seen, made)) return made;
  symbol_cache::free(made); // another thread was faster
  return seen;
}

// A variable or null that is called, or a function's code that is written to, is a fault at best. Told by
// where the symbol lies; what lies elsewhere (a dependency's, a read-only table beside the code) passes.
std::uint8_t kinds_of(const module_record& r, const void* address, bool known_function) noexcept {
  const auto bit = [](symbol_kind kind) { return 1u << static_cast<unsigned>(kind); };
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  const bool executes = r.image.executes(at);
  unsigned kinds = bit(symbol_kind::bytes);
  if (executes || (at != 0 && !r.image.whole.contains(at))) kinds |= bit(symbol_kind::function);
  if (!executes || !(known_function || os::is_function(address))) kinds |= bit(symbol_kind::variable);
  return static_cast<std::uint8_t>(kinds);
}

void tell(failure& why, const question& q, const os::fault& fault) noexcept {
  failure_parts parts = parts_of(fault, path_of(q.r));
  parts.missing = {q.name, q.length};
  fill(why, parts);
}

// The system had no part in it.
void tell(failure& why, const question& q, errc cause, std::string_view explanation = {}) noexcept {
  if (!wants_text(why)) return fill_code(why, cause);
  failure_parts parts;
  parts.code = cause;
  parts.explanation = explanation;
  parts.path = path_of(q.r);
  parts.missing = {q.name, q.length};
  fill(why, parts);
}

bool ask_system(const question& q, found_symbol& found, os::fault& fault) {
  if (const char* const culprit = loader_blocked_by()) {
    fault.cause = errc::loader_blocked;
    fault.text = culprit;
    return false;
  }
  bool is_there = false;
  const os::fork_gate no_fork_meanwhile; // dlsym takes the loader's lock
  const loader_turn turn(turn_use::look_up, q.r.path(), default_patience);
  if (!turn.taken()) {
    explain_busy(fault, turn);
    return false;
  }
  found.address = os::symbol(q.r.handle, q.name, is_there, fault);
  if (is_there) found.kinds = kinds_of(q.r, found.address, false);
  return is_there;
}

// False with `why`. Apart from the rest, which has no need of a fault's texts.
[[gnu::noinline]] bool ask_system_or_tell(const question& q, found_symbol& found, failure& why) {
  os::fault fault;
  if (ask_system(q, found, fault)) return true;
  tell(why, q, fault);
  return false;
}

// The module's own tables, then the system. What is found is remembered. False with `why`.
bool look_up(const question& q, found_symbol& found, failure& why) {
  symbol_cache* const cache = cache_of(q.r);
  const std::uint32_t gnu_hash = os::symbol_table::gnu_hash_of(q.name, q.length);
  if (cache != nullptr && cache->surely_nowhere(gnu_hash)) {
    tell(why, q, errc::symbol_not_found);
    return false;
  }
  os::symbol_answer answer = cache != nullptr ? cache->ask(q.name, gnu_hash) : os::symbol_answer{};
  found.length = static_cast<std::uint32_t>(q.length);
  if (answer.verdict == os::symbol_verdict::here) {
    found.name = answer.name;
    found.address = answer.address;
    found.kinds = kinds_of(q.r, answer.address, answer.function);
    cache->insert(q.hash, found, true);
    return true;
  }
  if (answer.verdict == os::symbol_verdict::elsewhere) {
    answer = cache->ask_dependencies(q.r.handle, q.name, gnu_hash);
    if (answer.verdict == os::symbol_verdict::elsewhere) {
      tell(why, q, errc::symbol_not_found);
      return false;
    }
  }
  found.name = q.name;
  if (!ask_system_or_tell(q, found, why)) return false;
  if (cache != nullptr && answer.for_all_threads) cache->insert(q.hash, found, false);
  return true;
}

// The address, if the symbol may be taken as that; else null with `why`.
void* address_as(symbol_kind kind, const found_symbol& found, const question& q, failure& why) noexcept {
  if (found.allows(kind)) return found.address;
  if (found.address == nullptr)
    tell(why, q, errc::symbol_not_found, "its value is null");
  else
    tell(why, q, errc::symbol_kind_mismatch,
         kind == symbol_kind::function ? "it is a variable" : "it is a function");
  return nullptr;
}

// By this thread: its initialiser holds a handle to it already. What is known of one that lingered, and is
// loaded anew, may lie elsewhere by now.
bool is_loading(const module_record& r) noexcept { return r.handle == nullptr || glance(r.being_loaded); }

void* look_up_kind(const question& q, symbol_kind kind, failure& why) {
  found_symbol found;
  if (q.r.is_static()) {
    if (!find_static(q, found))
      tell(why, q, errc::symbol_not_found);
    else if (kind == symbol_kind::function && found.address == nullptr)
      tell(why, q, errc::symbol_not_found, "its value is null");
    return found.address;
  }
  if (is_loading(q.r)) {
    tell(why, q, errc::module_is_loading);
    return nullptr;
  }
  return look_up(q, found, why) ? address_as(kind, found, q, why) : nullptr;
}

std::uint64_t hash_of(name_view name) noexcept { return hash_bytes(name.c_str(), name.size()); }

// Null for a module that is just being loaded, was closed or shut down: what was remembered of it is not
// asked.
[[gnu::always_inline]] inline const symbol_cache* memory_of(const record& r) noexcept {
  const symbol_cache* const cache = read_published(full(r).symbols);
  return (look(r.refs) & open_bit) != 0 ? cache : nullptr;
}

// All that find_at_once did not try. Takes the question in parts, which fit into registers: the fast path
// keeps nothing in memory.
[[gnu::noinline]] void* find_further(record& r, name_view name, std::uint64_t hash, symbol_kind kind,
                                     failure& why) noexcept {
  const question q{full(r), name.c_str(), name.size(), hash};
  const symbol_cache* const cache = memory_of(r);
  const found_symbol* const known = cache != nullptr ? cache->find(hash, q.name, q.length) : nullptr;
  if (known != nullptr) return address_as(kind, *known, q, why);
  try {
    return is_shut(r, why) ? nullptr : look_up_kind(q, kind, why);
  } catch (const std::bad_alloc&) {
    set_failure(why, errc::out_of_memory, "", "");
    return nullptr;
  }
}

[[gnu::noinline]] void* find_further_or_raise(record& r, name_view name, std::uint64_t hash,
                                              symbol_kind kind) {
  failure why;
  void* const address = find_further(r, name, hash, kind, why);
  if (why) raise(std::move(why));
  return address;
}

// Null if it does not stand where it most likely would.
[[gnu::always_inline]] inline const found_symbol*
find_at_once(const record& r, name_view name, std::uint64_t hash, symbol_kind kind) noexcept {
  const symbol_cache* const cache = memory_of(r);
  if (cache == nullptr) return nullptr;
  const found_symbol* const known = cache->find_at_once(hash, name.c_str(), name.size());
  return known != nullptr && known->allows(kind) ? known : nullptr;
}

bool says_it_is_missing(const failure& why) noexcept {
  return why.code() == errc::symbol_not_found || why.code() == errc::symbol_kind_mismatch;
}

} // namespace

void* find_symbol(record& r, name_view name, symbol_kind kind, failure& why) noexcept {
  const std::uint64_t hash = hash_of(name);
  const found_symbol* const known = find_at_once(r, name, hash, kind);
  return known != nullptr ? known->address : find_further(r, name, hash, kind, why);
}

void* find_symbol_or_raise(record& r, name_view name, symbol_kind kind) {
  const std::uint64_t hash = hash_of(name);
  const found_symbol* const known = find_at_once(r, name, hash, kind);
  return known != nullptr ? known->address : find_further_or_raise(r, name, hash, kind);
}

// What is remembered is; a look-up that found no memory to remember it is not.
bool same_on_all_threads(record& r, name_view name) noexcept {
  if (full(r).is_static()) return true;
  const symbol_cache* const cache = read_published(full(r).symbols);
  return cache != nullptr && cache->find(hash_of(name), name.c_str(), name.size()) != nullptr;
}

bool bind_symbols(record& r, const char* const* names, const symbol_kind* kinds, void** out, std::size_t n,
                  failure& why) noexcept {
  try {
    if (is_shut(r, why)) return false;
    std::string missing;
    std::vector<void*> addresses(n);
    for (std::size_t i = 0; i != n; ++i) {
      failure one;
      addresses[i] = find_symbol(r, names[i], kinds[i], one);
      if (!one) continue;
      if (!says_it_is_missing(one)) { // shut down meanwhile, or the loader is busy: nothing is known about the symbol
        why = std::move(one);
        return false;
      }
      missing += missing.empty() ? names[i] : std::string(", ") + names[i];
    }
    if (missing.empty()) {
      std::memcpy(out, addresses.data(), n * sizeof(void*));
      return true;
    }
    failure_parts parts;
    parts.code = errc::api_incomplete;
    parts.path = path_of(r);
    parts.missing = missing;
    fill(why, parts);
  } catch (const std::bad_alloc&) {
    set_failure(why, errc::out_of_memory, "", "");
  }
  return false;
}

} // namespace tenure::inline v1::detail
