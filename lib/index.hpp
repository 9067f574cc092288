// A table from hashes (of names; of files and native handles) to records.
//
// Readers of a table for anybody take no lock and wait for nobody. They may see a place half changed, the hash
// of one entry with the record of another, or miss an entry that is being moved. Both are harmless: a hit counts
// only after the reader holds a reference and has compared the key in the record itself, and a miss goes on to
// the registry's mutex, under which the table is exact. Records are never freed while the registry lives, and
// arrays that were outgrown are kept until its end (together they are smaller than the present one), so whatever
// a slow reader follows is still there.
#ifndef TENURE_LIB_INDEX_HPP
#define TENURE_LIB_INDEX_HPP

#include <tenure/detail/count.hpp>

#include <cstddef>
#include <cstdint>

namespace tenure::inline v1::detail {

struct module_record;

class index {
public:
  enum class readers { anybody, holders_of_the_mutex };

  struct place {
    std::uint64_t hash = 0;          // 0: empty; readers use read_published, writers hold the mutex
    module_record* record = nullptr; // as hash
  };

  // Calls `matches(record)` for each entry of that hash until one says true; that record, or null.
  template <class Matches> module_record* find(std::uint64_t hash, Matches&& matches) const {
    const array* const a = read_published(current_);
    if (a == nullptr) return nullptr;
    for (std::size_t i = hash & a->mask, steps = 0; steps <= a->mask; i = (i + 1) & a->mask, ++steps) {
      const std::uint64_t seen = read_published(a->places()[i].hash);
      if (seen == 0) return nullptr;
      if (seen != hash) continue;
      module_record* const r = read_published(a->places()[i].record);
      if (r != nullptr && matches(*r)) return r;
    }
    return nullptr;
  }

  // What stands where a search for that hash begins, if it is of that hash: most often all there is.
  [[nodiscard]] module_record* first(std::uint64_t hash) const noexcept {
    const array* const a = read_published(current_);
    if (a == nullptr) return nullptr;
    const place& p = a->places()[hash & a->mask];
    return read_published(p.hash) == hash ? read_published(p.record) : nullptr;
  }

  // True if the address is one of the table's own.
  [[nodiscard]] bool contains(std::uintptr_t address) const noexcept {
    for (const array* a = read_published(current_); a != nullptr; a = a->outgrown)
      if (address - reinterpret_cast<std::uintptr_t>(a->places()) < (a->mask + 1) * sizeof(place))
        return true;
    return false;
  }

  explicit index(readers who) noexcept
      : keeps_outgrown_(who == readers::anybody) {}
  index(const index&) = delete;
  index& operator=(const index&) = delete;
  ~index();

  // All with the registry's mutex held. reserve may throw std::bad_alloc and changes nothing then; insert
  // needs the room that reserve made.
  void reserve(std::size_t more);
  void insert(std::uint64_t hash, module_record& r) noexcept;
  void erase(std::uint64_t hash, const module_record& r) noexcept;

private:
  struct array {
    std::size_t mask; // number of places - 1, a power of two - 1
    array* outgrown;  // the array before, kept for slow readers; null where there are none
    // They lie behind it: one line of memory less to wait for.
    [[nodiscard]] place* places() noexcept { return reinterpret_cast<place*>(this + 1); }
    [[nodiscard]] const place* places() const noexcept { return reinterpret_cast<const place*>(this + 1); }
  };
  [[nodiscard]] static array* make_array(std::size_t capacity, array* outgrown); // may throw std::bad_alloc
  static void put(array& a, std::uint64_t hash, module_record& r) noexcept;
  static void close_gap(array& a, std::size_t gap) noexcept;

  array* current_ = nullptr; // published; null until the first reserve
  std::size_t used_ = 0;
  bool keeps_outgrown_;
};

} // namespace tenure::inline v1::detail

#endif
