#include "memory_scan.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

namespace tenure::inline v1::os {

memory_reader::memory_reader() noexcept
    : self_(::getpid()) {}

memory_reader::~memory_reader() {
  if (memory_ >= 0) ::close(memory_);
}

std::size_t memory_reader::read(std::uintptr_t from, void* into, std::size_t bytes) noexcept {
  if (memory_ < 0) {
    const iovec local{into, bytes}, remote{reinterpret_cast<void*>(from), bytes};
    const ssize_t got = ::process_vm_readv(self_, &local, 1, &remote, 1, 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EFAULT) return 0;
    memory_ = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    if (memory_ < 0) {
      refused_ = true;
      return 0;
    }
  }
  const ssize_t got = ::pread(memory_, into, bytes, static_cast<off_t>(from));
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

bool memory_reader::works() noexcept {
  const std::uintptr_t sent = 0x5a5a;
  std::uintptr_t received = 0;
  return read_word(reinterpret_cast<std::uintptr_t>(&sent), received) && received == sent;
}

namespace {

// <linux/fs.h> of Linux 6.7 and later.
struct page_scan {
  std::uint64_t size, flags, begin, end, walked_to, runs, run_count, most_pages;
  std::uint64_t inverted, all_of, any_of, told;
};
constexpr auto scan_pages = _IOWR('f', 16, page_scan);

// An address range in whole pages.
address_range in_pages(address_range range, std::uintptr_t page_size) noexcept {
  return {range.begin & ~(page_size - 1), (range.end + page_size - 1) & ~(page_size - 1)};
}

address_range common_part(address_range part, address_range range) noexcept {
  return {std::max(part.begin, range.begin), std::min(part.end, range.end)};
}

} // namespace

present_pages::present_pages() noexcept
    : page_size_(static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE)))
    , file_(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)) {
  const auto here = reinterpret_cast<std::uintptr_t>(this);
  tells_runs_ = file_ >= 0 && ask_for_runs({here, here + 1}) && count_ == 1;
  tells_pages_ = true;
  tells_pages_ = file_ >= 0 && !tells_runs_ && ask_for_pages(here / page_size_) && present(here / page_size_);
  restart();
}

present_pages::~present_pages() {
  if (file_ >= 0) ::close(file_);
}

bool present_pages::ask_for_runs(address_range range) noexcept {
  constexpr std::uint64_t in_memory = 1 << 3, swapped = 1 << 4;
  const address_range whole = in_pages(range, page_size_);
  page_scan scan{};
  scan.size = sizeof scan;
  scan.begin = whole.begin;
  scan.end = whole.end;
  scan.runs = reinterpret_cast<std::uintptr_t>(runs_);
  scan.run_count = window;
  scan.any_of = scan.told = in_memory | swapped;
  const int count = ::ioctl(file_, scan_pages, &scan);
  if (count < 0) return false;
  asked_ = {whole.begin, static_cast<std::uintptr_t>(scan.walked_to)};
  count_ = static_cast<std::size_t>(count);
  at_ = 0;
  return asked_.size() != 0;
}

address_range present_pages::next_run(address_range range) noexcept {
  for (;;) {
    if (!asked_.contains(range.begin) && !ask_for_runs(range))
      return range; // unmapped meanwhile: reading it will tell
    while (at_ != count_ && runs_[at_].end <= range.begin) ++at_;
    if (at_ != count_) {
      const address_range found{static_cast<std::uintptr_t>(runs_[at_].begin),
                                static_cast<std::uintptr_t>(runs_[at_].end)};
      return found.begin < range.end ? common_part(found, range) : address_range{range.end, range.end};
    }
    if (asked_.end >= range.end) return {range.end, range.end};
    range.begin = std::max(range.begin, asked_.end);
  }
}

bool present_pages::ask_for_pages(std::uintptr_t page) noexcept {
  const ssize_t got = ::pread(file_, pages_, sizeof pages_, static_cast<off_t>(page * sizeof pages_[0]));
  count_ = got > 0 ? static_cast<std::size_t>(got) / sizeof pages_[0] : 0;
  asked_ = {page, page + count_};
  return count_ != 0;
}

bool present_pages::present(std::uintptr_t page) noexcept {
  constexpr std::uint64_t in_memory = std::uint64_t{1} << 63, swapped = std::uint64_t{1} << 62;
  if (!tells_pages_ || (!asked_.contains(page) && !ask_for_pages(page))) return true;
  return (pages_[page - asked_.begin] & (in_memory | swapped)) != 0;
}

address_range present_pages::next_pages(address_range range) noexcept {
  const address_range whole = in_pages(range, page_size_);
  std::uintptr_t page = whole.begin / page_size_;
  const std::uintptr_t end = whole.end / page_size_;
  while (page != end && !present(page)) ++page;
  if (page == end) return {range.end, range.end};
  const std::uintptr_t first = page;
  while (page != end && present(page)) ++page;
  return common_part({first * page_size_, page * page_size_}, range);
}

address_range present_pages::next(address_range range) noexcept {
  if (range.size() == 0) return range;
  return tells_runs_ ? next_run(range) : tells_pages_ ? next_pages(range) : range;
}

bool scan_limits::add(address_range range) noexcept {
  if (range.size() == 0) return true;
  if (count == most_ranges) return false;
  ranges[count++] = range;
  return true;
}

address_range scan_limits::next_part(address_range whole, std::uintptr_t at) const noexcept {
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t i = 0; i != count; ++i)
      if (at < whole.end && ranges[i].contains(at)) at = ranges[i].end, moved = true;
  }
  if (at >= whole.end) return {whole.end, whole.end};
  std::uintptr_t end = whole.end;
  for (std::size_t i = 0; i != count; ++i)
    if (ranges[i].begin > at && ranges[i].begin < end) end = ranges[i].begin;
  return {at, end};
}

bool scan_limits::holds_stack(const mapping& m) const noexcept {
  bool found = m.range.contains(own_sp);
  for (const thread_state& t : *others) found |= m.range.contains(t.sp);
  return found;
}

namespace {

// The C library's record of a thread stands at the end of its stack. It begins with its own address, has that
// again as its third word, and somewhere the thread's number, until the thread ends: an int, and behind it one that is
// zero or, before glibc 2.25, the process's. Half of a pointer may be the same number by chance.
const std::uintptr_t* find_thread_record(const std::uintptr_t* words, std::size_t count,
                                         std::uintptr_t at) noexcept {
  for (std::size_t i = count; i-- > 2;) {
    const std::uintptr_t address = at + (i - 2) * sizeof(std::uintptr_t);
    if (words[i] == address && words[i - 2] == address) return words + (i - 2);
  }
  return nullptr;
}

bool has_number(const std::uintptr_t* from, const std::uintptr_t* to, long number) noexcept {
  const auto process = static_cast<std::uint32_t>(::getpid());
  std::uint32_t pair[2];
  for (; reinterpret_cast<const char*>(to) - reinterpret_cast<const char*>(from) >= static_cast<std::ptrdiff_t>(sizeof pair);
       ++from) {
    std::memcpy(pair, from, sizeof pair);
    if (pair[0] == static_cast<std::uint32_t>(number) && (pair[1] == 0 || pair[1] == process)) return true;
  }
  return false;
}

} // namespace

// How a stack ends whose thread glibc made.
struct scan_limits::stack_end {
  std::uintptr_t words[1024];
  const std::uintptr_t* record = nullptr; // null: there is none

  stack_end(const mapping& m, memory_reader& reader) noexcept {
    const std::uintptr_t at = m.range.end - sizeof words;
    if (m.range.size() >= 2 * sizeof words && reader.read(at, words, sizeof words) == sizeof words)
      record = find_thread_record(words, std::size(words), at);
  }
  [[nodiscard]] bool is_of(long thread) const noexcept {
    return record != nullptr && has_number(record, std::end(words), thread);
  }
};

// pre: no thread's known stack pointer is in it. Of those that run it is not known.
bool scan_limits::is_left_by_thread(const mapping& m, memory_reader& reader) const noexcept {
  const stack_end end(m, reader);
  if (!others->known() || end.record == nullptr || end.is_of(own_id)) return false;
  for (const thread_state& t : *others)
    if (t.sp == 0 && end.is_of(t.id)) return false;
  return true;
}

long scan_limits::thread_at(const mapping& m, std::uintptr_t at, memory_reader& reader) const noexcept {
  std::uintptr_t best = 0;
  long id = 0;
  if (m.range.contains(own_sp) && own_sp <= at) best = own_sp, id = own_id;
  for (const thread_state& t : *others)
    if (m.range.contains(t.sp) && t.sp - red_zone <= at && t.sp > best) best = t.sp, id = t.id;
  if (id != 0 || !m.may_be_stack()) return id;
  const stack_end end(m, reader);
  for (const thread_state& t : *others)
    if (t.sp == 0 && end.is_of(t.id)) id = t.id;
  return id;
}

address_range scan_limits::dead_part(const mapping& m, memory_reader& reader) const noexcept {
  if (!m.may_be_stack()) return {};
  std::uintptr_t sp = m.range.contains(own_sp) ? own_sp : 0;
  std::size_t stacks = sp != 0 ? 1 : 0;
  for (const thread_state& t : *others)
    if (m.range.contains(t.sp - red_zone)) sp = t.sp - red_zone, ++stacks;
  if (stacks == 1) return {m.range.begin, sp};
  return stacks == 0 && is_left_by_thread(m, reader) ? m.range : address_range{};
}

} // namespace tenure::inline v1::os
