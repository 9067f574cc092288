// Experiment: damages real libraries at random, opens each in a child process, and counts the deaths that the
// image check would have prevented. Linux only, takes minutes, so it is run by hand:
//   image_damage SEEDS MODE FILE...   MODE: 1 | 4 | 16 (bytes in headers and tables), head (16 in the first 2
//   KiB),
//                                     cut (truncation at every STEP=SEEDS bytes)
// Oracle: of the files that pass, none should kill the loader. The last line gives the share of prevented
// deaths.
#include "image/image.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <map>
#include <random>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace image = tenure::image;

namespace {

using byte_vector = std::vector<std::byte>;
struct region {
  std::size_t begin, size;
  std::uint32_t kind; // section type; above those: the headers
};
constexpr std::uint32_t kind_header = 0x1000, kind_segments = 0x1001, kind_head = 0x1002;

byte_vector read_file(const char* path) {
  byte_vector result;
  if (FILE* file = std::fopen(path, "rb")) {
    std::byte piece[65536];
    while (const auto got = std::fread(piece, 1, sizeof piece, file))
      result.insert(result.end(), piece, piece + got);
    std::fclose(file);
  }
  return result;
}

bool is_table(const Elf64_Shdr& section) {
  static constexpr std::uint32_t types[] = {
      SHT_DYNAMIC,     SHT_DYNSYM, SHT_STRTAB, SHT_HASH,       SHT_GNU_HASH,   SHT_GNU_versym, SHT_GNU_verdef,
      SHT_GNU_verneed, SHT_RELA,   SHT_REL,    SHT_INIT_ARRAY, SHT_FINI_ARRAY, SHT_NOTE};
  return (section.sh_flags & SHF_ALLOC) != 0 &&
         std::find(std::begin(types), std::end(types), section.sh_type) != std::end(types);
}

std::vector<region> tables_of(const byte_vector& file) {
  Elf64_Ehdr head;
  std::memcpy(&head, file.data(), sizeof head);
  std::vector<region> result{{0, sizeof head, kind_header},
                             {head.e_phoff, head.e_phnum * sizeof(Elf64_Phdr), kind_segments}};
  for (unsigned i = 0; i < head.e_shnum; ++i) {
    Elf64_Shdr section;
    std::memcpy(&section, file.data() + head.e_shoff + i * sizeof section, sizeof section);
    if (is_table(section)) result.push_back({section.sh_offset, section.sh_size, section.sh_type});
  }
  return result;
}

// 0: alive; else the signal, or 256 + exit code
int open_in_child(const char* path) {
  const auto child = fork();
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(0);
    alarm(5);
    if (void* handle = dlopen(path, RTLD_NOW | RTLD_LOCAL)) dlclose(handle);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return WTERMSIG(status);
  return WEXITSTATUS(status) == 0 ? 0 : 256 + WEXITSTATUS(status);
}

image::finding check(const byte_vector& file, image::level depth) {
  std::span<const std::byte> view(file);
  return image::check(image::source_of(view), depth);
}

struct tally {
  long tried = 0, died = 0, died_headers = 0, died_tables = 0;
  std::map<std::uint32_t, long> survivors;
};

void write_file(const char* path, const byte_vector& file) {
  const int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  const auto written = write(descriptor, file.data(), file.size());
  if (written != static_cast<ssize_t>(file.size())) std::abort();
  close(descriptor);
}

void try_one(const byte_vector& damaged, const char* path, tally& sum, const std::vector<region>& where,
             const std::vector<std::pair<std::size_t, int>>& edits) {
  write_file(path, damaged);
  const int death = open_in_child(path);
  ++sum.tried;
  if (death == 0) return;
  ++sum.died;
  sum.died_headers += !check(damaged, image::level::headers);
  if (check(damaged, image::level::tables)) return;
  ++sum.died_tables;
  for (const auto& [at, old] : edits)
    for (const auto& each : where)
      if (at >= each.begin && at - each.begin < each.size) {
        ++sum.survivors[each.kind];
        std::printf("  unseen: death %d, kind %x, offset 0x%zx (+0x%zx): %02x -> %02x\n", death, each.kind,
                    at, at - each.begin, old, std::to_integer<int>(damaged[at]));
      }
}

void damage(const byte_vector& whole, const std::vector<region>& where, int count, long seeds,
            const char* path, tally& sum) {
  std::size_t total = 0;
  for (const auto& each : where) total += each.size;
  for (long seed = 0; seed < seeds; ++seed) {
    std::mt19937_64 random(static_cast<std::uint64_t>(seed));
    auto damaged = whole;
    std::vector<std::pair<std::size_t, int>> edits;
    for (int i = 0; i < count; ++i) {
      auto pick = random() % total;
      for (const auto& each : where) {
        if (pick < each.size) {
          pick += each.begin;
          break;
        }
        pick -= each.size;
      }
      edits.emplace_back(pick, std::to_integer<int>(whole[pick]));
      damaged[pick] ^= static_cast<std::byte>(1 + random() % 255);
    }
    try_one(damaged, path, sum, where, edits);
  }
}

void cut(const byte_vector& whole, long step, const char* path, tally& sum) {
  for (std::size_t size = 0; size < whole.size(); size += static_cast<std::size_t>(step)) {
    const byte_vector damaged(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    try_one(damaged, path, sum, {}, {});
  }
}

} // namespace

int main(int count, char** arguments) {
  if (count < 4) return std::fputs("usage: image_damage SEEDS 1|4|16|head|cut FILE...\n", stderr), 2;
  const long seeds = std::atol(arguments[1]);
  const std::string mode = arguments[2];
  const auto path = "/dev/shm/image_damage." + std::to_string(getpid()) + ".so";
  tally total;
  for (int i = 3; i < count; ++i) {
    const auto whole = read_file(arguments[i]);
    if (whole.size() < sizeof(Elf64_Ehdr) || check(whole, image::level::tables)) continue;
    write_file(path.c_str(), whole);
    if (open_in_child(path.c_str()) != 0) continue;
    const auto before = total;
    if (mode == "cut")
      cut(whole, seeds, path.c_str(), total);
    else if (mode == "head")
      damage(whole, {{0, std::min<std::size_t>(whole.size(), 2048), kind_head}}, 16, seeds, path.c_str(),
             total);
    else
      damage(whole, tables_of(whole), std::atoi(mode.c_str()), seeds, path.c_str(), total);
    std::printf("%s: %ld tried, %ld died, %ld after headers, %ld after tables\n", arguments[i],
                total.tried - before.tried, total.died - before.died,
                total.died_headers - before.died_headers, total.died_tables - before.died_tables);
    std::fflush(stdout);
  }
  unlink(path.c_str());
  for (const auto& [kind, times] : total.survivors) std::printf("unseen in %x: %ld\n", kind, times);
  const double died = total.died != 0 ? static_cast<double>(total.died) : 1;
  std::printf("%ld tried, %ld died; prevented by headers %.1f %%, by tables %.1f %%\n", total.tried,
              total.died, 100 * (1 - static_cast<double>(total.died_headers) / died),
              100 * (1 - static_cast<double>(total.died_tables) / died));
}
