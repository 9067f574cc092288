// The departure check's widest question: does anything in this process still point into the module? A
// function object, a deleter, an object with the module's vtable, a callback in somebody's table, an exit
// handler, the environment, a signal's action: all are one word that lies in the image.
#ifndef TENURE_LIB_OS_REFERENCES_HPP
#define TENURE_LIB_OS_REFERENCES_HPP

#include "mapped_image.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace tenure::inline v1::os {

class reference_finder; // the search itself, each system's own

// Where a word that points into an image stands.
enum class place_kind : std::uint8_t {
  heap,           // a block of the C library's allocator
  stack,          // of the thread `number`, or its thread-local storage where that lies beside it
  thread_data,    // the calling thread's thread-local storage of `owner`
  static_data,    // writable data of the file `owner`
  exit_handler,   // atexit, on_exit, at_quick_exit: what the C library calls at the exit
  thread_key,     // the destructor of the pthread key `number`
  environment,    // an entry of the environment
  signal_handler, // the action of the signal `number`; the kernel holds it
  timer,          // the value that the POSIX timer `number` signals; the kernel holds it
  other_mapping   // memory that none of the above accounts for; `owner` is the mapping's name, if it has one
};

// One of them. Holds no address of the image, so that it is none itself.
struct reference_place {
  static constexpr std::size_t name_size = 96; // longer names lose their beginning

  place_kind kind = place_kind::other_mapping;
  std::uintptr_t address = 0; // of the word; 0 if the kernel holds it
  std::uintptr_t offset = 0;  // where it points: bytes from the image's begin
  address_range block;        // heap: the block that contains it, if the allocator's marks tell
  bool unreached =
      false; // nothing in memory points at that block: a leak, or its address is in a register or the kernel
  long number = 0;
  char owner[name_size]{};
  char symbol[name_size]{}; // of static data: the exported variable that contains it, if one does
};

// One line of English, as a report shows it: "heap block 0x55d0, 48 bytes, at byte 16 -> image + 0x1139".
std::string describe(const reference_place& place);

// What pointed into the image right after its load: the loader's own tables, and what the module's
// initialisers registered, which its finalisers take back. Without it each of those would be an alarm.
//
// When not to take it: later than right after the load. Whatever points into the image by then is never
// reported.
//
// Stores the inverse of each word, or the next search would find this. Moves; the moved-from one is empty.
// Any thread may read it; who takes it must be alone with it.
class reference_baseline {
public:
  reference_baseline() noexcept = default;

  // Empty if there is no memory for it, or the system cannot be searched; see taken().
  // `not_these`: see find_references.
  static reference_baseline take(const mapped_image& image,
                                 std::span<const address_range> not_these = {}) noexcept;

  // Of what nothing is known: then everything that points there is found.
  static reference_baseline nothing() noexcept;

  [[nodiscard]] bool taken() const noexcept { return taken_; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  // True if the word at `address` held `value` right after the load. What has no address counts by a small
  // number instead, below any page.
  [[nodiscard]] bool contains(std::uintptr_t address, std::uintptr_t value) const noexcept;

private:
  struct entry {
    std::uintptr_t inverse_address = 0; // descending
    std::uintptr_t inverse_value = 0;
  };
  friend class reference_finder;

  std::unique_ptr<entry[]> entries_;
  std::size_t count_ = 0;
  std::uintptr_t free_mark_ = 0; // what the allocator leaves in free blocks
  bool taken_ = false;
};

// False where the port has no search: then nobody can be asked.
[[nodiscard]] bool memory_is_searched() noexcept;

struct reference_search {
  bool available = false;    // false: this system cannot be searched, or refused; nothing is known then
  std::size_t count = 0;     // of all places found; `out` has the first of them
  std::size_t unreached = 0; // of these, words in heap blocks that nothing in memory points at: mostly leaks
};

// Looks through all writable memory of the process for what points into `image` and did not right after its
// load.
//
// `not_these`: memory that holds addresses of the image for the caller's own purpose: each `mapped_image`,
// caches of symbols. A word of theirs is none of anybody who could call it.
//
// pre: the image is still mapped; `baseline` was taken of it.
//
// Effect: none; errno keeps its value. Makes and deletes a pthread key if there is something in the C
// library's data. Allocates nothing from the heap and takes no lock of ours; the loader's lock for the names
// in `out`. Other threads may map and unmap meanwhile: the kernel reads for us, with an error instead of a
// signal.
//
// Counts: words that are aligned, in private writable memory that was ever written; of stacks, what lies
// above the stack pointer (of other threads: as the kernel knows it, and everything while they run); exit
// handlers, which glibc stores mangled (known for x86); actions of signals; values of timers. Not: the image
// itself; handlers that the system removes when it unloads the module (those with its DSO handle); its
// thread_local storage; freed blocks of glibc's allocator; blocks that only the image itself points at,
// directly or through others: they are its own as its static data are.
//
// False alarms, which only defer: dead locals in live frames, parts of live blocks that were not written
// since the block was another's, leaked blocks, freed memory of another allocator than glibc's (sanitizers
// have one), numbers that look like addresses. Of 203 LADSPA files with 380 plug-ins, used
// and released, none to 3 gave one (up to 1.5 %): pointers left in libfftw3f's plans, and now and then a
// stale local. A chain of more than a dozen blocks between the module's data and the word counts as somebody
// else's.
//
// Cost, in processor time: 0.2 ms in a small process, 24 to 30 ms with 100 MiB of heap (3.3 to 4 GiB/s; AMD
// EPYC, a loaded virtual machine). Once more for each step on the way back from a heap block that was found
// to its owner.
//
// Not seen: what is not a plain aligned word (compressed, tagged in its upper bits, or mangled by others than
// glibc's exit handlers); memory shared with other processes, and read-only memory, whoever wrote it before;
// registers of other threads; what changes place while it is read; mappings of a terabyte and more, as
// sanitizers reserve them; what lies right below a live stack in one mapping with it, if the program made
// that stack itself, below a guard page.
reference_search find_references(const mapped_image& image, const reference_baseline& baseline,
                                 std::span<reference_place> out,
                                 std::span<const address_range> not_these = {}) noexcept;

} // namespace tenure::inline v1::os

#endif
