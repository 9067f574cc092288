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
#endif

namespace tenure::inline v1::os {

// Why not ask for the mappings first and then read: another thread may unmap what lies beyond our own stack
// in between.
class careful_reader {
public:
  careful_reader() = default;
  careful_reader(const careful_reader&) = delete;
  careful_reader& operator=(const careful_reader&) = delete;

#if defined(_WIN32)
  // False if not all bytes could be read; `into` is then unspecified.
  bool read(std::uintptr_t from, void* into, std::size_t bytes) noexcept {
    SIZE_T done = 0;
    return ReadProcessMemory(GetCurrentProcess(), reinterpret_cast<const void*>(from), into, bytes, &done) !=
               0 &&
           done == bytes;
  }

  ~careful_reader() = default;

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
    const ssize_t in = ::write(pipe_[1], reinterpret_cast<const void*>(from), bytes);
    if (in <= 0) return false;
    return ::read(pipe_[0], into, bytes) == in && in == static_cast<ssize_t>(bytes);
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
};

} // namespace tenure::inline v1::os

#endif
