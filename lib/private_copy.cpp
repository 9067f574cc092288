#include "private_copy.hpp"

#include "utf8_path.hpp"

#include <tenure/detail/count.hpp>

#include <fmt/core.h>

#include <system_error>

namespace tenure::inline v1::detail {
namespace {

namespace fs = std::filesystem;

constexpr int attempts = 100; // names that other processes, or an earlier one that died, have taken

constinit std::uint32_t copies = 0; // of this process, to name them apart

// Its name keeps the file's, for whoever reads a list of mappings.
fs::path name_of_copy(const fs::path& file) {
  fs::path name = file.filename();
  name += fmt::format(".{}-{}.tenure", os::this_thread_number(), take_number(copies));
  return name;
}

} // namespace

void private_copy::discard() const noexcept {
  std::error_code ignored; // it is loaded still, or was not even begun
  if (!place_.empty()) fs::remove(place_, ignored);
}

bool private_copy::copy_into(const fs::path& folder, const fs::path& file, std::error_code& error) {
  for (int i = 0; i != attempts; ++i) {
    fs::path copy = folder / name_of_copy(file);
    const bool made = fs::copy_file(file, copy, error);
    if (!made && error == std::errc::file_exists) continue;
    place_ = std::move(copy); // also of one that was begun, for which the disk had no room
    return made;
  }
  return false;
}

bool private_copy::make(const std::string& path, os::fault& why) {
  const fs::path file = path_of_utf8(path);
  std::error_code error;
  bool made = copy_into(file.parent_path(), file, error);
  if (!made) {
    std::error_code ignored; // the first refusal tells more
    const fs::path elsewhere = fs::temp_directory_path(ignored);
    if (!ignored) {
      discard();
      made = copy_into(elsewhere, file, error);
    }
  }
  if (made) {
    path_ = utf8_of(place_);
    return true;
  }
  why.cause = errc::private_copy_failed;
  why.call = "copy_file";
  why.code = error.value();
  why.text = error.message();
  return false;
}

void discard_private_copy(const std::string& copy) noexcept {
  std::error_code ignored; // it is loaded still, or gone already
  try {
    fs::remove(path_of_utf8(copy), ignored);
  } catch (const std::bad_alloc&) {
    // no memory for its name: a file is left behind, and no module
  }
}

} // namespace tenure::inline v1::detail
