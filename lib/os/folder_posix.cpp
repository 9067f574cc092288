// What lies in a folder, on POSIX systems. Not by std::filesystem, whose iterator ends the process where
// memory is refused (libstdc++ 12).
#include "os/os.hpp"
#include "os/posix_fault.hpp"

#include <cerrno>
#include <dirent.h>
#include <memory>

namespace tenure::inline v1::os {
namespace {

struct close_folder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

} // namespace

bool list_folder(const std::string& folder, std::vector<std::string>& names, fault& why) {
  const std::unique_ptr<DIR, close_folder> opened(::opendir(folder.c_str()));
  if (opened == nullptr) return refuse(why, cause_of(errno), "opendir", errno);
  for (;;) {
    errno = 0; // the end of the list is told like an error, but without one
    const dirent* const entry = ::readdir(opened.get());
    if (entry == nullptr) return errno == 0 || refuse(why, cause_of(errno), "readdir", errno);
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
}

} // namespace tenure::inline v1::os
