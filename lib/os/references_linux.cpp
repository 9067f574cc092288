// The reference scan on Linux with glibc.
#include "references.hpp"

#include "block_owners.hpp"
#include "frame.hpp"
#include "reference_names.hpp"
#include "unsanitized.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tenure::inline v1::os {
namespace {

// Too much for a stack, and not from the heap: it must not look like what is searched.
struct search_room {
  static constexpr std::size_t most_found =
      262144; // beyond that there is no answer, unless one of these is one

  std::uintptr_t block[memory_scan::block_bytes / sizeof(std::uintptr_t)];
  std::uintptr_t heap_buffer[4096];
  found_word found[most_found];
  block_owners::memory owners;
  other_thread_list others;
};

// Mapped for one search. Only what is used of it comes into being: nothing is constructed, for fresh pages
// hold the zeros that the constructors would write.
class mapped_room {
public:
  static constexpr std::size_t size =
      (sizeof(search_room) + 65535) & ~std::size_t{65535}; // pages, of any size

  mapped_room() noexcept
      : at_(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                   0)) {
    if (at_ != MAP_FAILED) room_ = static_cast<search_room*>(at_);
  }
  mapped_room(const mapped_room&) = delete;
  mapped_room& operator=(const mapped_room&) = delete;
  ~mapped_room() {
    if (room_ != nullptr) ::munmap(at_, size);
  }

  [[nodiscard]] search_room* get() const noexcept { return room_; }
  [[nodiscard]] address_range range() const noexcept {
    const auto begin = reinterpret_cast<std::uintptr_t>(at_);
    return {begin, begin + size};
  }

private:
  void* at_;
  search_room* room_ = nullptr;
};

} // namespace

// One search, from the words to the places.
class reference_finder {
public:
  reference_finder(const mapped_image& image, std::uintptr_t free_mark) noexcept
      : image_(image.whole)
      , traits_(module_traits::of(image.whole))
      , free_mark_(free_mark) {}

  static reference_search find(std::uintptr_t own_sp, const mapped_image& image,
                               const reference_baseline& baseline, std::span<reference_place> out,
                               std::span<const address_range> not_these) noexcept;

  // All words that point into the image, with as little judgement as a baseline needs. False if the system
  // cannot be searched.
  bool collect(std::uintptr_t own_sp, std::span<const address_range> not_these) noexcept;
  void drop_baseline(const reference_baseline& baseline) noexcept;
  void drop_what_stands_on_stacks() noexcept;
  void drop_systems_own() noexcept;
  void drop_heap_of_nobody() noexcept;
  void store(reference_baseline& into) noexcept;
  reference_search name(std::span<reference_place> out) noexcept;

  [[nodiscard]] std::span<found_word> found() noexcept { return {room_.get()->found, count_}; }

private:
  // Not the image's first byte: nobody reads a header through a pointer of the program, but it is where the
  // image before this one ends, as that one's loader data say.
  void add(const found_word& w) noexcept {
    if (w.value == image_.begin) return;
    if (count_ != search_room::most_found)
      room_.get()->found[count_++] = w;
    else
      complete_ = false;
  }
  bool set_limits(std::uintptr_t own_sp, std::span<const address_range> not_these) noexcept;
  void collect_signal_handlers() noexcept;
  bool collect_timers() noexcept;
  template <typename Drop> void drop_if(Drop&& drop) noexcept;
  void ask_for_owners(block_owners& owners) noexcept;

  address_range image_;
  module_traits traits_;
  std::uintptr_t free_mark_;
  memory_reader reader_;
  mapped_room room_;
  scan_limits limits_;
  std::size_t count_ = 0;
  bool complete_ = true; // false: there were more words than room
};

bool reference_finder::set_limits(std::uintptr_t own_sp, std::span<const address_range> not_these) noexcept {
  search_room& room = *room_.get();
  room.others.read();
  limits_.others = &room.others;
  limits_.own_sp = own_sp;
  limits_.own_id = ::syscall(SYS_gettid);
  bool fits = limits_.add({own_sp - scan_limits::own_frames, own_sp}) && limits_.add(room_.range()) &&
              limits_.add(traits_.storage);
  for (const address_range& range : not_these) fits &= limits_.add(range);
  return fits && limits_.add(image_); // the last: the search for owners takes it away
}

bool reference_finder::collect(std::uintptr_t own_sp, std::span<const address_range> not_these) noexcept {
  if (room_.get() == nullptr || !reader_.works() || !set_limits(own_sp, not_these)) return false;
  collect_signal_handlers();
  if (!collect_timers()) return false;
  memory_scan scan(room_.get()->block, reader_);
  return scan.run(word_filter(image_, pointer_mangling::of_this_thread()), limits_,
                  [this](const scanned_word& w) {
                    add({w.at, w.value, w.mangled});
                  });
}

// Refused for the two or three that the C library keeps for itself.
void reference_finder::collect_signal_handlers() noexcept {
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) != 0) continue;
    const auto handler =
        reinterpret_cast<std::uintptr_t>(action.sa_handler); // shares its place with sa_sigaction
    if (image_.contains(handler)) add({first_signal_place + static_cast<std::uintptr_t>(number), handler});
  }
}

// The whole file, ended by a zero. False if it cannot be read; one that there is not, in a kernel without it,
// is empty.
bool read_whole(const char* path, char* text, std::size_t room) noexcept {
  text[0] = '\0';
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno == ENOENT;
  std::size_t length = 0;
  ssize_t got = 1;
  while (got > 0 && length < room - 1) {
    got = ::read(file, text + length, room - 1 - length);
    if (got > 0) length += static_cast<std::size_t>(got);
  }
  ::close(file);
  text[length] = '\0';
  return got >= 0;
}

// "ID: 3\nsignal: 14/00007f0000001000\nnotify: ..." for each. False if that cannot be told.
bool reference_finder::collect_timers() noexcept {
  char* const text = reinterpret_cast<char*>(room_.get()->block);
  if (!read_whole("/proc/self/timers", text, memory_scan::block_bytes)) return false;
  for (const char* line = text; (line = std::strstr(line, "ID: ")) != nullptr; line += 4) {
    const char* const slash = std::strchr(line, '/');
    if (slash == nullptr) break;
    const auto value = static_cast<std::uintptr_t>(std::strtoull(slash + 1, nullptr, 16));
    const auto number = static_cast<std::uintptr_t>(std::strtoul(line + 4, nullptr, 10));
    if (image_.contains(value) && number < end_of_places - first_timer_place)
      add({first_timer_place + number, value});
  }
  return true;
}

template <typename Drop> void reference_finder::drop_if(Drop&& drop) noexcept {
  std::size_t kept = 0;
  for (found_word& w : found())
    if (!drop(w)) room_.get()->found[kept++] = w;
  count_ = kept;
}

void reference_finder::drop_baseline(const reference_baseline& baseline) noexcept {
  drop_if([&](const found_word& w) { return baseline.contains(w.at, w.value); });
}

// A stack's words come and go: one that is the same later need not be the same pointer.
void reference_finder::drop_what_stands_on_stacks() noexcept {
  address_range known_stack, known_other; // asked for once, for the words ascend
  drop_if([&](const found_word& w) {
    if (w.at < end_of_places || known_other.contains(w.at)) return false;
    if (known_stack.contains(w.at)) return true;
    mapping m;
    if (!find_mapping(w.at, m)) return true;
    const bool stack = limits_.holds_stack(m);
    (stack ? known_stack : known_other) = m.range;
    return stack;
  });
}

void reference_finder::drop_systems_own() noexcept {
  handler_tables tables(traits_, reader_);
  drop_if([&](const found_word& w) {
    if (w.at < end_of_places) return false;
    const note what = tables.look_at(w);
    return what == note::systems_own || (w.mangled && what == note::none); // a number like any other
  });
}

void reference_finder::ask_for_owners(block_owners& owners) noexcept {
  search_room& room = *room_.get();
  for (const found_word& w : found())
    if (!w.freed && w.block.size() != 0) owners.add(w.block);
  if (owners.empty()) return;
  --limits_.count; // the image's own words count here
  memory_scan scan(room.block, reader_);
  glibc_heap heap(room.heap_buffer, reader_, free_mark_, room_.range());
  owners.search(scan, heap, limits_);
  limits_.add(image_);
}

void reference_finder::drop_heap_of_nobody() noexcept {
  search_room& room = *room_.get();
  glibc_heap heap(room.heap_buffer, reader_, free_mark_, room_.range());
  heap.explain(found());
  block_owners owners(room.owners, traits_);
  ask_for_owners(owners);
  drop_if([&](found_word& w) {
    if (w.freed) return true;
    const block_owners::node* const block = w.block.size() != 0 ? owners.find(w.at) : nullptr;
    if (block == nullptr || block->foreign) return false;
    w.unreached = !block->own;
    return block->own || heap.may_be_listed(w.block);
  });
}

reference_search reference_finder::name(std::span<reference_place> out) noexcept {
  reference_search result{complete_ || count_ != 0, 0, 0};
  place_names names(traits_, limits_, reader_);
  for (const found_word& w : found()) {
    if (result.count < out.size()) names.describe(w, out[result.count]);
    ++result.count;
    result.unreached += w.unreached ? 1 : 0;
  }
  return result;
}

bool reference_baseline::contains(std::uintptr_t address, std::uintptr_t value) const noexcept {
  const entry* const begin = entries_.get();
  const entry* const at =
      std::lower_bound(begin, begin + count_, ~address,
                       [](const entry& e, std::uintptr_t inverse) { return e.inverse_address > inverse; });
  return at != begin + count_ && at->inverse_address == ~address && at->inverse_value == ~value;
}

void reference_finder::store(reference_baseline& into) noexcept {
  if (!complete_) return;
  into.entries_.reset(new (std::nothrow) reference_baseline::entry[count_]);
  if (into.entries_ == nullptr) return;
  for (const found_word& w : found()) into.entries_[into.count_++] = {~w.at, ~w.value};
  into.taken_ = true;
}

reference_search reference_finder::find(std::uintptr_t own_sp, const mapped_image& image,
                                        const reference_baseline& baseline, std::span<reference_place> out,
                                        std::span<const address_range> not_these) noexcept {
  reference_finder finder(image, baseline.free_mark_);
  if (!finder.collect(own_sp, not_these)) return {};
  finder.drop_baseline(baseline);
  finder.drop_systems_own();
  finder.drop_heap_of_nobody();
  return finder.name(out);
}

reference_baseline reference_baseline::nothing() noexcept {
  reference_baseline result;
  result.free_mark_ = glibc_heap::find_free_mark();
  result.taken_ = true;
  return result;
}

reference_baseline reference_baseline::take(const mapped_image& image,
                                            std::span<const address_range> not_these) noexcept {
  const int kept_errno = errno;
  reference_baseline result;
  result.free_mark_ = glibc_heap::find_free_mark();
  reference_finder finder(image, result.free_mark_);
  if (finder.collect(below_this_frame(), not_these)) {
    finder.drop_what_stands_on_stacks();
    finder.store(result);
  }
  errno = kept_errno;
  return result;
}

TENURE_UNSANITIZED TENURE_NOT_INLINED reference_search
find_references(const mapped_image& image, const reference_baseline& baseline, std::span<reference_place> out,
                std::span<const address_range> not_these) noexcept {
  __builtin_unwind_init(); // spills what callers keep in registers into this frame, where it is read
  const int kept_errno = errno;
  reference_search result;
  if (image.known() && baseline.taken())
    result = reference_finder::find(below_this_frame(), image, baseline, out, not_these);
  errno = kept_errno;
  return result;
}

bool memory_is_searched() noexcept { return true; }

} // namespace tenure::inline v1::os
