#include "run_folders.hpp"

#include "os/processor.hpp"
#include "utf8_path.hpp"

#include <array>
#include <filesystem>

namespace tenure::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_folders = 1000; // that exist; real lists have a few

bool is_folder(const std::string& path) {
  std::error_code none;
  return path.find('\0') == path.npos && fs::is_directory(detail::path_of_utf8(path), none);
}

// "$LIB", "${LIB}". A loader knows one value; which one depends on how it was built, so that any may be
// meant.
std::vector<std::string> with_token(const std::string& path, const std::string& name,
                                    const std::vector<std::string>& values) {
  const std::array<std::string, 2> spellings{"$" + name, "${" + name + "}"};
  std::vector<std::string> result;
  for (const auto& value : values) {
    result.push_back(replaced(replaced(path, spellings[1], value), spellings[0], value));
    if (result.back() == path) break; // it has no such token
  }
  return result;
}

std::vector<std::string> library_folders(const run_context& who) {
  std::vector<std::string> names;
  if (const auto triplet = triplet_of(who.machine); !triplet.empty())
    names.push_back("lib/" + std::string(triplet));
  if (who.wide) names.emplace_back("lib64");
  names.emplace_back("lib");
  return names;
}

std::vector<std::string> platforms(const run_context& who) {
  const auto triplet = triplet_of(who.machine);
  std::vector<std::string> names{std::string(triplet.substr(0, triplet.find('-')))};
  if (who.machine == "x86-64") names.insert(names.end(), {"haswell", "xeon_phi"}); // glibc before 2.37
  return names;
}

} // namespace

std::string replaced(std::string text, std::string_view token, const std::string& by) {
  for (auto at = text.find(token); at != text.npos; at = text.find(token, at + by.size()))
    text.replace(at, token.size(), by);
  return text;
}

std::string_view triplet_of(std::string_view machine) noexcept {
  struct triplet {
    std::string_view machine, name;
  };
  constexpr std::array<triplet, 8> triplets{{{"x86-64", "x86_64-linux-gnu"},
                                             {"x86", "i386-linux-gnu"},
                                             {"AArch64", "aarch64-linux-gnu"},
                                             {"ARM", "arm-linux-gnueabihf"},
                                             {"RISC-V", "riscv64-linux-gnu"},
                                             {"S/390", "s390x-linux-gnu"},
                                             {"PowerPC64", "powerpc64le-linux-gnu"},
                                             {"LoongArch", "loongarch64-linux-gnu"}}};
  for (const auto& each : triplets)
    if (each.machine == machine) return each.name;
  return {};
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = text.find(separator);
    if (const auto part = text.substr(0, end); !part.empty()) parts.emplace_back(part);
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
  }
  return parts;
}

std::string with_origin(std::string path, const std::string& origin) {
  return replaced(replaced(std::move(path), "${ORIGIN}", origin), "$ORIGIN", origin);
}

std::vector<std::string> with_processor_folders(const std::string& folder) {
  std::vector<std::string> result;
  if (const auto all = folder + "/glibc-hwcaps"; is_folder(all))
    for (const auto& each : processor_levels())
      if (is_folder(all + '/' + each)) result.push_back(all + '/' + each);
  result.push_back(folder);
  return result;
}

std::vector<run_folder> expand_folders(const std::vector<std::string>& lists, const run_context& who) {
  std::vector<run_folder> result;
  for (const auto& list : lists)
    for (const auto& written : split(list, ':'))
      for (const auto& one : with_token(with_origin(written, who.origin), "LIB", library_folders(who)))
        for (const auto& path : with_token(one, "PLATFORM", platforms(who))) {
          if (result.size() >= most_folders) return result;
          if (!is_folder(path)) continue;
          if (!who.native) result.push_back({path, written});
          if (who.native)
            for (auto& each : with_processor_folders(path)) result.push_back({std::move(each), written});
        }
  return result;
}

} // namespace tenure::cli
