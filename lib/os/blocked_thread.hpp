// Reads the stack of a thread that is blocked, from outside. Linux.
#ifndef TENURE_LIB_OS_BLOCKED_THREAD_HPP
#define TENURE_LIB_OS_BLOCKED_THREAD_HPP

#include "thread_list.hpp"
#include "thread_stack.hpp"

#include <cstdlib>

namespace tenure::inline v1::os {

// What one look at a thread has shown.
enum class look : std::uint8_t {
  outside, // or it has ended
  inside,
  unknown // it runs, or stands where its frames cannot be told from other memory
};

// Where the kernel says that a thread stands: /proc/PID/task/TID/syscall holds `running`; or the number of
// the system call, its six arguments, the stack pointer and the program counter; or -1 and only the latter
// two.
struct kernel_view {
  bool blocked = false;
  long call = -1;
  std::uintptr_t arguments[6]{};
  std::uintptr_t sp = 0;
  std::uintptr_t pc = 0;

  explicit kernel_view(const char* text) noexcept {
    if (*text != '-' && (*text < '0' || *text > '9')) return;
    char* rest = nullptr;
    call = std::strtol(text, &rest, 10);
    if (call != -1)
      for (std::uintptr_t& argument : arguments) argument = std::strtoul(rest, &rest, 16);
    sp = std::strtoul(rest, &rest, 16);
    char* const behind_sp = rest;
    pc = std::strtoul(rest, &rest, 16);
    blocked = rest != behind_sp;
  }
};

// A caller's address is on the stack from the call on. Elsewhere it may be in a register only, which the
// kernel does not tell.
#if defined(TENURE_CALLS_X86)
inline constexpr bool callers_are_on_stack = true;
#else
inline constexpr bool callers_are_on_stack = false;
#endif

class blocked_thread {
public:
  // `place_of_list`: see place_of_robust_list.
  blocked_thread(const thread_folder& folder, pid_t thread, std::uintptr_t place_of_list) noexcept
      : folder_(folder)
      , thread_(thread)
      , place_of_list_(place_of_list) {}

  // Evidence if it is inside.
  stack_finding finding;

  look scan(const mapped_image& image) noexcept {
    const descriptor switches(folder_.open_file(thread_, "schedstat")),
        view(folder_.open_file(thread_, "syscall"));
    if (!switches.open() || !view.open()) return unread();
    for (unsigned i = 0; i != attempts; ++i) {
      char before[64], after[64], stands[256];
      if (!switches.read(before) || !view.read(stands)) return unread();
      const kernel_view now(stands);
      if (!now.blocked || std::strncmp(before, nothing_counted, 5) == 0) return look::unknown;
      const look seen = scan_standing(now, image);
      if (!switches.read(after)) return unread();
      if (std::strcmp(before, after) == 0) return seen;
    }
    return look::unknown;
  }

private:
  // How often a thread may wake up while it is read, before it is asked by a signal.
  static constexpr unsigned attempts = 3;

  // A kernel without these statistics. They are the time on the processor, the time in the queue, and how
  // often the thread got the processor: while the last stays the same, a thread that was blocked has not
  // moved.
  static constexpr const char* nothing_counted = "0 0 0";

  // The files' absence does not say that the thread has ended: some kernels have none.
  [[nodiscard]] look unread() const noexcept {
    return is_alive(::getpid(), thread_) ? look::unknown : look::outside;
  }

  look scan_standing(const kernel_view& now, const mapped_image& image) noexcept {
    if (now.sp == 0 && now.pc == 0) return look::outside; // of the kernel's own, or about to vanish
    if (image.executes(now.pc)) {
      finding = {stack_evidence::interrupted_code, now.pc, 0};
      return look::inside;
    }
    if (!callers_are_on_stack) return look::unknown;
    const stack_ends ends = ends_of(thread_, place_of_list_);
    look seen = scan_up_to(ends.storage, now, image);
    if (seen == look::unknown) seen = scan_up_to(ends.main, now, image);
    return seen;
  }

  // On any other stack than the thread's own one, the thread itself knows better.
  look scan_up_to(std::uintptr_t end, const kernel_view& now, const mapped_image& image) noexcept {
    if (!stack_ends::reaches(now.sp, end)) return look::unknown;
    stack_walk walk({now.sp, end}, now.sp);
    walk.distrust_memory();
    code_search search(image, walk);
    search.distrust_frames();
    const bool inside = registers_show(now, search) || walk.run(search);
    finding = search.finding;
    if (inside) return look::inside;
    return walk.reached_end() ? look::outside : look::unknown;
  }

  // vfork keeps its return address in a register, for its child overwrites the stack.
  static bool registers_show([[maybe_unused]] const kernel_view& now,
                             [[maybe_unused]] code_search& search) noexcept {
#if defined(SYS_vfork)
    if (now.call == SYS_vfork) {
      const stack_word words[] = {now.arguments[0], now.arguments[1], now.arguments[2],
                                  now.arguments[3], now.arguments[4], now.arguments[5]};
      return search({words, 6, 0});
    }
#endif
    return false;
  }

  const thread_folder& folder_;
  const pid_t thread_;
  const std::uintptr_t place_of_list_;
};

} // namespace tenure::inline v1::os

#endif
