// Writes what the fuzzers begin with: one whole library of every kind, and small real files of this machine.
//
//   seeds INTO FOLDER...     makes INTO/elf, INTO/pe, INTO/macho and INTO/demangle; looks for real files
//   below the folders
#include "support/elf_builder.hpp"
#include "support/macho_builder.hpp"
#include "support/pe_builder.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

namespace {

namespace fs = std::filesystem;
namespace image = tenure::image;
using tenure_test::file_bytes;

constexpr std::uintmax_t largest = 40'000; // bytes; longer inputs are tried less often
constexpr std::size_t most_of_one_kind = 80;

class seed_folder {
public:
  explicit seed_folder(fs::path where)
      : where_(std::move(where)) {
    fs::create_directories(where_);
  }
  std::size_t count() const { return count_; }
  bool full() const { return count_ >= most_of_one_kind; }

  void add(const file_bytes& data) {
    std::ofstream out(where_ / ("seed-" + std::to_string(count_++)), std::ios::binary);
    out.write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(data.size()));
  }

private:
  fs::path where_;
  std::size_t count_ = 0;
};

struct corpus {
  seed_folder elf, pe, macho, names;
  std::set<std::uintmax_t> sizes{}; // files of one size are likely to be alike

  seed_folder* of(image::format kind) {
    switch (kind) {
    case image::format::elf:
      return &elf;
    case image::format::pe:
      return &pe;
    case image::format::macho:
      return &macho;
    case image::format::unknown:
      break;
    }
    return nullptr;
  }
};

void add_built(corpus& into) {
  for (const bool wide : {true, false})
    for (const auto order : {image::byte_order::little, image::byte_order::big}) {
      tenure_test::elf_options options;
      options.wide = wide, options.order = order;
      into.elf.add(tenure_test::build_elf(options).data);
      options.relr = true;
      into.elf.add(tenure_test::build_elf(options).data);
      tenure_test::macho_file shape;
      shape.wide = wide, shape.order = order;
      into.macho.add(tenure_test::macho_builder(shape).build().data);
    }
  tenure_test::macho_file intel, arm;
  intel.cpu = 0x01000007, arm.cpu = 0x0100000c;
  into.macho.add(tenure_test::build_universal(
      {tenure_test::macho_builder(intel).build(), tenure_test::macho_builder(arm).build()}));
  for (const bool wide : {true, false}) into.pe.add(tenure_test::build_pe(wide).data);
}

file_bytes read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  file_bytes result;
  for (std::istreambuf_iterator<char> at(file), end; at != end; ++at)
    result.push_back(static_cast<std::byte>(*at));
  return result;
}

void add_names(corpus& into) {
  for (const char* const each :
       {"_ZNK4shop7counter5countEPKcl", "_ZN4shop4emitIJidPKcEEEvDpOT_",
        "_Z1f1a1bIS_S_ES0_IS1_S1_ES0_IS2_S2_E",
        "_ZNSt3mapISsSt6vectorIiSaIiEESt4lessISsESaISt4pairIKSsS2_EEEixERS6_", "_ZZN4shop7counterEvE5saved_0",
        "_ZNK3zipMUlT_E_clIiEEDaS0_", "_ZTv0_n24_N4shop7counterD1Ev",
        "_ZN1aC2IiEENSt9enable_ifIXsr3std7is_sameE5valueEE4typeE"})
    into.names.add(tenure_test::bytes_of(each));
}

void offer(const fs::directory_entry& entry, corpus& into) {
  std::error_code ignored;
  if (entry.is_symlink(ignored) || !entry.is_regular_file(ignored)) return;
  const auto size = entry.file_size(ignored);
  if (ignored || size > largest || !into.sizes.insert(size).second) return;
  const auto data = read(entry.path());
  std::span<const std::byte> view(data);
  const auto report = image::read_facts(view, image::built_for(image::source_of(view)));
  auto* const home = into.of(report.kind);
  if (home != nullptr && !home->full() && report.findings.empty()) home->add(data);
}

void add_real(const fs::path& below, corpus& into) {
  std::error_code ignored;
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at(below, options, ignored), end; at != end; at.increment(ignored))
    offer(*at, into);
}

} // namespace

int main(int count, char** arguments) {
  if (count < 2) return 2;
  const fs::path into = arguments[1];
  corpus seeds{seed_folder(into / "elf"), seed_folder(into / "pe"), seed_folder(into / "macho"),
               seed_folder(into / "demangle")};
  add_built(seeds), add_names(seeds);
  for (int i = 2; i < count; ++i) add_real(arguments[i], seeds);
  std::printf("seeds: %zu ELF, %zu PE, %zu Mach-O\n", seeds.elf.count(), seeds.pe.count(),
              seeds.macho.count());
}
