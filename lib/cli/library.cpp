#include "library.hpp"

#include "failure_access.hpp"
#include "file_source.hpp"

#include <fmt/core.h>

#include <array>

namespace tenure::cli {
namespace {

bool open(os::file& file, library& into) {
  os::fault fault;
  const std::string internal = os::to_internal(path_view(into.path), fault);
  if (!fault && file.open(internal, fault)) {
    into.identity = file.identity();
    return true;
  }
  into.error = words_of(fault);
  return false;
}

void read(const os::file& file, library& into) {
  const image::source source = detail::source_of(file);
  into.process = image::built_for(source);
  into.facts.emplace(source, into.process);
  if (into->findings.empty()) return;
  into.fault = into->findings.front();
  into.error = image::describe(into.fault);
}

// What the loader is handed by mistake, but what lies in any folder of libraries by right.
bool belongs_elsewhere(image::cause what) noexcept {
  using image::cause;
  switch (what) {
  case cause::text:
  case cause::linker_script:
  case cause::script:
  case cause::static_archive:
  case cause::llvm_bitcode:
  case cause::webassembly:
  case cause::java_class:
  case cause::compressed:
  case cause::relocatable_object:
  case cause::executable:
  case cause::position_independent_executable:
  case cause::core_file:
  case cause::debug_companion:
  case cause::other_file_type:
    return true;
  default:
    return false;
  }
}

bool ends_in(std::string_view name, std::string_view suffix) noexcept {
  return name.size() > suffix.size() && name.substr(name.size() - suffix.size()) == suffix;
}

// libz.so, libz.so.1.2.13, z.dll, libz.dylib
bool is_named_like_one(std::string_view path) noexcept {
  const auto name = path.substr(path.find_last_of("/\\") + 1);
  if (ends_in(name, ".so") || ends_in(name, ".dll") || ends_in(name, ".dylib")) return true;
  const auto at = name.find(".so.");
  return at != name.npos && name.find_first_not_of("0123456789.", at + 4) == name.npos;
}

// Windows' own programs begin like its libraries, so a PE file may also be a program that was cut off.
bool is_worth_telling(const library& it) noexcept {
  return !belongs_elsewhere(it.fault.what) && is_named_like_one(it.path);
}

bool has_a_format(const os::file& file) noexcept {
  std::array<std::byte, 4> magic{};
  if (file.read_at(0, magic.data(), magic.size()) != static_cast<std::ptrdiff_t>(magic.size())) return false;
  std::span<const std::byte> view(magic);
  const auto fault = image::check(image::source_of(view));
  return fault.what != image::cause::unknown_format && fault.what != image::cause::text &&
         fault.what != image::cause::zeros;
}

} // namespace

std::string words_of(const os::fault& fault) {
  failure why;
  detail::fill(why, fault, {});
  return why.what();
}

library read_library(const std::string& path) {
  library result{path, {}, {}, {}, {}, {}};
  os::file file;
  if (open(file, result)) read(file, result);
  return result;
}

std::optional<library> read_met_file(const std::string& path) {
  library result{path, {}, {}, {}, {}, {}};
  os::file file;
  const bool named = is_named_like_one(path);
  if (!open(file, result)) return named ? std::optional(std::move(result)) : std::nullopt;
  if (!named && !has_a_format(file)) return std::nullopt;
  read(file, result);
  return result.readable() || is_worth_telling(result) ? std::optional(std::move(result)) : std::nullopt;
}

std::string absolute_path(const std::string& path, std::string& error) {
  os::fault fault;
  const auto internal = os::to_internal(path_view(path), fault);
  auto result = fault ? std::string() : os::make_absolute(internal, fault);
  if (!fault) return result;
  error = words_of(fault);
  return {};
}

bool is_native(const library& it) noexcept {
  const auto own = image::native();
  return it->kind == own.kind && it->bits == own.bits && it->order == own.order &&
         (own.machine == 0 || it->machine == own.machine);
}

std::string describe_target(const library& it) {
  constexpr std::array<std::string_view, 4> formats{"unknown", "ELF", "PE", "Mach-O"};
  const auto named = [&](std::uint32_t machine) {
    const auto name = image::machine_name(it->kind, machine);
    return name.empty() ? fmt::format("machine {}", machine) : std::string(name);
  };
  auto text = fmt::format("{} {}, {}-bit{}", formats[static_cast<std::size_t>(it->kind)], named(it->machine), it->bits,
                          it->order == image::byte_order::big ? ", big-endian" : "");
  if (it->slices.empty()) return text;
  text += ", a part of a universal file for";
  for (std::size_t i = 0; i != it->slices.size(); ++i) text += (i == 0 ? " " : ", ") + named(it->slices[i]);
  return text;
}

} // namespace tenure::cli
