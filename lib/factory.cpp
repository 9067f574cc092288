#include <tenure/make.hpp>
#include <tenure/symbol.hpp>

#include <fmt/format.h>

#include <cstring>
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

// The rows that the table holds, by the module's own count.
const tenure_factory* find_row(tenure_factories_function& table, const interface_stamp& wanted,
                               const char* name) {
  for (std::size_t i = 0;; ++i) {
    const tenure_factory* const row = table(i);
    if (row == nullptr) return nullptr;
    if (std::strcmp(row->interface_name, wanted.id.name) == 0 && std::strcmp(row->name, name) == 0)
      return row;
  }
}

} // namespace

const tenure_factory* find_factory(const module& m, const interface_stamp& wanted, const char* name,
                                   failure& why) {
  const auto table = m.symbol<tenure_factories_function>("tenure_factories", why);
  if (!table) return nullptr;
  const tenure_factory* const row =
      call_across(*handle_access::record_of(m), [&] { return find_row(*table, wanted, name); });
  if (row == nullptr)
    set_failure(why, errc::no_such_factory, m.path(), fmt::format("{} \"{}\"", wanted.id.name, name).c_str());
  else if (!fits(*row, wanted))
    set_failure(why, errc::interface_mismatch, m.path(), difference(*row, wanted).c_str());
  else if (row->create == nullptr || row->destroy == nullptr)
    set_failure(why, errc::no_such_factory, m.path(), "its row lacks a function");
  return why ? nullptr : row;
}

} // namespace tenure::inline v1::detail
