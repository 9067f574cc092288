// Places with an identity: a key finds its place in one step, and is never good for anything else again.
#ifndef TENURE_LIB_SLOTS_HPP
#define TENURE_LIB_SLOTS_HPP

#include "hash.hpp"
#include "os/os.hpp"

#include <cstdint>
#include <deque>
#include <utility>

namespace tenure::inline v1::detail {

// Where a table begins to count, so that no other one takes its keys for its own. `place`: the table's.
inline std::uint32_t first_generation(const void* place) noexcept {
  return static_cast<std::uint32_t>(
      hash_pair(reinterpret_cast<std::uintptr_t>(place), static_cast<std::uint64_t>(os::now().nanoseconds)));
}

enum class key_answer : std::uint8_t { found, null, stale, unknown };

// A key is the place's number plus one, and above it the place's generation. A place whose generations are
// used up is never used again, so no key is given twice. `first`: the first generation; tables that begin at
// different ones do not take each other's keys for their own (but for one in 2^32). Threads: the caller
// locks. Values stay where they are while they are in use.
template <class T, class Generation = std::uint32_t> class slot_table {
public:
  explicit slot_table(Generation first = 0)
      : first_(first) {}

  // Takes a place; nobody finds it before publish(). May throw std::bad_alloc, and changes nothing then.
  [[nodiscard]] std::uint64_t take() {
    if (free_ == none) add_free();
    const std::uint32_t i = free_;
    free_ = places_[i].next_free;
    places_[i].is = state::taken;
    return key_of(i);
  }
  // The value of a place that was taken and not published, to be filled in.
  [[nodiscard]] T& taken(std::uint64_t key) noexcept { return places_[index_of(key)].value; }
  void publish(std::uint64_t key) noexcept {
    places_[index_of(key)].is = state::used;
    ++used_;
  }
  // Instead of publish().
  void give_back(std::uint64_t key) noexcept {
    places_[index_of(key)].value = T();
    give(index_of(key));
  }

  // The value, or null and why.
  [[nodiscard]] T* find(std::uint64_t key, key_answer& answer) noexcept {
    answer = judge(key);
    return answer == key_answer::found ? &places_[index_of(key)].value : nullptr;
  }
  // Ends a key that was found.
  T remove(std::uint64_t key) noexcept {
    place& p = places_[index_of(key)];
    T value = std::exchange(p.value, T());
    --used_;
    p.is = state::retired;
    if (++p.generation != first_) give(index_of(key)); // else it has had them all
    return value;
  }
  // The key of a value that is as wanted, or zero.
  template <class Condition> [[nodiscard]] std::uint64_t find_if(Condition&& wanted) const {
    for (std::uint32_t i = 0; i != places_.size(); ++i)
      if (places_[i].is == state::used && wanted(places_[i].value)) return key_of(i);
    return 0;
  }
  [[nodiscard]] std::uint32_t used() const noexcept { return used_; }

private:
  static constexpr std::uint32_t none = 0xffff'ffffu;
  enum class state : std::uint8_t { free, taken, used, retired };
  struct place {
    Generation generation;
    std::uint32_t next_free;
    state is;
    T value;
  };

  std::uint64_t key_of(std::uint32_t i) const noexcept {
    return (static_cast<std::uint64_t>(places_[i].generation) << 32) | (i + 1u);
  }
  static std::uint32_t index_of(std::uint64_t key) noexcept { return static_cast<std::uint32_t>(key) - 1u; }
  key_answer judge(std::uint64_t key) const noexcept {
    if (key == 0) return key_answer::null;
    const std::uint32_t i = index_of(key);
    const std::uint64_t generation = key >> 32;
    if (i >= places_.size() || static_cast<Generation>(generation) != generation) return key_answer::unknown;
    const place& p = places_[i];
    const auto age = static_cast<Generation>(static_cast<Generation>(generation) - first_);
    const auto now = static_cast<Generation>(p.generation - first_);
    if (age == now && p.is == state::used) return key_answer::found;
    return age < now || p.is == state::retired ? key_answer::stale : key_answer::unknown;
  }
  void add_free() {
    places_.push_back(place{first_, none, state::free, T()});
    give(static_cast<std::uint32_t>(places_.size() - 1));
  }
  void give(std::uint32_t i) noexcept {
    places_[i].is = state::free;
    places_[i].next_free = free_;
    free_ = i;
  }

  const Generation first_;
  std::deque<place> places_;
  std::uint32_t free_ = none;
  std::uint32_t used_ = 0;
};

} // namespace tenure::inline v1::detail

#endif
