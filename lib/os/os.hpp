// The port's contract: all that the library asks of an operating system. One file per system implements it
// (posix.cpp, windows.cpp, none.cpp), with equal function names.
//
// For every function: paths are absolute unless said otherwise, in the library's own form (bytes on POSIX,
// UTF-8 on Windows), without NUL inside. Failure is reported in `fault`, which is left alone on success.
// Nothing here takes a lock of ours, so module code (initialisers, finalisers) may run in open and close.
// std::bad_alloc may leave any function that is not noexcept; nothing else does, except what an initialiser
// or finaliser throws (open, close).
#ifndef TENURE_LIB_OS_OS_HPP
#define TENURE_LIB_OS_OS_HPP

#include "os/mapped_image.hpp"

#include <tenure/failure.hpp>
#include <tenure/options.hpp>
#include <tenure/path.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenure::inline v1::os {

// Why a call of the port failed.
struct fault {
  errc cause = errc::ok;
  const char* call = ""; // the system's call, by its name
  int code = 0;          // errno, or GetLastError()
  std::string text;      // the system's words
  std::string missing;   // the dependency or symbol that the system named
  std::string explanation; // in our words
  bool blocks_loader = false; // an exception went through the loader, which keeps its lock for this thread for ever
  explicit operator bool() const noexcept { return cause != errc::ok; }
};

// Which file it is, however it is named: two paths with equal volume and number are one file.
struct file_identity {
  std::uint64_t volume = 0;
  std::uint64_t number = 0;
  friend bool operator==(const file_identity&, const file_identity&) = default;
};

// A regular file, open for reading; closed with the object. Opening never blocks, not even on a FIFO.
class file {
public:
  file() noexcept = default;
  file(const file&) = delete;
  file& operator=(const file&) = delete;
  ~file() { close(); }

  // Opens `path`. Errors: file_not_found, permission_denied, not_a_regular_file, file_unreadable.
  bool open(const std::string& path, fault& why);
  void close() noexcept;
  // Reads up to `size` bytes at `offset`; the number read, or -1.
  [[nodiscard]] std::ptrdiff_t read_at(std::uint64_t offset, void* buffer, std::size_t size) const noexcept;
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] const file_identity& identity() const noexcept { return identity_; }

private:
  std::intptr_t handle_ = -1;
  std::uint64_t size_ = 0;
  file_identity identity_;
};

// A path in the library's form. Errors: path_empty, path_contains_nul, path_too_long, path_not_utf8.
std::string to_internal(path_view path, fault& why);
// True if the name alone says which folder it means, now and later (starts at a root).
[[nodiscard]] bool is_absolute(std::string_view path) noexcept;
// True if the path names a folder: "plugins/flac", "./flac", not "flac".
[[nodiscard]] bool has_folder(std::string_view path) noexcept;
// The same file from the root on, without "." and without resolving links; `path` may be relative.
std::string make_absolute(const std::string& path, fault& why);
std::string join(std::string_view folder, std::string_view name);
// The same file under another spelling, different for each `attempt` from 1: the loaders compare names before
// files.
std::string respell(const std::string& path, unsigned attempt);
// The file names to try for a bare name, best first; the name itself is among them if it looks decorated
// already.
std::vector<std::string> decorate(std::string_view name);
// The folders in which the loader looks for a bare name before it comes to its own: those of the environment
// and of the program. None where it does not say. In this thread's turn, as open().
std::vector<std::string> loader_path();
// Which file `path` leads to, links followed; regular files only. Errors: as file::open.
bool identify(const std::string& path, file_identity& out, fault& why);
// True if another regular file than `known` stands there by now; a file that is gone, or cannot be looked at, was not
// replaced. Allocates nothing on POSIX; may throw std::bad_alloc elsewhere.
[[nodiscard]] bool was_replaced(const char* path, const file_identity& known);
// Appends the names of all that lies in a folder, but for "." and "..", in any order. Errors: file_not_found,
// permission_denied, file_unreadable, out_of_memory.
bool list_folder(const std::string& folder, std::vector<std::string>& names, fault& why);

// Loads a module, or counts one more reference of the system's on it. `path` may be a bare name: then the
// system looks for it its own way. With no_load: only if it is loaded, else null and errc::not_loaded.
// Errors: missing_dependency, undefined_symbol, static_tls_exhausted, initializer_threw, dlopen, dlopen_unknown,
// unsupported.
void* open(const std::string& path, const open_options& options, fault& why);
// Drops one reference of the system's. Errors: dlclose, dlclose_unknown, finalizer_threw.
bool close(void* handle, fault& why);
// The address of a symbol of this very module (and, as the system does it, its dependencies). A symbol may be
// null by value; `found` tells. Errors: symbol_not_found.
void* symbol(void* handle, const char* name, bool& found, fault& why);

// True if `address` is where a function begins, by the module's own symbol table. False also where that cannot be told.
[[nodiscard]] bool is_function(const void* address) noexcept;

// Where the module lies and under which path the system knows it. False if the handle is not one of the
// system's, which can only be told for `foreign` ones, at the price of a search: pre: else open() gave it.
bool describe(void* handle, mapped_image& image, std::string& path, bool foreign = false);
// A reference of the system's to the module that contains `address`, or null.
void* handle_of_address(const void* address, fault& why);
// True while the very module that was at `image` under `path` is still mapped. Allocates nothing.
[[nodiscard]] bool is_mapped(const mapped_image& image, const char* path) noexcept;

// True if the loader lets one thread at a time run initialisers and finalisers, and all others wait meanwhile, whatever they
// want of it.
[[nodiscard]] bool loads_one_by_one() noexcept;

// Makes the system finish unloads that it has postponed, by giving it the lingering module at `path` to close
// once more. Does nothing if that module is gone.
void kick(const char* path) noexcept;

// The calling thread as the system numbers it, never 0, and whether the thread of that number has ended. A number that
// is in use again, or a system that does not say, reads as a thread that lives.
[[nodiscard]] std::uint64_t this_thread_number() noexcept;
// In a child of fork(): the thread has another one there. POSIX alone.
void forget_thread_number() noexcept;
[[nodiscard]] bool thread_has_ended(std::uint64_t number) noexcept;

// Monotonic, in nanoseconds.
[[nodiscard]] time_point now() noexcept;

// True from the moment on that the process runs its exit handlers: nothing is unmapped then. watch_exit() is
// called at the first load of each registry, so that the handler runs before a manager that is a static
// object is destroyed (handlers and destructors run in the reverse order of their registration). Not at each
// load: every call may cost memory that is never given back. A static object that an open has made is
// destroyed before the handler runs; by which functions the calling thread is in it is found out on POSIX.
// Not by Windows' runtimes: there it closes.
void watch_exit() noexcept;
[[nodiscard]] bool is_exiting() noexcept;

} // namespace tenure::inline v1::os

#endif
