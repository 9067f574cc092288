// A module's file, cut off or changed in every way: an open must not die of it.
#include "case.hpp"

#include <csignal>
#include <fstream>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

namespace misuse {
namespace {

// Whether a child that opens and closes the file comes to its end; what it opens need not work.
template <class Way> bool opens_or_refuses(Way& way, const std::string& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(2);
    try {
      open_and_close(way, path);
    } catch (const tenure::error&) {
    } catch (const refused&) {
    }
    ::_exit(0);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

template <class Way>
verdict open_variants(Way& way, int count, void (*damage)(std::string& bytes, int which)) {
  std::ifstream in(way.file("plain"), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  way.distrust_files();
  int deaths = 0;
  for (int i = 0; i != count; ++i) {
    std::string bytes = whole;
    damage(bytes, i);
    const std::string path = way.scratch("libdamaged" + std::to_string(i) + ".so");
    std::ofstream(path, std::ios::binary) << bytes;
    if (!opens_or_refuses(way, path)) ++deaths;
    std::filesystem::remove(path);
  }
  const std::string message = std::to_string(deaths) + " of " + std::to_string(count) + " die";
  return {deaths == 0 ? fate::survives : fate::dies, message};
}

void flip(std::string& bytes, int seed, int count, std::size_t within) {
  std::mt19937 random(static_cast<unsigned>(seed));
  for (int i = 0; i != count; ++i) {
    char& byte = bytes[random() % std::min(within, bytes.size())];
    byte = static_cast<char>(byte ^ static_cast<char>(1 + random() % 255));
  }
}

constexpr auto truncated = [](auto& way) {
  return open_variants(way, static_cast<int>(std::filesystem::file_size(way.file("plain")) / 512),
                       [](std::string& bytes, int i) { bytes.resize(static_cast<std::size_t>(i) * 512); });
};
constexpr auto one_byte = [](auto& way) {
  return open_variants(way, 200, [](std::string& bytes, int seed) { flip(bytes, seed, 1, bytes.size()); });
};
constexpr auto many_bytes = [](auto& way) {
  return open_variants(way, 200, [](std::string& bytes, int seed) { flip(bytes, seed, 16, bytes.size()); });
};
constexpr auto headers = [](auto& way) {
  return open_variants(way, 200, [](std::string& bytes, int seed) { flip(bytes, seed, 4, 2048); });
};
constexpr auto zeroed_page = [](auto& way) {
  return open_variants(way, static_cast<int>(std::filesystem::file_size(way.file("plain")) / 4096),
                       [](std::string& bytes, int i) {
                         bytes.replace(static_cast<std::size_t>(i) * 4096, 4096, std::string(4096, '\0'));
                       });
};

} // namespace

case_table damage_cases() {
  // Which bytes matter to the loader is another matter for each compiler and each length of the checkout's
  // path.
  const expectation summed = known_gap_by_luck(
      "a checksum that was recorded at installation, or a trial in a child process", survives());
  return {
      {"c30", "a module cut off at every 512 bytes", truncated, survives()},
      {"c31", "200 modules with one byte changed", one_byte, if_strict(survives(), summed)},
      {"c32", "200 modules with sixteen bytes changed", many_bytes, if_strict(survives(), summed)},
      {"c33", "200 modules with four bytes of the headers changed", headers, if_strict(survives(), summed)},
      {"c34", "a module with one page of zeros, each in turn", zeroed_page, if_strict(survives(), summed)},
  };
}

} // namespace misuse
