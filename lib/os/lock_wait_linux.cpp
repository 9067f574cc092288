// With the kernel's word on where the thread stands, and glibc's on who holds a mutex.
#include "os/blocked_thread.hpp"
#include "os/careful_reader.hpp"
#include "os/lock_wait.hpp"
#include "os/os.hpp"

#include <cerrno>
#include <cstddef>
#include <linux/futex.h>

namespace tenure::inline v1::os {
namespace {

constexpr std::uintptr_t contended = 2; // glibc's word of a mutex that somebody waits for
constexpr std::size_t largest_control_block =
    2048; // bytes; glibc's is a little larger, and has what is joined in its first half

struct futex_wait { // the system call's arguments
  std::uintptr_t word;
  std::uintptr_t command;
  std::uintptr_t expected;
  bool limited;

  explicit futex_wait(const kernel_view& stands) noexcept
      : word(stands.arguments[0])
      , command(stands.arguments[1] & static_cast<std::uintptr_t>(FUTEX_CMD_MASK))
      , expected(stands.arguments[2] & UINT32_MAX)
      , limited(stands.arguments[3] != 0) {}
  [[nodiscard]] bool plain() const noexcept { return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET; }
};

// A mutex that this thread holds stays as it is while this thread looks.
bool is_own_mutex(const futex_wait& wait, std::uint32_t me) noexcept {
  unsigned char bytes[sizeof(pthread_mutex_t)];
  careful_reader reader;
  if (!reader.read(wait.word, bytes, sizeof bytes)) return false;
  pthread_mutex_t seen;
  std::memcpy(&seen, bytes, sizeof seen);
  const auto lock = static_cast<std::uint32_t>(seen.__data.__lock);
  if (wait.command == FUTEX_LOCK_PI) return (lock & FUTEX_TID_MASK) == me;
  return wait.plain() && wait.expected == contended && lock == contended &&
         static_cast<std::uint32_t>(seen.__data.__owner) == me;
}

// Whoever joins this thread waits for the thread's number in its control block to become 0.
bool joins_us(const futex_wait& wait, std::uint32_t me) noexcept {
  return wait.plain() && wait.expected == me && wait.word - own_control_block() < largest_control_block;
}

} // namespace

bool waits_for_this_thread(std::uint64_t number, const void* but_not) noexcept {
  const int kept_errno = errno;
  char text[256];
  const thread_folder folder;
  const descriptor file(folder.open_file(static_cast<pid_t>(number), "syscall"));
  const bool read = file.open() && file.read(text);
  const kernel_view stands(read ? text : "");
  bool found = false;
  if (stands.blocked && stands.call == SYS_futex) {
    const futex_wait wait(stands);
    const auto me = static_cast<std::uint32_t>(this_thread_number());
    const bool passes = wait.limited || wait.word == reinterpret_cast<std::uintptr_t>(but_not);
    found = !passes && (is_own_mutex(wait, me) || joins_us(wait, me));
  }
  errno = kept_errno;
  return found;
}

} // namespace tenure::inline v1::os
