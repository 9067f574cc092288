// Visits the words of every stack that the calling thread is using: its own, an alternate one, a fiber's.
#ifndef TENURE_LIB_OS_STACK_WALK_HPP
#define TENURE_LIB_OS_STACK_WALK_HPP

#include "careful_reader.hpp"
#include "interruption.hpp"

namespace tenure::inline v1::os {

// Stack words are whatever their owner stored there.
#if defined(__GNUC__)
typedef std::uintptr_t __attribute__((may_alias)) stack_word;
#else
typedef std::uintptr_t stack_word;
#endif

// A run of words to look at; they stood at `address`.
struct word_block {
  const stack_word* words;
  std::size_t count;
  std::uintptr_t address;
};

// The thread's stack pointers: now, and where each signal interrupted it. Only those on another stack than
// the one they were found on matter, and hardly anyone has two of these.
class stack_starts {
public:
  static constexpr std::size_t capacity = 8;

  TENURE_UNSANITIZED void add(std::uintptr_t sp) noexcept {
    if (count_ != capacity && !covered(sp)) range_[count_++] = {sp, sp};
  }
  [[nodiscard]] TENURE_UNSANITIZED std::size_t count() const noexcept { return count_; }
  TENURE_UNSANITIZED address_range& operator[](std::size_t index) noexcept { return range_[index]; }

  // True if an earlier start's walk came by this address.
  [[nodiscard]] TENURE_UNSANITIZED bool covered(std::uintptr_t address) const noexcept {
    for (std::size_t i = 0; i != count_; ++i)
      if (address - range_[i].begin < range_[i].end - range_[i].begin || address == range_[i].begin)
        return true;
    return false;
  }

private:
  address_range range_[capacity]; // from the stack pointer to where its walk ended
  std::size_t count_ = 0;
};

// Hands all those words to a visitor, `bool visit(const word_block&)`, until it returns true.
class stack_walk {
public:
  // A stack that the system did not make has no known end: words are read up to the first unreadable page,
  // and no further than this many bytes. Twice the usual size of a thread's stack, and many times that of a
  // fiber's.
  static constexpr std::size_t foreign_limit = std::size_t{16} << 20;

  // pre: if `known` contains `sp`, everything from `sp` to its end is mapped.
  TENURE_UNSANITIZED stack_walk(address_range known, std::uintptr_t sp) noexcept
      : known_(known) {
    starts.add(sp);
  }

  template <typename Visitor> TENURE_UNSANITIZED bool run(Visitor& visit) noexcept {
    for (std::size_t i = 0; i != starts.count(); ++i) // visit may add starts
      if (walk_from(i, visit)) return true;
    return memory_stays_ && (!reached_end() || !sp_is_lowest_) && walk_whole_own_stack(visit);
  }

  // The stack that runs now may be an array on the thread's own one, which then goes on below it.
  void distrust_sp() noexcept { sp_is_lowest_ = false; }

  // Another thread's stack may be unmapped while it is read: nothing is read directly, and what lies below `sp` not
  // at all.
  void distrust_memory() noexcept { memory_stays_ = false; }

  // True if a walk came to the end of `known`: nothing above the lowest of its frames was left out.
  [[nodiscard]] TENURE_UNSANITIZED bool reached_end() noexcept {
    bool reached = false;
    for (std::size_t i = 0; i != starts.count(); ++i) reached |= starts[i].end == known_.end;
    return reached;
  }

  stack_starts starts;
  careful_reader reader;

private:
  // What is read lies on the reader's stack, which may be a signal handler's. Who reads another thread's has room for a
  // page: that is all of most stacks that wait, in one call.
  static constexpr std::size_t own_block_bytes = 2048;
  static constexpr std::size_t block_bytes = 4096;

  template <typename Visitor> TENURE_UNSANITIZED bool walk_from(std::size_t index, Visitor& visit) noexcept {
    address_range& range = starts[index];
    const bool own = on_own_stack(range.begin);
    if (own && index == 0 && memory_stays_) return walk_directly(range, visit);
    const std::uintptr_t limit = own ? known_.end : range.begin + foreign_limit;
    return memory_stays_ ? walk_carefully<own_block_bytes>(range, limit, visit)
                         : walk_carefully<block_bytes>(range, limit, visit);
  }

  [[nodiscard]] TENURE_UNSANITIZED bool on_own_stack(std::uintptr_t sp) const noexcept {
    return sp - known_.begin < known_.end - known_.begin;
  }

  // The ordinary case: nothing but loads. The visit may need the range's end, to know what is covered.
  template <typename Visitor>
  TENURE_UNSANITIZED bool walk_directly(address_range& range, Visitor& visit) noexcept {
    range.end = known_.end;
    return visit(
        {reinterpret_cast<const stack_word*>(range.begin), range.size() / sizeof(stack_word), range.begin});
  }

  // Not inlined: keeps the buffer out of the frame that the ordinary case runs in.
  template <std::size_t Bytes, typename Visitor>
  TENURE_UNSANITIZED TENURE_NOT_INLINED bool walk_carefully(address_range& range, std::uintptr_t limit,
                                                            Visitor& visit) noexcept {
    stack_word block[Bytes / sizeof(stack_word)];
    range.begin &= ~(std::uintptr_t{sizeof(stack_word)} - 1);
    for (range.end = range.begin; range.end < limit;) {
      const std::uintptr_t at = range.end;
      const std::size_t surely_whole = bytes_to_block_end(at, limit, Bytes);
      std::size_t bytes = limit - at <= Bytes ? limit - at : surely_whole;
      if (!reader.read(at, block, bytes)) { // maybe only what is on the next page is gone
        if (surely_whole == bytes || !reader.read(at, block, surely_whole)) return false;
        bytes = surely_whole;
      }
      range.end += bytes;
      if (visit({block, bytes / sizeof(stack_word), at})) return true;
    }
    return false;
  }

  // Blocks end at multiples of their size, and so at the ends of pages: they are readable as a whole or not
  // at all.
  TENURE_UNSANITIZED static std::size_t bytes_to_block_end(std::uintptr_t at, std::uintptr_t limit,
                                                           std::size_t size) noexcept {
    const std::size_t to_block_end = size - at % size;
    return limit - at < to_block_end ? limit - at : to_block_end;
  }

  // On a fiber, nobody knows where the thread's own stack was left: all of it counts. Read directly, for
  // nobody else unmaps it, but only down to the first unreadable page: the system grows a main stack on
  // demand, and some runtimes keep guard pages inside of their threads' stacks.
  template <typename Visitor> TENURE_UNSANITIZED bool walk_whole_own_stack(Visitor& visit) noexcept {
    address_range range{reader.lowest_readable(known_), known_.end};
    return walk_directly(range, visit);
  }

  address_range known_;
  bool sp_is_lowest_ = true;
  bool memory_stays_ = true;
};

} // namespace tenure::inline v1::os

#endif
