// Reads memory that may not be there, by letting the kernel do it: an error instead of a signal.
#ifndef TENURE_LIB_OS_CAREFUL_READER_HPP
#define TENURE_LIB_OS_CAREFUL_READER_HPP

#include "mapped_image.hpp"

#if defined(_WIN32)
#  include <windows.h>
#else
#  include <cerrno>
#  include <fcntl.h>
#  include <sys/uio.h>
#  include <unistd.h>
#  if defined(__linux__)
#    include <sys/syscall.h>
#  endif
#endif

namespace tenure::inline v1::os {

// Why not ask for the mappings first and then read: another thread may unmap what lies beyond our own stack
// in between.
class careful_reader {
public:
  careful_reader() = default;
  careful_reader(const careful_reader&) = delete;
  careful_reader& operator=(const careful_reader&) = delete;

  // The lowest word of `range` from which on everything up to its end can be read.
  std::uintptr_t lowest_readable(address_range range) noexcept {
    if (range.size() == 0) return range.end;
    std::uintptr_t low = range.end & ~(page - 1); // the last page is the one that is surely in use
    while (low > range.begin && low - range.begin >= page) {
      const std::size_t wanted = low - range.begin < batch * page ? (low - range.begin) / page : batch;
      const std::size_t readable = readable_pages_below(low, wanted);
      low -= readable * page;
      if (readable != wanted) return low;
    }
    return low > range.begin && !read_word(range.begin) ? low : range.begin;
  }

#if defined(_WIN32)
  // False if not all bytes could be read; `into` is then unspecified.
  bool read(std::uintptr_t from, void* into, std::size_t bytes) noexcept {
    SIZE_T done = 0;
    return ReadProcessMemory(GetCurrentProcess(), reinterpret_cast<const void*>(from), into, bytes, &done) !=
               0 &&
           done == bytes;
  }

  ~careful_reader() = default;

private:
#else
  // False if not all bytes could be read; `into` is then unspecified. Changes errno.
  // pre: bytes is at most 4096, the least that a pipe holds on the systems we know.
  bool read(std::uintptr_t from, void* into, std::size_t bytes) noexcept {
#  if defined(__linux__)
    if (!call_refused_) {
      if (self_ == 0) self_ = ::getpid();
      const iovec local{into, bytes}, remote{reinterpret_cast<void*>(from), bytes};
      const ssize_t done = ::process_vm_readv(self_, &local, 1, &remote, 1, 0);
      if (done >= 0 || errno == EFAULT) return done == static_cast<ssize_t>(bytes);
      call_refused_ = true; // an old container's seccomp filter, or an emulator
    }
#  endif
    return read_through_pipe(from, into, bytes);
  }

  ~careful_reader() { close_pipe(); }

private:
  // write() fails with EFAULT where it cannot read. Without a free file descriptor nothing counts as
  // readable.
  bool read_through_pipe(std::uintptr_t from, void* into, std::size_t bytes) noexcept {
    if (pipe_[0] < 0 && !open_pipe()) return false;
    const long in = unchecked_write(pipe_[1], reinterpret_cast<const void*>(from), bytes);
    if (in <= 0) return false;
    return ::read(pipe_[0], into, bytes) == in && in == static_cast<long>(bytes);
  }

  // By number on Linux: sanitizers look at what write() is given before the kernel does.
  static long unchecked_write(int end, const void* from, std::size_t bytes) noexcept {
#  if defined(__linux__)
    return ::syscall(SYS_write, end, from, bytes);
#  else
    return ::write(end, from, bytes);
#  endif
  }

  bool open_pipe() noexcept {
    if (::pipe(pipe_) != 0) return false;
    for (const int end : pipe_) ::fcntl(end, F_SETFD, FD_CLOEXEC);
    return true;
  }

  void close_pipe() noexcept {
    if (pipe_[0] < 0) return;
    for (const int end : pipe_) ::close(end);
  }

  int pipe_[2] = {-1, -1};
#  if defined(__linux__)
  pid_t self_ = 0; // asked for when needed: most scans read nothing through here
  bool call_refused_ = false;
#  endif
#endif

  // How many of the pages below `end`, counted downwards.
  std::size_t readable_pages_below(std::uintptr_t end, std::size_t wanted) noexcept {
#if defined(__linux__)
    if (const std::ptrdiff_t readable = ask_for_pages_below(end, wanted); readable >= 0)
      return static_cast<std::size_t>(readable);
#endif
    std::size_t readable = 0;
    while (readable != wanted && read_word(end - (readable + 1) * page)) ++readable;
    return readable;
  }

#if defined(__linux__)
  // All in one call, one byte of each: the kernel stops at the first that it cannot read. Negative: not
  // answered.
  std::ptrdiff_t ask_for_pages_below(std::uintptr_t end, std::size_t wanted) noexcept {
    char bytes[batch];
    iovec pages[batch];
    for (std::size_t i = 0; i != wanted; ++i) pages[i] = {reinterpret_cast<void*>(end - (i + 1) * page), 1};
    const iovec local{bytes, wanted};
    if (self_ == 0) self_ = ::getpid();
    const ssize_t readable = ::process_vm_readv(self_, &local, 1, pages, wanted, 0);
    return readable < 0 && errno == EFAULT ? 0 : readable;
  }
#endif

  bool read_word(std::uintptr_t from) noexcept {
    std::uintptr_t word = 0;
    return read(from, &word, sizeof word);
  }

  static constexpr std::size_t page = 4096; // or a part of one
  static constexpr std::size_t batch = 64;  // pages per call: a quarter of a megabyte
};

} // namespace tenure::inline v1::os

#endif
