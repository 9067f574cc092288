// Each call that the library makes of the system and that can fail. The test `all_calls_are_known` holds this
// table against what the library's object files want of the system.
#include "faults/failing_calls.hpp"

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace {

thread_local int until_failure = 0; // 0: not armed
thread_local bool silent = false;
thread_local const char* refused = nullptr;
thread_local bool loader_has_words = false;

bool refuses(const char* name) noexcept {
  if (until_failure == 0 || --until_failure != 0) return false;
  refused = name;
  return true;
}
bool loader_refuses(const char* name) noexcept {
  if (!refuses(name)) return false;
  loader_has_words = !silent;
  return true;
}

} // namespace

namespace tenure_test {

void fail_call(int n, bool silently) noexcept {
  until_failure = n;
  silent = silently;
  refused = nullptr;
  loader_has_words = false;
}
const char* stop_failing_calls() noexcept {
  until_failure = 0;
  loader_has_words = false;
  return refused;
}

} // namespace tenure_test

// Fails with -1 and errno.
#define REFUSED(NAME, RESULT, PARAMETERS, ARGUMENTS, ERROR)                                                  \
  extern "C" RESULT __real_##NAME PARAMETERS;                                                                \
  extern "C" RESULT __wrap_##NAME PARAMETERS {                                                               \
    if (!refuses(#NAME)) return __real_##NAME ARGUMENTS;                                                     \
    errno = ERROR;                                                                                           \
    return -1;                                                                                               \
  }
// Fails by returning the error.
#define REFUSED_BY_NUMBER(NAME, PARAMETERS, ARGUMENTS, ERROR)                                                \
  extern "C" int __real_##NAME PARAMETERS;                                                                   \
  extern "C" int __wrap_##NAME PARAMETERS { return refuses(#NAME) ? ERROR : __real_##NAME ARGUMENTS; }
// One of the loader's: fails with NOTHING, and dlerror() says why, or not.
#define REFUSED_BY_LOADER(NAME, RESULT, PARAMETERS, ARGUMENTS, NOTHING)                                      \
  extern "C" RESULT __real_##NAME PARAMETERS;                                                                \
  extern "C" RESULT __wrap_##NAME PARAMETERS {                                                               \
    return loader_refuses(#NAME) ? NOTHING : __real_##NAME ARGUMENTS;                                        \
  }

REFUSED(fstat64, int, (int fd, struct stat64* out), (fd, out), EIO)
REFUSED(stat64, int, (const char* path, struct stat64* out), (path, out), EIO)
REFUSED(pread64, ssize_t, (int fd, void* to, std::size_t size, off64_t at), (fd, to, size, at), EIO)
REFUSED(read, ssize_t, (int fd, void* to, std::size_t size), (fd, to, size), EIO)
REFUSED(write, ssize_t, (int fd, const void* from, std::size_t size), (fd, from, size), EIO)
REFUSED(lseek64, off64_t, (int fd, off64_t to, int from), (fd, to, from), EINVAL)
REFUSED(pipe, int, (int* ends), (ends), EMFILE)
REFUSED(process_vm_readv, ssize_t,
        (pid_t who, const iovec* to, unsigned long m, const iovec* from, unsigned long n,
         unsigned long flags),
        (who, to, m, from, n, flags), EPERM)
REFUSED(sigaction, int, (int signal, const struct sigaction* to, struct sigaction* before),
        (signal, to, before), EINVAL)
REFUSED(fork, pid_t, (), (), EAGAIN)
REFUSED(poll, int, (struct pollfd * what, nfds_t n, int patience), (what, n, patience), ENOMEM)
REFUSED(waitpid, pid_t, (pid_t who, int* status, int how), (who, status, how), ECHILD)
REFUSED(munmap, int, (void* at, std::size_t size), (at, size), ENOMEM)

REFUSED_BY_NUMBER(pthread_getattr_np, (pthread_t thread, pthread_attr_t* out), (thread, out), ENOMEM)
REFUSED_BY_NUMBER(pthread_key_create, (pthread_key_t * key, void (*end)(void*)), (key, end), EAGAIN)
REFUSED_BY_NUMBER(pthread_sigmask, (int how, const sigset_t* to, sigset_t* before), (how, to, before), EINVAL)
REFUSED_BY_NUMBER(pthread_atfork, (void (*a)(), void (*b)(), void (*c)()), (a, b, c), ENOMEM)

REFUSED_BY_LOADER(dlopen, void*, (const char* path, int flags), (path, flags), nullptr)
REFUSED_BY_LOADER(dlsym, void*, (void* handle, const char* name), (handle, name), nullptr)
REFUSED_BY_LOADER(dlclose, int, (void* handle), (handle), -1)
REFUSED_BY_LOADER(dlinfo, int, (void* handle, int what, void* out), (handle, what, out), -1)
REFUSED_BY_LOADER(dladdr, int, (const void* address, Dl_info* out), (address, out), 0)
REFUSED_BY_LOADER(dladdr1, int, (const void* address, Dl_info* out, void** more, int flags),
                  (address, out, more, flags), 0)

// What dlerror() says after a refusal of ours is ours.
extern "C" char* __real_dlerror();
extern "C" char* __wrap_dlerror() {
  static char words[] = "refused by the test";
  char* const real = __real_dlerror();
  const bool mine = loader_has_words;
  loader_has_words = false;
  return mine ? words : real;
}

// Threads are made by the C++ library, which throws. Its argument is a unique_ptr, which is passed by its
// address.
#if defined(__GLIBCXX__)
extern "C" void __real__ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE(
    void* self, void* state, void (*depend)());
extern "C" void __wrap__ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE(
    void* self, void* state, void (*depend)()) {
  if (refuses("a thread"))
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
  __real__ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE(self, state,
                                                                                               depend);
}
#else // libc++ makes them in its headers
extern "C" int __real_pthread_create(pthread_t* out, const pthread_attr_t* how, void* (*body)(void*), void* argument);
extern "C" int __wrap_pthread_create(pthread_t* out, const pthread_attr_t* how, void* (*body)(void*), void* argument) {
  return refuses("a thread") ? EAGAIN : __real_pthread_create(out, how, body, argument);
}
#endif

// The file is closed all the same, as Linux does it.
extern "C" int __real_close(int fd);
extern "C" int __wrap_close(int fd) {
  const int result = __real_close(fd);
  if (!refuses("close")) return result;
  errno = EIO;
  return -1;
}

extern "C" char* __real_getcwd(char* to, std::size_t size);
extern "C" char* __wrap_getcwd(char* to, std::size_t size) {
  if (!refuses("getcwd")) return __real_getcwd(to, size);
  errno = ENOENT;
  return nullptr;
}

// These two return a pointer.
extern "C" DIR* __real_opendir(const char* path);
extern "C" DIR* __wrap_opendir(const char* path) {
  if (!refuses("opendir")) return __real_opendir(path);
  errno = EMFILE;
  return nullptr;
}
extern "C" dirent64* __real_readdir64(DIR* folder);
extern "C" dirent64* __wrap_readdir64(DIR* folder) {
  if (!refuses("readdir64")) return __real_readdir64(folder);
  errno = EIO;
  return nullptr;
}

extern "C" void* __real_mmap64(void* at, std::size_t size, int access, int flags, int fd, off64_t offset);
extern "C" void* __wrap_mmap64(void* at, std::size_t size, int access, int flags, int fd, off64_t offset) {
  if (!refuses("mmap64")) return __real_mmap64(at, size, access, flags, fd, offset);
  errno = ENOMEM;
  return MAP_FAILED;
}

// Those that take as many arguments as they like; the library gives them one more at most, and six to
// syscall.
extern "C" int __real_open64(const char* path, int flags, ...);
extern "C" int __wrap_open64(const char* path, int flags, ...) {
  if (!refuses("open64")) return __real_open64(path, flags);
  errno = EMFILE;
  return -1;
}
extern "C" int __real_openat64(int folder, const char* path, int flags, ...);
extern "C" int __wrap_openat64(int folder, const char* path, int flags, ...) {
  if (!refuses("openat64")) return __real_openat64(folder, path, flags);
  errno = EMFILE;
  return -1;
}
extern "C" int __real_fcntl64(int fd, int command, ...);
extern "C" int __wrap_fcntl64(int fd, int command, ...) {
  std::va_list more;
  va_start(more, command);
  const long argument = va_arg(more, long);
  va_end(more);
  if (!refuses("fcntl64")) return __real_fcntl64(fd, command, argument);
  errno = EINVAL;
  return -1;
}
extern "C" int __real_ioctl(int fd, unsigned long request, ...);
extern "C" int __wrap_ioctl(int fd, unsigned long request, ...) {
  std::va_list more;
  va_start(more, request);
  void* const argument = va_arg(more, void*);
  va_end(more);
  if (!refuses("ioctl")) return __real_ioctl(fd, request, argument);
  errno = ENOTTY;
  return -1;
}
extern "C" long __real_syscall(long number, ...);
extern "C" long __wrap_syscall(long number, ...) {
  std::va_list more;
  va_start(more, number);
  long a[6];
  for (long& one : a) one = va_arg(more, long);
  va_end(more);
  if (!refuses("syscall")) return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  errno = EPERM;
  return -1;
}
