// What was found in one module by name: found again without hashing as the file's tables want it, without a
// lock, and without the loader.
#ifndef TENURE_LIB_SYMBOL_CACHE_HPP
#define TENURE_LIB_SYMBOL_CACHE_HPP

#include "hash.hpp"
#include "os/symbol_tables.hpp"

#include <tenure/detail/record.hpp>

#include <memory>

namespace tenure::inline v1::detail {

// One for each module in which something was looked up, from then on until the module is gone. All members
// but the destructor may be called by any number of threads that hold the module; none waits for another.
class symbol_cache {
public:
  // Entries are written once. `hash`: 0 empty, 2 being written, else complete (hash_bytes is odd).
  struct entry {
    word hash = 0;              // published
    const char* name = nullptr; // in the module's own table, or in a copy of ours
    void* address = nullptr;
    std::uint32_t length = 0;
    std::uint8_t kinds = 0; // one bit for each symbol_kind as which it may be taken
    [[nodiscard]] bool allows(symbol_kind kind) const noexcept {
      return (kinds >> static_cast<unsigned>(kind) & 1) != 0;
    }
    [[nodiscard, gnu::always_inline]] bool is(std::uint64_t wanted, const char* text,
                                              std::size_t n) const noexcept {
      return read_published(hash) == wanted && length == n && equal_bytes(name, text, n);
    }
  };

  // Null if memory is refused; then every look-up goes to the system. `older`: of an earlier load of the same
  // record, kept as long as this one, since the module's own initialiser may still read it.
  [[nodiscard]] static symbol_cache* make(void* handle, const os::mapped_image& image,
                                          symbol_cache* older) noexcept;
  static void free(symbol_cache* c) noexcept;

  [[nodiscard]] const entry* find(std::uint64_t hash, const char* name, std::size_t length) const noexcept {
    const places* const p = read_published(current_);
    for (std::size_t i = hash & p->mask, steps = 0; steps != longest_run; i = (i + 1) & p->mask, ++steps) {
      const entry& e = p->entries()[i];
      if (e.is(hash, name, length)) return &e;
      if (read_published(e.hash) == 0) return nullptr;
    }
    return nullptr;
  }
  // The same, where it stands in the first place that it might: most do.
  [[nodiscard, gnu::always_inline]] const entry* find_at_once(std::uint64_t hash, const char* name,
                                                              std::size_t length) const noexcept {
    const places* const p = read_published(current_);
    const entry& e = p->entries()[hash & p->mask];
    return e.is(hash, name, length) ? &e : nullptr;
  }
  // Remembers it if there is room. `stays`: the name is the module's own.
  void insert(std::uint64_t hash, const entry& e, bool stays) noexcept;

  // What the module's own table says.
  [[nodiscard]] os::symbol_answer ask(const char* name, std::uint32_t gnu_hash) const noexcept {
    return own_.find(name, gnu_hash);
  }
  // What the tables of the module's dependencies say, `here` being one of them. Pre: the module has no such
  // symbol. `handle`: the module's.
  [[nodiscard]] os::symbol_answer ask_dependencies(void* handle, const char* name,
                                                   std::uint32_t gnu_hash) noexcept;
  // True if the filters say that neither the module nor a dependency has a symbol of this hash. That is
  // nearly always so where none has the name, from the second such name on.
  [[nodiscard]] bool surely_nowhere(std::uint32_t gnu_hash) const noexcept {
    const dependencies* const needed = read_published(needed_);
    if (needed == nullptr || !needed->certain || !own_.surely_not(gnu_hash)) return false;
    for (std::size_t i = 0; i != needed->count; ++i)
      if (!needed->tables[i].surely_not(gnu_hash)) return false;
    return true;
  }

private:
  static constexpr std::size_t first_capacity = 8; // entries; a plug-in's interface has a handful
  static constexpr std::size_t last_capacity =
      4'096;                                    // entries, 160 KiB; what finds no room is looked up again
  static constexpr std::size_t longest_run = 8; // entries looked at before one counts as absent
  static constexpr word being_written = 2;

  struct places {
    std::size_t mask;
    places* outgrown; // kept for slow readers
    [[nodiscard]] entry* entries() noexcept { return reinterpret_cast<entry*>(this + 1); }
    [[nodiscard]] const entry* entries() const noexcept { return reinterpret_cast<const entry*>(this + 1); }
  };
  struct copied_name {
    copied_name* next;
    [[nodiscard]] char* text() noexcept { return reinterpret_cast<char*>(this + 1); }
  };
  struct dependencies {
    std::size_t count = 0;
    bool certain = false;
    std::unique_ptr<os::symbol_table[]> tables;
  };

  symbol_cache() noexcept = default;
  ~symbol_cache();
  [[nodiscard]] static places* make_places(std::size_t capacity, places* outgrown) noexcept;
  [[nodiscard]] static bool has_room(const places& p, std::uint64_t hash) noexcept;
  static bool put(places& p, std::uint64_t hash, const entry& e) noexcept;
  void grow(places& full) noexcept;
  [[nodiscard]] const char* copy_name(const char* name, std::size_t length) noexcept;
  [[nodiscard]] const dependencies* dependencies_of(void* handle) noexcept;

  places* current_ = nullptr;      // published; never null
  word growing_ = 0;               // 1 while a thread replaces `current_`; others then leave it alone
  copied_name* names_ = nullptr;   // published; all that were copied
  dependencies* needed_ = nullptr; // published; null until the first name that the module has not
  symbol_cache* older_ = nullptr;
  os::symbol_table own_;
};

} // namespace tenure::inline v1::detail

#endif
