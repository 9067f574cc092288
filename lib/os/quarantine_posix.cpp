// Quarantine on POSIX systems: a mapping without access where the module was.
#include "os/quarantine.hpp"
#include "os/quarantine_ledger.hpp"

#include <cerrno>
#include <csignal>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

namespace tenure::inline v1::os {
namespace {

struct sigaction before_segv;
struct sigaction before_bus;

// As the one who handled it before would: by a call, or by letting it happen again without us.
void pass_on(const struct sigaction& before, int signal, siginfo_t* info, void* context) noexcept {
  if ((before.sa_flags & SA_SIGINFO) != 0) return before.sa_sigaction(signal, info, context);
  if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) return before.sa_handler(signal);
  ::sigaction(signal, &before, nullptr);
}

void on_fault(int signal, siginfo_t* info, void* context) {
  const int kept_errno = errno;
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  if (const departed* const d = find_departed(address)) {
    fault_text text;
    text.explain(*d, address);
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  }
  errno = kept_errno;
  pass_on(signal == SIGSEGV ? before_segv : before_bus, signal, info, context);
}

void install() noexcept {
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK; // the stack may be what is broken
  sigemptyset(&action.sa_mask);              // a macro on some systems
  ::sigaction(SIGSEGV, &action, &before_segv);
  ::sigaction(SIGBUS, &action, &before_bus);
}

} // namespace

bool reserve_addresses(const address_range& where) noexcept {
  auto* const wanted = reinterpret_cast<void*>(where.begin);
  int flags = MAP_PRIVATE | MAP_ANONYMOUS;
#if defined(MAP_NORESERVE)
  flags |= MAP_NORESERVE;
#endif
#if defined(MAP_FIXED_NOREPLACE)
  flags |= MAP_FIXED_NOREPLACE; // since Linux 4.17; before, and elsewhere, the address is a wish
#endif
  void* const got = ::mmap(wanted, where.size(), PROT_NONE, flags, -1, 0);
  if (got == wanted) return true;
  if (got != MAP_FAILED) ::munmap(got, where.size());
  return false;
}

void give_back_addresses(const address_range& where) noexcept {
  ::munmap(reinterpret_cast<void*>(where.begin), where.size());
}

void explain_faults() noexcept {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  ::pthread_once(&once, install);
}

} // namespace tenure::inline v1::os
