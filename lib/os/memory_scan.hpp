// Reads all memory of this process in which a word may matter, while other threads go on mapping and
// unmapping it.
#ifndef TENURE_LIB_OS_MEMORY_SCAN_HPP
#define TENURE_LIB_OS_MEMORY_SCAN_HPP

#include "linux_memory_map.hpp"
#include "word_filter.hpp"

#include <span>

namespace tenure::inline v1::os {

// Copies memory by way of the kernel: where there is none (any more), an error instead of a signal. Direct
// reads would be three times as fast, but nothing keeps another thread from unmapping what is being read.
class memory_reader {
public:
  memory_reader() noexcept;
  memory_reader(const memory_reader&) = delete;
  memory_reader& operator=(const memory_reader&) = delete;
  ~memory_reader();

  // How many bytes could be read, from the first on.
  std::size_t read(std::uintptr_t from, void* into, std::size_t bytes) noexcept;
  bool read_word(std::uintptr_t from, std::uintptr_t& into) noexcept {
    return read(from, &into, sizeof into) == sizeof into;
  }
  // False if the kernel refuses us altogether.
  bool works() noexcept;
  // True if some memory was not read for another reason than that there is none.
  [[nodiscard]] bool was_refused() const noexcept { return refused_; }

private:
  int self_;        // our process's id
  int memory_ = -1; // its mem file, where the system call is refused (old containers)
  bool refused_ = false;
};

// Which pages were ever touched: the others are not read, and so not brought into being. Asked in ascending
// order.
class present_pages {
public:
  present_pages() noexcept;
  present_pages(const present_pages&) = delete;
  present_pages& operator=(const present_pages&) = delete;
  ~present_pages();

  // The first run of present pages, or parts of them, in `range`; empty at its end if there is none.
  address_range next(address_range range) noexcept;
  void restart() noexcept { asked_ = {}; }

private:
  static constexpr std::size_t window = 512; // pages, or runs of pages, asked for at a time

  struct run { // as the kernel fills it in
    std::uint64_t begin, end, categories;
  };
  bool ask_for_runs(address_range range) noexcept; // since Linux 6.7; empty memory then costs nothing
  address_range next_run(address_range range) noexcept;

  bool present(std::uintptr_t page) noexcept;
  bool ask_for_pages(std::uintptr_t page) noexcept;
  address_range next_pages(address_range range) noexcept;

  std::uintptr_t page_size_;
  int file_;
  bool tells_runs_ = false,
       tells_pages_ = false; // neither where the file is another process's (emulators), or missing
  address_range asked_;      // what the runs, or the pages, are known of
  std::size_t count_ = 0, at_ = 0;
  union {
    run runs_[window];
    std::uint64_t pages_[window];
  };
};

// What memory is not looked at.
struct scan_limits {
  static constexpr std::size_t most_ranges = 64;

  // Sanitizers reserve their shadow in mappings of this size and more. The page tables of a sparse one would
  // take minutes to read.
  static constexpr std::size_t largest_mapping = std::size_t{1} << (sizeof(void*) == 8 ? 40 : 31);

  // Below a stack pointer code of a leaf function may have words: System V's red zone, and more elsewhere.
  static constexpr std::size_t red_zone = 288;

  // How far down from `own_sp` our own frames reach, which hold the very addresses that we look for.
  static constexpr std::size_t own_frames = std::size_t{16} << 10;

  address_range ranges[most_ranges];
  std::size_t count = 0;
  std::uintptr_t own_sp = 0;
  long own_id = 0;
  const other_thread_list* others = nullptr;

  bool add(address_range range) noexcept;
  // From `at` on, the part of `whole` up to the next such range.
  [[nodiscard]] address_range next_part(address_range whole, std::uintptr_t at) const noexcept;
  [[nodiscard]] bool holds_stack(const mapping& m) const noexcept;
  // The dead lower part of a stack, all of it if its thread has ended and the C library keeps it for the next
  // one; empty if the mapping is no stack, or several.
  [[nodiscard]] address_range dead_part(const mapping& m, memory_reader& reader) const noexcept;
  // The thread on whose stack `at` is: the one whose frames begin right below, of several in one mapping. 0:
  // none.
  [[nodiscard]] long thread_at(const mapping& m, std::uintptr_t at, memory_reader& reader) const noexcept;

private:
  struct stack_end;
  [[nodiscard]] bool is_left_by_thread(const mapping& m, memory_reader& reader) const noexcept;
};

struct scanned_word {
  const mapping& in;
  std::uintptr_t at;
  std::uintptr_t value;
  bool mangled;
};

class memory_scan {
public:
  static constexpr std::size_t block_bytes = std::size_t{256}
                                             << 10; // in the second-level cache, and few calls

  // `block`: of that size, for our use.
  memory_scan(std::uintptr_t* block, memory_reader& reader) noexcept
      : block_(block)
      , reader_(reader) {}

  // Calls found(const scanned_word&) for each word that the filter lets through, in ascending order. False if
  // the system does not list its mappings to the end, or lets us not read them.
  template <typename Found>
  bool run(const word_filter& filter, const scan_limits& limits, Found&& found) noexcept {
    memory_map map;
    mapping m;
    pages_.restart();
    while (map.is_open() && map.next(m))
      if (m.counts() && m.range.size() < scan_limits::largest_mapping) scan_mapping(m, filter, limits, found);
    return map.was_read() && !reader_.was_refused();
  }

private:
  template <typename Found>
  void scan_mapping(const mapping& m, const word_filter& filter, const scan_limits& limits,
                    Found& found) noexcept {
    const address_range dead = limits.dead_part(m, reader_);
    const address_range live{dead.size() != 0 ? dead.end : m.range.begin, m.range.end};
    for (std::uintptr_t at = live.begin; at != live.end;) {
      const address_range part = limits.next_part(live, at);
      for (address_range left = part; (left = pages_.next(left)).size() != 0;) {
        const address_range run = left;
        scan_run(m, run, filter, found);
        left = {run.end, part.end};
      }
      at = part.end;
    }
  }

  template <typename Found>
  void scan_run(const mapping& m, address_range run, const word_filter& filter, Found& found) noexcept {
    constexpr std::size_t word = sizeof(std::uintptr_t), page = 4096; // or a part of one
    std::uintptr_t at = (run.begin + word - 1) & ~(word - 1);
    while (at < run.end) {
      const std::size_t wanted = run.end - at < block_bytes ? run.end - at : block_bytes;
      const std::size_t got = reader_.read(at, block_, wanted);
      filter.run(block_, got / word, [&](std::size_t index, std::uintptr_t value, bool mangled) {
        found(scanned_word{m, at + index * word, value, mangled});
      });
      at = got == wanted ? at + got : (at + got + page) & ~(page - 1); // behind the page that is gone
    }
  }

  std::uintptr_t* block_;
  memory_reader& reader_;
  present_pages pages_;
};

} // namespace tenure::inline v1::os

#endif
