// What the files of the Windows port share: text in both encodings, the system's words, no dialogs.
#ifndef TENURE_LIB_OS_WINDOWS_HPP
#define TENURE_LIB_OS_WINDOWS_HPP

#include "os/os.hpp"

#include <string>
#include <string_view>

#include <windows.h>

namespace tenure::inline v1::os {

inline constexpr std::size_t longest_path = 32766; // UTF-16 units; a UNICODE_STRING holds no more

// Whether text that is not Unicode is refused (the result is empty) or gets U+FFFD in its place, for
// messages.
enum class strictness { strict, lenient };

std::wstring widen(std::string_view utf8, strictness how = strictness::strict);
std::string narrow(std::wstring_view utf16, strictness how = strictness::strict);

// A path as the system's calls take it: backslashes only, and with the prefix \\?\ once it is too long to go
// without.
std::wstring system_path(const std::string& path);

// The same file without the prefix \\?\, by its folder's 8.3 name; `path` itself where that is not to be had.
std::wstring without_prefix(const std::wstring& path);

// The path of a loaded module as the loader knows it; empty if it is none.
std::wstring path_of(HMODULE module);

// The cause that a system's error number means for a file; `otherwise` if it means none.
errc cause_of(DWORD error, errc otherwise) noexcept;

// Fills `why` with the call, its number and the system's words, in which %1 stands for `subject`. Always
// false.
bool refuse(fault& why, errc cause, const char* call, DWORD error, std::string_view subject = {});

// For one scope and thread: no dialog about a missing disk or DLL, an error number instead.
class quiet_errors {
public:
  quiet_errors() noexcept { SetThreadErrorMode(SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX, &before_); }
  quiet_errors(const quiet_errors&) = delete;
  quiet_errors& operator=(const quiet_errors&) = delete;
  ~quiet_errors() { SetThreadErrorMode(before_, nullptr); }

private:
  DWORD before_ = 0;
};

// Calls `fill(buffer, size)` with ever more room. It answers with the length, with `size` or more if that was
// too little, or with 0 if it failed; then the result is empty.
template <class Fill> std::wstring grow(Fill&& fill) {
  std::wstring text(MAX_PATH, L'\0');
  for (;;) {
    const auto size = static_cast<DWORD>(text.size());
    const DWORD length = fill(text.data(), size);
    if (length < size || size > 2 * longest_path) {
      text.resize(length < size ? length : 0);
      return text;
    }
    text.resize(length > size ? length + 1 : 2 * text.size());
  }
}

} // namespace tenure::inline v1::os

#endif
