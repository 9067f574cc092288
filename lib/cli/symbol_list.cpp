#include "symbol_list.hpp"

#include "demangle.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <unordered_set>

namespace tenure::cli {
namespace {

constexpr std::uint64_t longest_interface = std::uint64_t{16} << 20; // bytes: no list written by people

std::string_view trimmed(std::string_view line) {
  line = line.substr(0, line.find('#'));
  constexpr std::string_view blanks = " \t\r\v\f";
  const auto first = line.find_first_not_of(blanks);
  if (first == line.npos) return {};
  return line.substr(first, line.find_last_not_of(blanks) - first + 1);
}

// What prevents it; empty if nothing does.
std::string read_text(const std::string& path, std::string& into) {
  os::file file;
  os::fault fault;
  const auto internal = os::to_internal(path_view(path), fault);
  if (!fault) static_cast<void>(file.open(internal, fault));
  if (fault) return words_of(fault);
  if (file.size() > longest_interface)
    return fmt::format("it has {} MiB, and no list of symbols has more than {}", file.size() >> 20,
                       longest_interface >> 20);
  into.resize(static_cast<std::size_t>(file.size()));
  const auto got = file.read_at(0, into.data(), into.size());
  into.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return got < 0 ? "the system does not read it" : "";
}

listed_symbol listed(const image::symbol& it, demangler* into_words) {
  listed_symbol result{
      std::string(it.name), {}, std::string(it.version), name_of(it.kind), it.size, it.weak, it.unique};
  if (into_words != nullptr) result.demangled = (*into_words)(it.name);
  if (result.demangled == result.name) result.demangled.clear();
  return result;
}

} // namespace

std::string_view name_of(image::symbol_kind kind) noexcept {
  constexpr std::array<std::string_view, 5> names{"unknown", "function", "data", "tls", "ifunc"};
  return names[static_cast<std::size_t>(kind)];
}

std::vector<listed_symbol> list_symbols(const std::vector<image::symbol>& all, bool demangled) {
  std::vector<listed_symbol> result;
  result.reserve(all.size());
  demangler into_words;
  for (const auto& each : all) result.push_back(listed(each, demangled ? &into_words : nullptr));
  std::stable_sort(result.begin(), result.end(),
                   [](const listed_symbol& a, const listed_symbol& b) { return a.name < b.name; });
  return result;
}

bool read_interface(const std::string& path, std::vector<std::string>& into, std::string& error) {
  std::string text;
  if (const auto why = read_text(path, text); !why.empty()) {
    error = fmt::format("{}: the list of symbols cannot be read: {}", path, why);
    return false;
  }
  const auto before = into.size();
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    if (const auto name = trimmed(rest.substr(0, end)); !name.empty()) into.emplace_back(name);
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
  }
  if (into.size() == before) error = fmt::format("{}: the list of symbols names none", path);
  return into.size() != before;
}

std::vector<std::string> find_lacking(const std::vector<std::string>& wanted, const image::facts& f) {
  std::unordered_set<std::string> there;
  const bool demangled = std::any_of(wanted.begin(), wanted.end(), [](const std::string& each) {
    return each.find_first_of("(: ") != each.npos;
  });
  demangler into_words;
  for (const auto& each : f.exports) {
    there.emplace(each.name);
    if (demangled) there.insert(into_words(each.name));
    // Mach-O puts an underline before what C calls them.
    if (f.kind == image::format::macho && each.name.starts_with('_')) there.emplace(each.name.substr(1));
  }
  std::vector<std::string> lacking;
  std::copy_if(wanted.begin(), wanted.end(), std::back_inserter(lacking),
               [&](const std::string& each) { return !there.contains(each); });
  return lacking;
}

} // namespace tenure::cli
