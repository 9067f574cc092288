// Finds exceptions in flight on the calling thread that need an image: their type, destructor or vtable lies
// in it.
#ifndef TENURE_LIB_OS_EXCEPTION_SEARCH_HPP
#define TENURE_LIB_OS_EXCEPTION_SEARCH_HPP

#include "exception_head.hpp"
#include "own_stack.hpp"
#include "stack_walk.hpp"

#include <exception>

#if defined(TENURE_ITANIUM_EXCEPTIONS)
namespace __cxxabiv1 {
struct __cxa_eh_globals;
extern "C" __cxa_eh_globals* __cxa_get_globals() noexcept;
} // namespace __cxxabiv1
#endif

namespace tenure::inline v1::os {

#if defined(TENURE_ITANIUM_EXCEPTIONS)

// What the runtime keeps for each thread. Uncaught exceptions are only counted, but for ARM.
struct exception_globals {
  exception_head* caught;
  unsigned uncaught_count;
  exception_head* propagating; // ARM only: those that run a cleanup now
};

TENURE_UNSANITIZED inline const exception_globals& this_threads_exceptions() noexcept {
  return *reinterpret_cast<const exception_globals*>(__cxxabiv1::__cxa_get_globals());
}

// Looks at the exceptions being handled, and as a visitor for stack_walk::run at those being thrown: a
// cleanup that runs during unwinding needs the exception again for _Unwind_Resume, so its address is in a
// frame or a spilled register.
class exception_search {
public:
  TENURE_UNSANITIZED exception_search(const mapped_image& image, stack_walk& walk) noexcept
      : image_(image)
      , walk_(walk) {}

  TENURE_UNSANITIZED bool look_at_caught() noexcept {
    return look_along(this_threads_exceptions().caught, &exception_head::next_caught);
  }

#  if defined(__ARM_EABI_UNWINDER__)
  // Cleanups find their exception in this list, and so it is not on the stack.
  TENURE_UNSANITIZED bool look_at_propagating() noexcept {
    return look_along(this_threads_exceptions().propagating, &exception_head::next_propagating);
  }
#  endif

  TENURE_UNSANITIZED bool operator()(const word_block& block) noexcept {
    for (std::size_t i = 0; i != block.count; ++i) {
      const std::uintptr_t word = block.words[i];
      if (!plausible(word) || !look_at_thrown(word)) continue;
      finding.slot = block.address + i * sizeof word;
      return true;
    }
    return false;
  }

  stack_finding finding;

private:
  static constexpr std::uintptr_t head_size = offsetof(exception_head, unwind);
  // libstdc++ points to the head, libc++abi to what it adds in front: a reserved word and the count of
  // references.
  static constexpr std::uintptr_t words_in_front = 2 * sizeof(void*);

  // Newest first. A foreign exception ends the list: the runtime allows none below it.
  TENURE_UNSANITIZED bool look_along(const exception_head* newest,
                                     exception_head* exception_head::*const next) noexcept {
    exception_head copy;
    for (; newest != nullptr; newest = copy.*next) {
      auto head = reinterpret_cast<std::uintptr_t>(newest);
      if (!read_head(head, copy) && !read_head(head += words_in_front, copy)) return false;
      if (belongs(head, copy)) return true;
    }
    return false;
  }

  // Suitably aligned, not in the lowest pages, and not what the last words were: most of a stack is none of
  // this.
  TENURE_UNSANITIZED bool plausible(std::uintptr_t word) noexcept {
    constexpr std::uintptr_t lowest = 0x10000;
    if (word % alignof(_Unwind_Exception) != 0 || word < lowest) return false;
    std::uintptr_t& same_hash = rejected_[word / alignof(_Unwind_Exception) % rejected_count];
    if (same_hash == word) return false;
    same_hash = word;
    return true;
  }

  TENURE_UNSANITIZED bool look_at_thrown(std::uintptr_t unwind) noexcept {
    exception_head copy;
    return read_head(unwind - head_size, copy) && belongs(unwind - head_size, copy);
  }

  // False for a foreign exception, and for anything that is none. The head is read only after its class is
  // known.
  TENURE_UNSANITIZED bool read_head(std::uintptr_t head, exception_head& into) noexcept {
    if (!walk_.reader.read(head + head_size, &into.unwind, sizeof into.unwind)) return false;
    if (origin_of(into.unwind) == exception_origin::foreign) return false;
    return walk_.reader.read(head, &into, sizeof into);
  }

  // Itself, or one that is nested in it.
  TENURE_UNSANITIZED bool belongs(std::uintptr_t head, exception_head copy) noexcept {
    for (int level = 0; level != deepest; ++level) {
      if (origin_of(copy.unwind) == exception_origin::gnu_dependent) {
        head = copy.type - sizeof(exception_head);
        if (!read_head(head, copy)) return false;
      }
      std::uintptr_t vtable =
          0; // the object's first word; no vtable if it has none, and then this is a guess
      walk_.reader.read(head + sizeof copy, &vtable, sizeof vtable);
      if (inside(copy.type, head) || inside(copy.destructor, head) || inside(vtable, head)) return true;
      if (!step_inside(head, copy)) return false;
    }
    return false;
  }

  // Whether somebody refers to it. Behind a small object may lie one that is over, whose memory names itself.
  // The count is all that is not zero in the 16 bytes before the head: an int in libstdc++, a word in
  // libc++abi.
  TENURE_UNSANITIZED bool is_counted(std::uintptr_t head) noexcept {
    constexpr std::uint32_t most = 1U << 20;
    std::uint32_t before[4], together = 0;
    if (!walk_.reader.read(head - sizeof before, before, sizeof before)) return false;
    for (const std::uint32_t part : before) together |= part;
    return together != 0 && together < most;
  }

  // To the exception that this one's object keeps an exception_ptr to, as std::nested_exception does behind
  // the members of what was thrown. An exception_ptr points to the thrown object, right behind its head.
  TENURE_UNSANITIZED bool step_inside(std::uintptr_t& head, exception_head& copy) noexcept {
    const std::uintptr_t object = head + sizeof copy;
    std::uintptr_t word = 0;
    for (std::size_t i = 1; i != words_of_object; ++i) {
      if (!walk_.reader.read(object + i * sizeof word, &word, sizeof word)) return false;
      if (!plausible(word) || !is_counted(word - sizeof copy) || !read_head(word - sizeof copy, copy))
        continue;
      head = word - sizeof copy;
      return true;
    }
    return false;
  }

  TENURE_UNSANITIZED bool inside(std::uintptr_t address, std::uintptr_t head) noexcept {
    if (address - image_.whole.begin >= image_.whole.end - image_.whole.begin) return false;
    finding = {stack_evidence::exception_in_flight, address, head};
    return true;
  }

  static constexpr int deepest = 16;                 // exceptions in each other
  static constexpr std::size_t words_of_object = 64; // nobody knows how large it is
  static constexpr std::size_t rejected_count = 64;  // words already looked at, by hash
  const mapped_image& image_;
  stack_walk& walk_;
  std::uintptr_t rejected_[rejected_count]{};
};

// Nothing is thrown or handled almost always: then this costs two reads of thread-local memory.
TENURE_UNSANITIZED inline bool exceptions_in_flight() noexcept {
  return this_threads_exceptions().caught != nullptr || std::uncaught_exceptions() != 0;
}

TENURE_UNSANITIZED TENURE_NOT_INLINED inline stack_finding find_exception(const mapped_image& image,
                                                                          stack_walk& walk) noexcept {
  exception_search search(image, walk);
  if (search.look_at_caught() || std::uncaught_exceptions() == 0) return search.finding;
#  if defined(__ARM_EABI_UNWINDER__)
  search.look_at_propagating();
#  else
  walk.run(search);
#  endif
  return search.finding;
}

#else

// MSVC keeps a thrown object in its thrower's frame until the handler has ended; the code search sees that
// frame.
inline bool exceptions_in_flight() noexcept { return false; }
inline stack_finding find_exception(const mapped_image&, stack_walk&) noexcept { return {}; }

#endif

} // namespace tenure::inline v1::os

#endif
