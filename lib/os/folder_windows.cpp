#include "os/windows.hpp"

#include <memory>

namespace tenure::inline v1::os {
namespace {

struct close_search {
  using pointer = HANDLE;
  void operator()(HANDLE search) const noexcept { FindClose(search); }
};

} // namespace

bool list_folder(const std::string& folder, std::vector<std::string>& names, fault& why) {
  const quiet_errors quiet;
  WIN32_FIND_DATAW entry;
  const HANDLE begun = FindFirstFileW(system_path(join(folder, "*")).c_str(), &entry);
  if (begun == INVALID_HANDLE_VALUE) {
    const DWORD error = GetLastError();
    return refuse(why, cause_of(error, errc::file_unreadable), "FindFirstFileW", error, folder);
  }
  const std::unique_ptr<HANDLE, close_search> search(begun);
  do {
    const std::wstring_view name = entry.cFileName;
    if (name != L"." && name != L"..") names.push_back(narrow(name, strictness::lenient));
  } while (FindNextFileW(begun, &entry) != 0);
  const DWORD error = GetLastError();
  return error == ERROR_NO_MORE_FILES ||
         refuse(why, cause_of(error, errc::file_unreadable), "FindNextFileW", error, folder);
}

} // namespace tenure::inline v1::os
