// What a library's own list of folders means, and that a list without end costs nothing.
#include "cli/run_folders.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <string>

namespace {

using tenure::cli::expand_folders;
using tenure::cli::run_context;

std::vector<std::string> paths_of(const std::vector<std::string>& lists, const run_context& who) {
  std::vector<std::string> paths;
  for (auto& each : expand_folders(lists, who)) paths.push_back(each.path);
  return paths;
}

std::string made(const std::string& path) {
  std::filesystem::create_directories(path);
  return path;
}

} // namespace

TEST_CASE("tokens are replaced, and folders that are not there are left out") {
  const auto here = std::filesystem::temp_directory_path() /
                    ("tenure-folders-" + std::to_string(std::hash<std::string>()(__FILE__)));
  const std::string at = here.string();
  std::filesystem::remove_all(here);
  const run_context who{at, "AArch64", true, false};
  const auto next = made(at + "/next"), triplet = made(at + "/lib/aarch64-linux-gnu"),
             platform = made(at + "/x/aarch64");
  CHECK(paths_of({"$ORIGIN/next:/nowhere:${ORIGIN}/none"}, who) == std::vector<std::string>{next});
  CHECK(paths_of({"$ORIGIN/$LIB"}, who) == std::vector<std::string>{triplet, at + "/lib"});
  CHECK(paths_of({"$ORIGIN/x/${PLATFORM}"}, who) == std::vector<std::string>{platform});
  CHECK(expand_folders({"$ORIGIN/$LIB"}, who).at(0).as_written == "$ORIGIN/$LIB");
  std::filesystem::remove_all(here);
}

TEST_CASE("of a list without end no more is kept than anybody has") {
  std::string nowhere, somewhere;
  for (int i = 0; i != 20'000; ++i) nowhere += "/nowhere/" + std::to_string(i) + ':', somewhere += "/:";
  CHECK(expand_folders({nowhere}, {}).empty());
  CHECK(expand_folders({somewhere}, {}).size() <= 1000);
  CHECK(expand_folders({std::string("/\0/x", 4)}, {}).empty());
}
