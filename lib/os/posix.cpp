// The port for systems with dlopen. Written on Linux with glibc; musl, macOS and the BSDs by their
// documentation, and where they differ a function below says how.
#include "os/loader_order.hpp"
#include "os/os.hpp"
#include "os/own_stack.hpp"
#include "os/posix_fault.hpp"
#if defined(__linux__)
#  include "os/thread_list.hpp"
#endif

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>

#include <dlfcn.h>
#include <fcntl.h>
#if defined(__GLIBC__)
#  include <link.h>
#endif
#include <pthread.h>
#include <sys/stat.h>
#if defined(__linux__)
#  include <sys/syscall.h>
#endif
#include <time.h>
#include <unistd.h>

namespace tenure::inline v1::os {
namespace {

constexpr std::size_t longest_path = PATH_MAX - 1; // bytes; the kernel refuses more

#if defined(__APPLE__)
constexpr const char* suffix = ".dylib";
#else
constexpr const char* suffix = ".so";
#endif

file_identity identity_of(const struct stat& s) noexcept {
  return {static_cast<std::uint64_t>(s.st_dev), static_cast<std::uint64_t>(s.st_ino)};
}

bool starts_with(std::string_view text, std::string_view start) noexcept {
  return text.substr(0, start.size()) == start;
}

} // namespace

// --- files and names ---

bool file::open(const std::string& path, fault& why) {
  close();
  // O_NONBLOCK: a FIFO without a writer must not hold us up; regular files ignore it
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return refuse(why, cause_of(errno), "open", errno);
  handle_ = fd;
  struct stat s;
  if (::fstat(fd, &s) != 0) return refuse(why, errc::file_unreadable, "fstat", errno);
  if (!S_ISREG(s.st_mode)) {
    why.cause = errc::not_a_regular_file;
    return false;
  }
  size_ = static_cast<std::uint64_t>(s.st_size);
  identity_ = identity_of(s);
  return true;
}

void file::close() noexcept {
  if (handle_ >= 0) ::close(static_cast<int>(handle_));
  handle_ = -1;
}

std::ptrdiff_t file::read_at(std::uint64_t offset, void* buffer, std::size_t size) const noexcept {
  std::size_t done = 0;
  while (done != size) {
    const ssize_t n = ::pread(static_cast<int>(handle_), static_cast<char*>(buffer) + done, size - done,
                              static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return static_cast<std::ptrdiff_t>(done);
}

namespace {

void append_utf8(std::string& out, char32_t c) {
  const auto byte = [&out](char32_t b) { out += static_cast<char>(static_cast<unsigned char>(b)); };
  if (c < 0x80) return byte(c);
  if (c < 0x800) return byte(0xc0 | c >> 6), byte(0x80 | (c & 0x3f));
  if (c < 0x10000) return byte(0xe0 | c >> 12), byte(0x80 | (c >> 6 & 0x3f)), byte(0x80 | (c & 0x3f));
  byte(0xf0 | c >> 18), byte(0x80 | (c >> 12 & 0x3f)), byte(0x80 | (c >> 6 & 0x3f)), byte(0x80 | (c & 0x3f));
}

// UTF-16 (width 2) or UTF-32 (width 4) to UTF-8. False if it is neither.
template <class Unit> bool narrow(const Unit* text, std::size_t size, std::string& out) {
  for (std::size_t i = 0; i != size; ++i) {
    char32_t c = static_cast<char32_t>(text[i]);
    if (sizeof(Unit) == 2 && c >= 0xd800 && c < 0xdc00 && i + 1 != size) {
      const char32_t low = static_cast<char32_t>(text[i + 1]);
      if (low < 0xdc00 || low > 0xdfff) return false;
      c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
      ++i;
    }
    if ((c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff) return false;
    append_utf8(out, c);
  }
  return true;
}

bool to_bytes(path_view path, std::string& out) {
  if (path.width() == 2) return narrow(static_cast<const char16_t*>(path.data()), path.size(), out);
  if (path.width() == 4) return narrow(static_cast<const char32_t*>(path.data()), path.size(), out);
  out.assign(static_cast<const char*>(path.data()), path.size());
  return true;
}

} // namespace

std::string to_internal(path_view path, fault& why) {
  std::string bytes;
  if (!to_bytes(path, bytes)) why.cause = errc::path_not_utf8;
  if (bytes.empty() && !why) why.cause = errc::path_empty;
  if (bytes.size() > longest_path) why.cause = errc::path_too_long;
  if (const std::size_t nul = bytes.find('\0'); nul != std::string::npos) {
    why.cause = errc::path_contains_nul;
    bytes.resize(nul); // what the system would have opened
  }
  return bytes;
}

bool is_absolute(std::string_view path) noexcept { return starts_with(path, "/"); }
bool has_folder(std::string_view path) noexcept { return path.find('/') != std::string_view::npos; }
std::string join(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (path.empty() || path.back() != '/') path += '/';
  return path.append(name);
}

std::string make_absolute(const std::string& path, fault& why) {
  if (is_absolute(path)) return path;
  char here[longest_path + 1];
  if (::getcwd(here, sizeof here) == nullptr) {
    refuse(why, cause_of(errno), "getcwd", errno);
    return path;
  }
  std::string_view rest = path;
  while (starts_with(rest, "./")) rest.remove_prefix(2);
  return join(here, rest);
}

std::string respell(const std::string& path, unsigned attempt) {
  const std::size_t slash = path.rfind('/');
  std::string spelled = path.substr(0, slash);
  for (unsigned i = 0; i != attempt; ++i) spelled += "/.";
  return spelled + path.substr(slash);
}

namespace {

// libflac.so, libflac.so.2; not acme.sound.
bool is_decorated(const std::string& name) {
  const std::size_t at = name.rfind(suffix);
  if (at == std::string::npos) return false;
  const std::size_t end = at + std::strlen(suffix);
  return end == name.size() ||
         (name[end] == '.' && end + 1 != name.size() && name[end + 1] >= '0' && name[end + 1] <= '9');
}

} // namespace

std::vector<std::string> decorate(std::string_view name) {
  const std::string bare(name);
  if (is_decorated(bare)) return {bare};
  std::vector<std::string> files;
  if (!starts_with(name, "lib")) files.push_back("lib" + bare + suffix);
  files.push_back(bare + suffix);
  files.push_back(bare);
  return files;
}

bool identify(const std::string& path, file_identity& out, fault& why) {
  struct stat s;
  if (::stat(path.c_str(), &s) != 0) return refuse(why, cause_of(errno), "stat", errno);
  if (!S_ISREG(s.st_mode)) {
    why.cause = errc::not_a_regular_file;
    return false;
  }
  out = identity_of(s);
  return true;
}

bool was_replaced(const char* path, const file_identity& known) {
  struct stat s;
  return ::stat(path, &s) == 0 && S_ISREG(s.st_mode) && !(identity_of(s) == known);
}

// --- the loader ---

// musl tells nothing of its folders, nor does macOS. glibc does not say which are its own: those of the
// distribution.
std::vector<std::string> loader_path() {
  std::vector<std::string> folders;
#if defined(__GLIBC__)
  void* const program = ::dlopen(nullptr, RTLD_LAZY);
  if (program == nullptr) return folders;
  Dl_serinfo size;
  std::vector<Dl_serinfo> found;
  if (::dlinfo(program, RTLD_DI_SERINFOSIZE, &size) == 0) {
    found.assign(size.dls_size / sizeof size + 1, size); // the first of them, and the texts, lie in one piece
    if (::dlinfo(program, RTLD_DI_SERINFO, found.data()) != 0) found.clear();
  }
  for (unsigned i = 0; !found.empty() && i != found.front().dls_cnt; ++i) {
    const std::string_view folder = found.front().dls_serpath[i].dls_name;
    const bool its_own = starts_with(folder, "/lib") || starts_with(folder, "/usr/lib");
    if (is_absolute(folder) && !its_own) folders.emplace_back(folder);
  }
  ::dlclose(program);
#endif
  return folders;
}

namespace {

int mode_of(const open_options& options, fault& why) {
  int mode = options.lazy ? RTLD_LAZY : RTLD_NOW;
  mode |= options.global ? RTLD_GLOBAL : RTLD_LOCAL;
  if (options.no_load) mode |= RTLD_NOLOAD;
#if defined(RTLD_DEEPBIND)
  if (options.deep_bind) mode |= RTLD_DEEPBIND;
#else
  if (options.deep_bind) {
    why.cause = errc::unsupported;
    why.call = "dlopen";
    why.text = "this system has no deep binding";
  }
#endif
  static_cast<void>(why);
  return mode;
}

std::string_view word_after(std::string_view text, std::string_view mark) noexcept {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + mark.size());
  return rest.substr(0, rest.find_first_of(" ,:(\n"));
}

// The loaders say in words what is missing; these are the words of glibc and musl.
void judge(std::string_view path, fault& why) {
  const std::string_view text = why.text;
  why.cause = errc::dlopen;
  if (const auto symbol = word_after(text, "undefined symbol: "); !symbol.empty()) {
    why.cause = errc::undefined_symbol;
    why.missing = symbol;
  } else if (text.find("static TLS") != std::string_view::npos) {
    why.cause = errc::static_tls_exhausted;
  } else if (text.find("cannot open shared object file: No such file") != std::string_view::npos) {
    const std::string_view library = text.substr(0, text.find(": "));
    why.cause = library == path ? errc::file_not_found : errc::missing_dependency;
    if (library != path) why.missing = library;
  } else if (const auto needed = word_after(text, "Error loading shared library "); !needed.empty()) {
    why.cause = needed == path ? errc::file_not_found : errc::missing_dependency;
    if (needed != path) why.missing = needed;
  } else if (const auto unresolved = word_after(text, "Error relocating "); !unresolved.empty()) {
    const auto name = word_after(text, ": ");
    why.cause = errc::undefined_symbol;
    why.missing = name;
  }
}

// What dlerror said, or that it said nothing.
void take_dlerror(fault& why, const char* call, errc unknown) {
  const char* const text = ::dlerror();
  why.call = call;
  why.cause = unknown;
  if (text != nullptr) why.text = text;
}

// dlopen and dlclose are declared noexcept, but run the code of others; called through pointers that may
// throw. volatile: else the compiler sees through them, believes the declarations and leaves out the
// handlers.
void* (*volatile const open_throwing)(const char*, int) = ::dlopen;
int (*volatile const close_throwing)(void*) = ::dlclose;

// Calls the loader; if module code throws through it, says so in `why`, and the result is `otherwise`.
template <class Result, class Call>
Result catching(Call&& call, Result otherwise, const char* name, errc cause, fault& why) {
  try {
    return call();
  } catch (const std::exception& thrown) {
    why.text = thrown.what();
  } catch (...) { // a foreign exception; a cancellation waits (fork_gate)
    why.text = "an exception that is not a std::exception";
  }
  why.cause = cause;
  why.call = name;
  why.blocks_loader = true;
  return otherwise;
}

} // namespace

void* open(const std::string& path, const open_options& options, fault& why) {
  const int mode = mode_of(options, why);
  if (why) return nullptr;
  const loader_order ordered;
  ::dlerror();
  void* const handle = catching<void*>([&] { return open_throwing(path.c_str(), mode); }, nullptr, "dlopen",
                                       errc::initializer_threw, why);
  if (handle != nullptr || why) return handle;
  take_dlerror(why, "dlopen", options.no_load ? errc::not_loaded : errc::dlopen_unknown);
  if (!options.no_load && !why.text.empty()) judge(path, why);
  return nullptr;
}

bool close(void* handle, fault& why) {
  const loader_order ordered;
  ::dlerror();
  const int refused =
      catching([&] { return close_throwing(handle); }, -1, "dlclose", errc::finalizer_threw, why);
  if (refused == 0) return true;
  if (why) return false;
  take_dlerror(why, "dlclose", errc::dlclose_unknown);
  if (!why.text.empty()) why.cause = errc::dlclose;
  return false;
}

void* symbol(void* handle, const char* name, bool& found, fault& why) {
  ::dlerror();
  void* const address = ::dlsym(handle, name);
  if (address == nullptr) take_dlerror(why, "dlsym", errc::symbol_not_found);
  found = address != nullptr || why.text.empty(); // a symbol whose value is null is one
  if (found) why = {};
  return address;
}

bool is_function(const void* address) noexcept {
#if defined(__GLIBC__)
  Dl_info info;
  const ElfW(Sym)* symbol = nullptr;
  if (::dladdr1(address, &info, reinterpret_cast<void**>(const_cast<ElfW(Sym)**>(&symbol)), RTLD_DL_SYMENT) == 0)
    return false;
  return symbol != nullptr && info.dli_saddr == address && (symbol->st_info & 0xf) == STT_FUNC;
#else
  static_cast<void>(address);
  return false;
#endif
}

// musl and the BSDs let go of their locks before they call an initialiser; of macOS it is not known.
bool loads_one_by_one() noexcept {
#if defined(__GLIBC__)
  return true;
#else
  return false;
#endif
}

void kick(const char* path) noexcept {
  const loader_order ordered;
  if (void* const handle = ::dlopen(path, RTLD_LAZY | RTLD_NOLOAD)) ::dlclose(handle);
}

namespace {

// Asked for once: a call of the system costs more than half of what a close asks besides. 0: not yet, or not in this
// process.
thread_local constinit std::uint64_t own_number = 0;

std::uint64_t ask_thread_number() noexcept {
#if defined(__linux__)
  return static_cast<std::uint64_t>(::syscall(SYS_gettid));
#elif defined(__APPLE__)
  std::uint64_t number = 0;
  ::pthread_threadid_np(nullptr, &number);
  return number;
#else
  return reinterpret_cast<std::uintptr_t>(::pthread_self());
#endif
}

} // namespace

std::uint64_t this_thread_number() noexcept {
  if (own_number == 0) own_number = ask_thread_number();
  return own_number;
}

void forget_thread_number() noexcept { own_number = 0; }

bool thread_has_ended(std::uint64_t number) noexcept {
#if defined(__linux__)
  const int kept_errno = errno;
  const auto thread = static_cast<pid_t>(number);
  const bool ended = is_exiting(thread_folder(), thread) || !is_alive(::getpid(), thread);
  errno = kept_errno;
  return ended;
#else
  static_cast<void>(number);
  return false;
#endif
}

time_point now() noexcept {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return time_point(std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec);
}

// --- the end of the process ---

namespace {
bool exiting =
    false; // set once, by the thread that runs the exit handlers; read by whoever still closes modules
void note_exit() noexcept {
  __atomic_store_n(&exiting, true, __ATOMIC_RELAXED); // relaxed: a hint; no memory hangs on it
}
} // namespace

void watch_exit() noexcept { std::atexit(note_exit); }
bool is_exiting() noexcept {
  return __atomic_load_n(&exiting, __ATOMIC_RELAXED) || runs_exit_handlers(); // relaxed: as note_exit
}

} // namespace tenure::inline v1::os
