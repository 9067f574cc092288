// The libraries that are installed here: none is refused, and none that was cut off passes.
#include "support/byte_writer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace image = tenure::image;
namespace fs = std::filesystem;
using tenure_test::file_bytes;

namespace {

file_bytes read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  file_bytes result;
  for (std::istreambuf_iterator<char> at(file), end; at != end; ++at)
    result.push_back(static_cast<std::byte>(*at));
  return result;
}

std::size_t read_stream(void* context, std::uint64_t offset, void* into, std::size_t count) noexcept {
  auto& file = *static_cast<std::ifstream*>(context);
  file.clear();
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(static_cast<char*>(into), static_cast<std::streamsize>(count));
  return static_cast<std::size_t>(file.gcount());
}

image::finding check_file(const fs::path& path, image::level depth) {
  std::ifstream file(path, std::ios::binary);
  std::error_code ignored;
  return image::check({read_stream, &file, fs::file_size(path, ignored)}, depth);
}

// Regular files named *.so or *.so.*; symbolic links lead to others of them.
std::vector<fs::path> installed_libraries() {
  std::vector<fs::path> result;
  std::error_code ignored;
  const auto options = fs::directory_options::skip_permission_denied;
  for (const char* const folder : {"/usr/lib", "/usr/local/lib"})
    for (fs::recursive_directory_iterator at(folder, options, ignored), end; at != end;
         at.increment(ignored)) {
      const auto name = at->path().filename().string();
      if (name.find(".so") == name.npos || at->is_symlink(ignored) || !at->is_regular_file(ignored)) continue;
      result.push_back(at->path());
    }
  return result;
}

// Scripts, foreign machines and the like are rightly refused; damage there is none.
bool is_damage(const image::finding& fault) { return fault.what >= image::cause::truncated; }

} // namespace

TEST_SUITE_BEGIN("image: installed libraries");

TEST_CASE("no installed library is called damaged, at either level") {
  const auto libraries = installed_libraries();
  if (libraries.empty()) MESSAGE("skipped: no libraries under /usr/lib");
  std::size_t passed = 0;
  for (const auto& path : libraries)
    for (const auto depth : {image::level::headers, image::level::tables}) {
      const auto fault = check_file(path, depth);
      CHECK_MESSAGE(!is_damage(fault), path << ": " << image::describe(fault));
      passed += !fault;
    }
  MESSAGE("" << passed / 2 << " of " << libraries.size() << " files are libraries for this process");
}

TEST_CASE("a real library that was cut off at any byte is refused") {
  std::size_t tried = 0;
  for (const auto& path : installed_libraries()) {
    std::error_code ignored;
    constexpr std::uintmax_t small = 20'000; // every byte of three such takes a moment
    if (tried == 3 || fs::file_size(path, ignored) > small || check_file(path, image::level::tables))
      continue;
    ++tried;
    const auto whole = read_file(path);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      std::span<const std::byte> cut(whole.data(), size);
      REQUIRE_MESSAGE(image::check(image::source_of(cut)), path << " at byte " << size);
    }
  }
  if (tried == 0) MESSAGE("skipped: no small library for this process under /usr/lib");
}

TEST_CASE("the report on an installed library agrees with the check") {
  std::size_t seen = 0;
  for (const auto& path : installed_libraries()) {
    if (++seen % 20 != 0 || check_file(path, image::level::tables)) continue;
    const auto whole = read_file(path);
    const auto report = image::read_facts(whole);
    CHECK_MESSAGE(report.findings.empty(), path);
    CHECK_MESSAGE(!report.exports.empty() + !report.imports.empty() > 0, path);
  }
}

TEST_SUITE_END();
