#include "linux_memory_map.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tenure::inline v1::os {
namespace {

int open_for_reading(const char* path, int more = 0) noexcept {
  return ::open(path, O_RDONLY | O_CLOEXEC | more);
}

int digit(int c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return 99;
}

} // namespace

memory_map::memory_map() noexcept
    : file_(open_for_reading("/proc/self/maps")) {}

memory_map::~memory_map() {
  if (file_ >= 0) ::close(file_);
}

int memory_map::get() noexcept {
  if (at_ == filled_) {
    ssize_t got = 0;
    do got = ::read(file_, buffer_, sizeof buffer_);
    while (got < 0 && errno == EINTR);
    at_end_ = got == 0;
    if (got <= 0) return -1;
    at_ = 0;
    filled_ = static_cast<std::size_t>(got);
  }
  return static_cast<unsigned char>(buffer_[at_++]);
}

std::uintptr_t memory_map::number(int base, int& ended_by) noexcept {
  std::uintptr_t value = 0;
  for (;;) {
    const int c = get(), d = digit(c);
    ended_by = c;
    if (d >= base) return value;
    value = value * static_cast<unsigned>(base) + static_cast<unsigned>(d);
  }
}

// Up to the end of the line; `c` is its first character. Keeps the end of a long one: file names differ
// there.
void memory_map::read_name(int c, mapping& out) noexcept {
  out.name_length = 0;
  for (; c != '\n' && c >= 0; c = get()) {
    if (out.name_length == mapping::name_size) {
      std::memmove(out.name_text, out.name_text + 1, mapping::name_size - 1);
      --out.name_length;
    }
    out.name_text[out.name_length++] = static_cast<char>(c);
  }
}

// 7f0000000000-7f0000001000 rw-p 00000000 fe:00 1234      /usr/lib/libc.so.6
bool memory_map::next(mapping& out) noexcept {
  int c = 0;
  out.range.begin = number(16, c);
  if (c != '-') return false;
  out.range.end = number(16, c);
  out.readable = get() == 'r';
  out.writable = get() == 'w';
  get(); // executable or not
  out.shared = get() == 's';
  get();
  number(16, c); // offset
  while (c >= 0 && (c = get()) != ' ') {
  }              // device
  number(10, c); // inode
  while (c == ' ') c = get();
  read_name(c, out);
  out.guarded = guard_end_ == out.range.begin || out.name() == "[stack]";
  if (!out.readable && !out.writable) guard_end_ = out.range.end;
  return true;
}

bool find_mapping(std::uintptr_t address, mapping& out) noexcept {
  memory_map map;
  while (map.is_open() && map.next(out))
    if (out.range.contains(address)) return true;
  return false;
}

namespace {

// The last but one number of "NR 0x1 0x2 0x3 0x4 0x5 0x6 0xSP 0xPC", or of "-1 0xSP 0xPC"; 0 for "running".
std::uintptr_t stack_pointer_in(const char* text) noexcept {
  const char* const last = std::strrchr(text, ' ');
  if (last == nullptr) return 0;
  const char* before = last;
  while (before != text && before[-1] != ' ') --before;
  return static_cast<std::uintptr_t>(std::strtoull(before, nullptr, 16));
}

std::uintptr_t stack_pointer_of(long thread) noexcept {
  char path[64], text[256];
  std::snprintf(path, sizeof path, "/proc/self/task/%ld/syscall", thread);
  const int file = open_for_reading(path);
  if (file < 0) return 0;
  const ssize_t got = ::read(file, text, sizeof text - 1);
  ::close(file);
  if (got <= 0) return 0;
  text[got] = '\0';
  return stack_pointer_in(text);
}

struct folder_entry { // linux_dirent64, which no header of the C library shows
  std::uint64_t inode;
  std::int64_t next;
  unsigned short size;
  unsigned char type;
  char name[1];
};

} // namespace

void other_thread_list::add(long id) noexcept {
  if (id == 0 || id == ::syscall(SYS_gettid)) return; // 0: "." and ".."
  if (count_ == capacity)
    known_ = false;
  else
    list_[count_++] = {id, stack_pointer_of(id)};
}

void other_thread_list::read() noexcept {
  count_ = 0;
  const int folder = open_for_reading("/proc/self/task", O_DIRECTORY);
  known_ = folder >= 0;
  alignas(folder_entry) char entries[2048];
  long got = 0;
  while (known_ && (got = ::syscall(SYS_getdents64, folder, entries, sizeof entries)) > 0)
    for (long at = 0; at < got; at += reinterpret_cast<const folder_entry*>(entries + at)->size)
      add(std::strtol(reinterpret_cast<const folder_entry*>(entries + at)->name, nullptr, 10));
  known_ &= got == 0;
  if (folder >= 0) ::close(folder);
}

} // namespace tenure::inline v1::os
