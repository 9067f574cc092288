#include "failure_access.hpp"

#include <tenure/make.hpp>

#include <fmt/core.h>

#include <cstring>
#include <new>
#include <string>

namespace tenure::inline v1::detail {
namespace {

bool fits(const tenure_factory& row, const interface_stamp& wanted) noexcept {
  return row.size >= sizeof(tenure_factory) && row.interface_version == wanted.id.version &&
         row.interface_size == wanted.size;
}

std::string difference(const tenure_factory& row, const interface_stamp& wanted) {
  if (row.size < sizeof(tenure_factory))
    return fmt::format("its rows have {} bytes, the host's {}", row.size, sizeof(tenure_factory));
  return fmt::format("{}: the module's version is {} ({} bytes), the host's {} ({} bytes)", wanted.id.name,
                     row.interface_version, row.interface_size, wanted.id.version, wanted.size);
}

// A module may have left a name out.
bool is_text(const char* text, const char* wanted) noexcept {
  return text != nullptr && std::strcmp(text, wanted) == 0;
}

// The rows that the table holds, by the module's own count.
const tenure_factory* find_row(tenure_factories_function& table, const interface_stamp& wanted,
                               const char* name) {
  for (std::size_t i = 0;; ++i) {
    const tenure_factory* const row = table(i);
    if (row == nullptr) return nullptr;
    if (is_text(row->interface_name, wanted.id.name) && is_text(row->name, name)) return row;
  }
}

} // namespace

void tell_no_destroyer(const record& r, const char* maker, failure& why) noexcept {
  failure_parts parts;
  parts.code = errc::name_missing;
  parts.path = path_of(r);
  parts.advice = "give create() the names of two functions, one that makes and one that destroys";
  try {
    const std::string words = fmt::format("nothing destroys what {} makes: its type has no virtual destructor", maker);
    parts.explanation = words;
    fill(why, parts);
  } catch (const std::bad_alloc&) {
    fill(why, parts);
  }
}

const tenure_factory* find_factory(record* held, const interface_stamp& wanted, const char* name,
                                   failure& why) {
  if (held == nullptr) {
    set_failure(why, errc::empty_handle, "", "tenure_factories");
    return nullptr;
  }
  if (name == nullptr) {
    set_failure(why, errc::name_missing, path_of(*held), "of a factory");
    return nullptr;
  }
  void* const found = find_symbol(*held, "tenure_factories", symbol_kind::function, why);
  if (found == nullptr) return nullptr;
  auto& table = *reinterpret_cast<tenure_factories_function*>(found);
  const tenure_factory* const row = call_across(*held, [&] { return find_row(table, wanted, name); });
  if (row == nullptr)
    set_failure(why, errc::no_such_factory, path_of(*held), fmt::format("{} \"{}\"", wanted.id.name, name).c_str());
  else if (!fits(*row, wanted))
    set_failure(why, errc::interface_mismatch, path_of(*held), difference(*row, wanted).c_str());
  else if (row->create == nullptr || row->destroy == nullptr)
    set_failure(why, errc::no_such_factory, path_of(*held), "its row lacks a function");
  return why ? nullptr : row;
}

} // namespace tenure::inline v1::detail
