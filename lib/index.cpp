// Open addressing with linear probing, at most half full; deletion moves later entries back, so there are no
// tombstones and a table that is loaded and unloaded for ever does not grow.
#include "index.hpp"

#include <new>

namespace tenure::inline v1::detail {

namespace {
constexpr std::size_t first_capacity = 16; // places
}

index::~index() {
  while (current_ != nullptr) {
    array* const before = current_->outgrown;
    ::operator delete(current_);
    current_ = before;
  }
}

void index::reserve(std::size_t more) {
  std::size_t capacity = current_ != nullptr ? current_->mask + 1 : 0;
  if ((used_ + more) * 2 <= capacity) return;
  if (capacity == 0) capacity = first_capacity;
  while ((used_ + more) * 2 > capacity) capacity *= 2;
  array* const before = current_;
  array* const grown = make_array(capacity, keeps_outgrown_ ? before : nullptr);
  for (std::size_t i = 0; before != nullptr && i <= before->mask; ++i)
    if (before->places()[i].hash != 0) put(*grown, before->places()[i].hash, *before->places()[i].record);
  publish_value(current_, grown);
  if (!keeps_outgrown_) ::operator delete(before);
}

index::array* index::make_array(std::size_t capacity, array* outgrown) {
  void* const memory = ::operator new(sizeof(array) + capacity * sizeof(place));
  auto* const made = ::new (memory) array{capacity - 1, outgrown};
  for (std::size_t i = 0; i != capacity; ++i) ::new (static_cast<void*>(made->places() + i)) place;
  return made;
}

void index::put(array& a, std::uint64_t hash, module_record& r) noexcept {
  std::size_t i = hash & a.mask;
  while (a.places()[i].hash != 0) i = (i + 1) & a.mask;
  publish_value(a.places()[i].record, &r); // the record first: a reader that sees the hash finds it
  publish_value(a.places()[i].hash, hash);
}

void index::insert(std::uint64_t hash, module_record& r) noexcept {
  put(*current_, hash, r);
  ++used_;
}

void index::erase(std::uint64_t hash, const module_record& r) noexcept {
  if (current_ == nullptr) return;
  array& a = *current_;
  for (std::size_t i = hash & a.mask; a.places()[i].hash != 0; i = (i + 1) & a.mask) {
    if (a.places()[i].hash != hash || a.places()[i].record != &r) continue;
    close_gap(a, i);
    --used_;
    return;
  }
}

// Moves back every later entry of the run that may stand at the gap, then empties the last place that was
// left.
void index::close_gap(array& a, std::size_t gap) noexcept {
  for (std::size_t i = (gap + 1) & a.mask; a.places()[i].hash != 0; i = (i + 1) & a.mask) {
    const std::size_t home = a.places()[i].hash & a.mask;
    const bool may_move = ((i - home) & a.mask) >= ((i - gap) & a.mask);
    if (!may_move) continue;
    publish_value(a.places()[gap].record, a.places()[i].record);
    publish_value(a.places()[gap].hash, a.places()[i].hash);
    gap = i;
  }
  publish_value(a.places()[gap].hash, std::uint64_t{0});
}

} // namespace tenure::inline v1::detail
