// The threads of this process, as Linux lists them.
#ifndef TENURE_LIB_OS_THREAD_LIST_HPP
#define TENURE_LIB_OS_THREAD_LIST_HPP

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tenure::inline v1::os {

// A system that refuses to say is no reason to take a thread for ended.
inline bool is_alive(pid_t process, pid_t thread) noexcept {
  return ::syscall(SYS_tgkill, process, thread, 0) == 0 || errno != ESRCH;
}

// A file descriptor that closes itself.
class descriptor {
public:
  explicit descriptor(int number) noexcept
      : number_(number) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] bool open() const noexcept { return number_ >= 0; }
  [[nodiscard]] int number() const noexcept { return number_; }

  // The file from its begin, ended by a zero. Empty if it cannot be read.
  template <std::size_t Size> bool read(char (&text)[Size]) const noexcept {
    const ssize_t length = ::pread(number_, text, Size - 1, 0);
    text[length < 0 ? 0 : length] = '\0';
    return length > 0;
  }

private:
  int number_;
};

// The folder with one entry per thread.
class thread_folder {
public:
  thread_folder() noexcept
      : folder_(::open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

  [[nodiscard]] bool open() const noexcept { return folder_.open(); }

  // Negative if that cannot be opened: errno says why.
  [[nodiscard]] int open_file(pid_t thread, const char* name) const noexcept {
    char path[32];
    char* end = write_number(path, thread);
    *end++ = '/';
    std::strcpy(end, name);
    return ::openat(folder_.number(), path, O_RDONLY | O_CLOEXEC);
  }

  // How many threads there are at this moment, by the folder's link count. It changes under the same lock of
  // the kernel's as the list does.
  [[nodiscard]] std::size_t count() const noexcept {
    struct stat status {};
    return ::fstat(folder_.number(), &status) == 0 && status.st_nlink > 2 ? status.st_nlink - 2 : 0;
  }

  // Calls visit(thread) for each entry, until it returns false. Threads may be missing: the kernel loses its
  // place when the one that it stands at ends.
  template <typename Visitor> bool for_each(Visitor visit) noexcept {
    if (::lseek(folder_.number(), 0, SEEK_SET) != 0) return false;
    long bytes = 0;
    while ((bytes = ::syscall(SYS_getdents64, folder_.number(), entries_, sizeof entries_)) > 0)
      if (!visit_entries(static_cast<std::size_t>(bytes), visit)) return false;
    return bytes == 0;
  }

private:
  // struct linux_dirent64, which not every C library declares: the length of the entry, then its type and
  // name.
  static constexpr std::size_t length_at = 16, name_at = 19;

  template <typename Visitor> bool visit_entries(std::size_t bytes, Visitor& visit) noexcept {
    for (std::size_t at = 0; at < bytes;) {
      std::uint16_t length = 0;
      std::memcpy(&length, entries_ + at + length_at, sizeof length);
      const pid_t thread = read_number(entries_ + at + name_at);
      if (thread > 0 && !visit(thread)) return false;
      at += length;
    }
    return true;
  }

  // 0 for the folder itself and the one above.
  static pid_t read_number(const char* name) noexcept {
    pid_t number = 0;
    for (; *name >= '0' && *name <= '9'; ++name) number = number * 10 + (*name - '0');
    return number;
  }

  static char* write_number(char* to, pid_t number) noexcept {
    char digits[12];
    std::size_t count = 0;
    for (; number != 0 || count == 0; number /= 10) digits[count++] = static_cast<char>('0' + number % 10);
    while (count != 0) *to++ = digits[--count];
    return to;
  }

  descriptor folder_;
  alignas(
      8) char entries_[1024]; // 40 threads at a time; small, for this may stand on a signal handler's stack
};

// True for one that runs no code of the program any more although the system still lists it: pthread_join may return
// before the list forgets it (once in fifteen joins, measured).
inline bool is_exiting(const thread_folder& folder, pid_t thread) noexcept {
  constexpr unsigned long exiting = 4; // the kernel's PF_EXITING
  char stat[512];
  const descriptor file(folder.open_file(thread, "stat"));
  if (!file.open() || !file.read(stat)) return false;
  const char* at = std::strrchr(stat, ')'); // the name before it may hold anything
  for (int field = 2; at != nullptr && field != 9; ++field) at = std::strchr(at + 1, ' ');
  return at != nullptr && (std::strtoul(at, nullptr, 10) & exiting) != 0;
}

// The threads that were looked at and found outside.
class thread_set {
public:
  static constexpr std::size_t capacity = 4096; // 16 KiB, touched as far as needed

  void clear() noexcept { count_ = 0; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }

  [[nodiscard]] bool contains(pid_t thread) const noexcept {
    for (std::size_t i = 0; i != count_; ++i)
      if (threads_[i] == thread) return true;
    return false;
  }

  // False if there is no room.
  bool add(pid_t thread) noexcept {
    if (count_ == capacity) return false;
    threads_[count_++] = thread;
    return true;
  }

  // Forgets those that have ended: their numbers may be given to new ones.
  void keep_living(pid_t process) noexcept {
    std::size_t kept = 0;
    for (std::size_t i = 0; i != count_; ++i)
      if (is_alive(process, threads_[i])) threads_[kept++] = threads_[i];
    count_ = kept;
  }

private:
  pid_t threads_[capacity];
  std::size_t count_;
};

} // namespace tenure::inline v1::os

#endif
