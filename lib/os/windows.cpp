// The port for Windows: the wide calls only, on Windows 8 and newer (or 7 with KB2533623, for the
// LOAD_LIBRARY_SEARCH flags). Run under Wine 8; where Windows is known to differ, a function below says how.
#include "os/windows.hpp"

#include "os/ntdll.hpp"
#include "os/windows_search.hpp"

#include <algorithm>
#include <cstdlib>

namespace tenure::inline v1::os {

// --- the system's words ---

namespace {

bool ends_loosely(const std::string& text) noexcept {
  return !text.empty() && (text.back() == '.' || static_cast<unsigned char>(text.back()) <= ' ');
}

// One sentence in the user's language, without its full stop; empty if the system has no words for it.
std::string system_words(DWORD error, std::string_view subject) {
  constexpr DWORD most = 512; // UTF-16 units; the longest of these messages has about 300
  wchar_t buffer[most];
  const DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
                                          FORMAT_MESSAGE_MAX_WIDTH_MASK,
                                      nullptr, error, 0, buffer, most, nullptr);
  std::string text = narrow({buffer, length}, strictness::lenient);
  while (ends_loosely(text)) text.pop_back();
  if (const std::size_t insert = text.find("%1"); insert != std::string::npos && !subject.empty())
    text.replace(insert, 2, subject);
  return text;
}

} // namespace

errc cause_of(DWORD error, errc otherwise) noexcept {
  switch (error) {
  case ERROR_FILE_NOT_FOUND:
  case ERROR_PATH_NOT_FOUND:
  case ERROR_INVALID_DRIVE:
  case ERROR_INVALID_NAME: // a character that no file's name has
  case ERROR_BAD_PATHNAME:
  case ERROR_BAD_NETPATH:
  case ERROR_BAD_NET_NAME:
    return errc::file_not_found;
  case ERROR_ACCESS_DENIED:
    return errc::permission_denied;
  case ERROR_FILENAME_EXCED_RANGE:
    return errc::path_too_long;
  case ERROR_NOT_ENOUGH_MEMORY:
  case ERROR_OUTOFMEMORY:
  case ERROR_COMMITMENT_LIMIT:
    return errc::out_of_memory;
  default:
    return otherwise;
  }
}

bool refuse(fault& why, errc cause, const char* call, DWORD error, std::string_view subject) {
  why.cause = cause;
  why.call = call;
  why.code = static_cast<int>(error);
  why.text = error == 0 ? std::string() : system_words(error, subject);
  return false;
}

// --- files ---

namespace {

// A handle that is closed with its scope.
class scoped_handle {
public:
  explicit scoped_handle(HANDLE handle) noexcept
      : handle_(handle) {}
  scoped_handle(const scoped_handle&) = delete;
  scoped_handle& operator=(const scoped_handle&) = delete;
  ~scoped_handle() {
    if (handle_ != INVALID_HANDLE_VALUE) CloseHandle(handle_);
  }
  [[nodiscard]] HANDLE get() const noexcept { return handle_; }

private:
  HANDLE handle_;
};

// Backup semantics open folders too, so that they are told from files that may not be read. A pipe's server
// may not act for us.
HANDLE open_handle(const std::string& path, DWORD access, fault& why) {
  const quiet_errors quiet;
  const HANDLE handle = CreateFileW(
      system_path(path).c_str(), access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
      OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS, nullptr);
  if (handle != INVALID_HANDLE_VALUE) return handle;
  const DWORD error = GetLastError();
  refuse(why, cause_of(error, errc::file_unreadable), "CreateFileW", error, path);
  return handle;
}

bool look_at_regular(HANDLE handle, BY_HANDLE_FILE_INFORMATION& info, fault& why) noexcept {
  const bool regular = GetFileType(handle) == FILE_TYPE_DISK &&
                       GetFileInformationByHandle(handle, &info) != 0 &&
                       (info.dwFileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_DEVICE)) == 0;
  if (!regular) why.cause = errc::not_a_regular_file;
  return regular;
}

constexpr std::uint64_t both(DWORD high, DWORD low) noexcept { return std::uint64_t{high} << 32 | low; }

// ReFS has numbers of 128 bits; these are the 64 that every file system has.
file_identity identity_of(const BY_HANDLE_FILE_INFORMATION& info) noexcept {
  return {info.dwVolumeSerialNumber, both(info.nFileIndexHigh, info.nFileIndexLow)};
}

HANDLE as_handle(std::intptr_t value) noexcept { return reinterpret_cast<HANDLE>(value); }

} // namespace

bool file::open(const std::string& path, fault& why) {
  close();
  const HANDLE handle = open_handle(path, GENERIC_READ, why);
  if (handle == INVALID_HANDLE_VALUE) return false;
  handle_ = reinterpret_cast<std::intptr_t>(handle);
  BY_HANDLE_FILE_INFORMATION info;
  if (!look_at_regular(handle, info, why)) return false;
  size_ = both(info.nFileSizeHigh, info.nFileSizeLow);
  identity_ = identity_of(info);
  return true;
}

void file::close() noexcept {
  if (handle_ != -1) CloseHandle(as_handle(handle_)); // INVALID_HANDLE_VALUE is -1
  handle_ = -1;
}

std::ptrdiff_t file::read_at(std::uint64_t offset, void* buffer, std::size_t size) const noexcept {
  constexpr std::size_t most = std::size_t{1} << 30; // bytes of one call, whose count has 32 bits
  std::size_t done = 0;
  while (done != size) {
    OVERLAPPED at{};
    at.Offset = static_cast<DWORD>(offset + done);
    at.OffsetHigh = static_cast<DWORD>((offset + done) >> 32);
    DWORD n = 0;
    const auto wanted = static_cast<DWORD>(std::min(size - done, most));
    if (ReadFile(as_handle(handle_), static_cast<char*>(buffer) + done, wanted, &n, &at) == 0)
      return GetLastError() == ERROR_HANDLE_EOF ? static_cast<std::ptrdiff_t>(done) : -1;
    if (n == 0) break;
    done += n;
  }
  return static_cast<std::ptrdiff_t>(done);
}

bool identify(const std::string& path, file_identity& out, fault& why) {
  const scoped_handle handle(open_handle(path, FILE_READ_ATTRIBUTES, why));
  BY_HANDLE_FILE_INFORMATION info;
  if (handle.get() == INVALID_HANDLE_VALUE || !look_at_regular(handle.get(), info, why)) return false;
  out = identity_of(info);
  return true;
}

bool was_replaced(const char* path, const file_identity& known) {
  file_identity now;
  fault ignored;
  return identify(path, now, ignored) && !(now == known);
}

// --- the loader ---

namespace {

// The safe search, also for dependencies: the module's own folder, the program's, the system's, and those
// given to AddDllDirectory; never the current folder, never PATH. The legacy one is for a module with a path:
// its dependencies are then also looked for in the current folder and in PATH, as Windows did it in the old
// days.
DWORD search_of(const std::string& path, const open_options& options) noexcept {
  if (!is_absolute(path)) return LOAD_LIBRARY_SEARCH_DEFAULT_DIRS;
  if (options.legacy_search) return LOAD_WITH_ALTERED_SEARCH_PATH;
  return LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS;
}

// Windows' loader tells which file it was only to a debugger, so we look again, as it did.
void name_culprit(const std::string& path, const open_options& options, fault& why) {
  const dependency_search search(path, options.legacy_search);
  if (why.code == ERROR_MOD_NOT_FOUND && !search.module_found()) why.cause = errc::file_not_found;
  if (why.cause == errc::missing_dependency) why.missing = search.absent_library();
  if (why.cause == errc::foreign_machine) why.missing = search.foreign_library();
  if (why.cause == errc::undefined_symbol) why.missing = search.undefined_symbol();
}

errc loader_cause(DWORD error) noexcept {
  switch (error) {
  case ERROR_SUCCESS:
    return errc::dlopen_unknown;
  case ERROR_MOD_NOT_FOUND:
    return errc::missing_dependency;
  case ERROR_PROC_NOT_FOUND:
  case ERROR_INVALID_ORDINAL:
    return errc::undefined_symbol;
  case ERROR_BAD_EXE_FORMAT: // the file itself was looked at before: it is mostly a dependency
  case ERROR_EXE_MACHINE_TYPE_MISMATCH:
    return errc::foreign_machine;
  case ERROR_DLL_INIT_FAILED: // its DllMain returned FALSE, or one of a dependency did
    return errc::refused_by_module;
  case 0x20474343: // an exception of GCC's or, below, of MSVC's has left the initialiser; its words are lost
  case 0xE06D7363:
    return errc::initializer_threw;
  default:
    return cause_of(error, errc::dlopen);
  }
}

// The loader appends ".dll" to a name that has no extension, unless it ends in a dot. Wine takes the dot for
// a part of the name where the path has the prefix \\?\.
std::wstring loader_name(const std::string& path) {
  const std::wstring name = system_path(path);
  const std::size_t begin = name.find_last_of(L'\\') + 1; // 0 if there is none
  return name.find(L'.', begin) == std::wstring::npos ? without_prefix(name) + L'.' : name;
}

void* open_loaded(const std::wstring& name, fault& why) {
  HMODULE module = nullptr;
  if (GetModuleHandleExW(0, name.c_str(), &module) != 0) return module;
  refuse(why, errc::not_loaded, "GetModuleHandleExW", GetLastError());
  return nullptr;
}

} // namespace

// `lazy` and `global` mean nothing here: the loader always binds at once, and by library and symbol. With
// no_load the loader looks by name only: a module that is loaded under another name of its file is not found.
void* open(const std::string& path, const open_options& options, fault& why) {
  const std::wstring name = loader_name(path);
  if (options.deep_bind) {
    refuse(why, errc::unsupported, "LoadLibraryExW", 0);
    why.text = "Windows always binds to the library that was named at link time";
    return nullptr;
  }
  if (options.no_load) return open_loaded(name, why);
  const quiet_errors quiet;
  if (const HMODULE module = LoadLibraryExW(name.c_str(), nullptr, search_of(path, options))) return module;
  const DWORD error = GetLastError();
  refuse(why, loader_cause(error), "LoadLibraryExW", error, path);
  name_culprit(path, options, why);
  return nullptr;
}

bool close(void* handle, fault& why) {
  if (FreeLibrary(static_cast<HMODULE>(handle)) != 0) return true;
  const DWORD error = GetLastError();
  return refuse(why, error == 0 ? errc::dlclose_unknown : errc::dlclose, "FreeLibrary", error);
}

void* symbol(void* handle, const char* name, bool& found, fault& why) {
  void* const address = reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(handle), name));
  found = address != nullptr; // an export at address 0 does not exist here
  if (!found) refuse(why, errc::symbol_not_found, "GetProcAddress", GetLastError());
  return address;
}

bool is_function(const void*) noexcept { return false; } // an export says nothing of its kind

// Nothing is ever postponed until the next call: what a thread_local holds goes when its thread ends.
bool loads_one_by_one() noexcept { return true; }
void kick(const char*) noexcept {}

std::uint64_t this_thread_number() noexcept { return GetCurrentThreadId(); }

bool thread_has_ended(std::uint64_t number) noexcept {
  const HANDLE thread = OpenThread(SYNCHRONIZE, FALSE, static_cast<DWORD>(number));
  if (thread == nullptr) return GetLastError() == ERROR_INVALID_PARAMETER; // no thread has that number
  const bool ended = WaitForSingleObject(thread, 0) == WAIT_OBJECT_0;
  CloseHandle(thread);
  return ended;
}

time_point now() noexcept {
  LARGE_INTEGER ticks, per_second; // neither call fails since Windows XP
  QueryPerformanceCounter(&ticks);
  QueryPerformanceFrequency(&per_second);
  constexpr std::int64_t second = 1'000'000'000;
  const std::int64_t whole = ticks.QuadPart / per_second.QuadPart;
  const std::int64_t rest = ticks.QuadPart % per_second.QuadPart;
  return time_point(whole * second + rest * second / per_second.QuadPart);
}

// --- the end of the process ---

namespace {

bool exiting = false; // set once, by the thread that runs the exit handlers; read by whoever closes modules

void note_exit() noexcept {
  __atomic_store_n(&exiting, true, __ATOMIC_RELAXED); // relaxed: a hint; no memory hangs on it
}

// True once ExitProcess has stopped all other threads. Exported since Windows XP, not documented; without it
// only the exit handler tells.
bool system_is_exiting() noexcept {
  const auto ask = system_function<BOOLEAN NTAPI()>("RtlDllShutdownInProgress");
  return ask != nullptr && ask() != 0;
}

} // namespace

// In a DLL the exit handlers run when the DLL is unloaded or, at the end of the process, after those of the
// program: a manager that is a static object of the program and uses Tenure as a DLL closes before that.
void watch_exit() noexcept { std::atexit(note_exit); }

bool is_exiting() noexcept {
  return __atomic_load_n(&exiting, __ATOMIC_RELAXED) || system_is_exiting(); // relaxed: as note_exit
}

} // namespace tenure::inline v1::os
