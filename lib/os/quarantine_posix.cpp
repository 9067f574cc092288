// Quarantine on POSIX systems: a mapping without access where the module was.
#include "os/quarantine.hpp"
#include "os/quarantine_ledger.hpp"

#include <cerrno>
#include <csignal>
#include <new>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace tenure::inline v1::os {
namespace {

pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // guards the filling of the ledger; a leaf
quarantine_ledger* ledger = nullptr;              // published; never freed

// Never over what somebody has mapped there since.
bool reserve(const address_range& where) noexcept {
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

departed* note_locked(const mapped_image& image, const char* path, const char* why) noexcept {
  if (ledger == nullptr) return nullptr;
  departed& place = ledger->next_place();
  const address_range oldest = place.where();
  quarantine_ledger::empty(place);
  if (std::exchange(place.reserved, false)) ::munmap(reinterpret_cast<void*>(oldest.begin), oldest.size());
  quarantine_ledger::fill(place, image.whole, this_thread_number(), path, why);
  return &place;
}

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
  const quarantine_ledger* const known = detail::read_published(ledger);
  if (const departed* const d = known != nullptr ? known->find(address) : nullptr) {
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

departed* announce_departure(const mapped_image& image, const char* path, const char* why) noexcept {
  if (!image.known()) return nullptr;
  ::pthread_mutex_lock(&lock);
  departed* const note = note_locked(image, path, why);
  ::pthread_mutex_unlock(&lock);
  return note;
}

void finish_departure(departed* note, bool gone) noexcept {
  if (note == nullptr) return;
  ::pthread_mutex_lock(&lock);
  note->reserved = gone && reserve(note->where());
  if (!note->reserved) quarantine_ledger::empty(*note);
  ::pthread_mutex_unlock(&lock);
}

void prepare_quarantine() noexcept {
  ::pthread_mutex_lock(&lock);
  if (ledger == nullptr) detail::publish_value(ledger, new (std::nothrow) quarantine_ledger);
  ::pthread_mutex_unlock(&lock);
}

void explain_faults() noexcept {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  ::pthread_once(&once, install);
}

} // namespace tenure::inline v1::os
