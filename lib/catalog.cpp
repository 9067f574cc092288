// Which plug-in is taken: what folders offer by their files alone, and the choice among them.
#include <tenure/catalog.hpp>

#include "failure_access.hpp"
#include "file_check.hpp"
#include "file_source.hpp"
#include "offers.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <new>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace tenure::inline v1 {
namespace detail {

struct catalog_data {
  std::vector<std::string> folders;
  std::deque<std::string> texts; // what the rows point to
  std::vector<implementation> rows;
  std::vector<failure> problems;
};

namespace {

const char* keep(catalog_data& into, std::string_view text) { return into.texts.emplace_back(text).c_str(); }

void add_rows(catalog_data& into, const std::string& path, const image::facts& file) {
  if (file.plugin_catalog_damaged)
    set_failure(into.problems.emplace_back(), errc::file_damaged, path.c_str(),
                "its tenure_plugin_catalog is none: its beginning, the size of its rows or their number "
                "cannot be right");
  const char* const kept_path = file.plugin_catalog.empty() ? "" : keep(into, path);
  for_each_offer(file, [&](const offer& it) {
    into.rows.push_back({kept_path, keep(into, it.interface_name), keep(into, it.name), keep(into, it.match),
                         it.interface_version, it.version, it.interface_size});
  });
}

// "libflac.so", "libflac.so.1", "flac.dll", "libflac.dylib"; what else lies in a folder is no problem.
bool is_named_like_a_module(std::string_view name) noexcept {
  for (const std::string_view suffix : {".so", ".dll", ".dylib"}) {
    const std::size_t at = name.rfind(suffix);
    if (at == name.npos || at == 0) continue;
    if (name.find_first_not_of("0123456789.", at + suffix.size()) == name.npos) return true;
  }
  return false;
}

void add_file(catalog_data& into, const std::string& path) {
  failure why;
  os::fault fault;
  os::file file;
  if (!check_file(path, file_check::tables, why))
    into.problems.push_back(std::move(why));
  else if (file.open(path, fault))
    add_rows(into, path, *image::file_facts(source_of(file)));
  else
    fill(into.problems.emplace_back(), fault, path);
}

bool list_folder(catalog_data& into, const std::string& folder, failure& why) {
  os::fault fault;
  std::vector<std::string> names;
  if (!os::list_folder(folder, names, fault)) {
    fault.explanation = "a catalog's folder";
    fill(why, fault, folder);
    return false;
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names)
    if (is_named_like_a_module(name)) add_file(into, os::join(folder, name));
  return true;
}

// What is added to a catalog in its scope goes again, also if memory is refused, unless it is kept.
class addition {
public:
  explicit addition(catalog_data& to) noexcept
      : data_(to)
      , texts_(to.texts.size())
      , rows_(to.rows.size())
      , problems_(to.problems.size()) {}
  addition(const addition&) = delete;
  addition& operator=(const addition&) = delete;
  ~addition() {
    if (kept_) return;
    data_.texts.resize(texts_);
    data_.rows.resize(rows_);
    data_.problems.resize(problems_);
  }
  std::size_t keep() noexcept {
    kept_ = true;
    return data_.rows.size() - rows_;
  }

private:
  catalog_data& data_;
  const std::size_t texts_, rows_, problems_;
  bool kept_ = false;
};

bool same(const implementation& a, const implementation& b) noexcept {
  const auto values = [](const implementation& it) {
    return std::tuple(std::string_view(it.path), std::string_view(it.interface_name),
                      std::string_view(it.name), std::string_view(it.match), it.interface_version, it.version,
                      it.interface_size);
  };
  return values(a) == values(b);
}

// A pattern against all of the text. After a * that did not do, one character more is given to it.
bool fits_pattern(std::string_view pattern, std::string_view text) noexcept {
  std::size_t p = 0, t = 0, star = pattern.npos, given = 0;
  while (t != text.size()) {
    if (p != pattern.size() && pattern[p] == '*')
      star = p++, given = t;
    else if (p != pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]))
      ++p, ++t;
    else if (star != pattern.npos)
      p = star + 1, t = ++given;
    else
      return false;
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

bool is_offered(const catalog_data& all, const interface_stamp& stamp, const char* wanted) noexcept {
  return std::any_of(all.rows.begin(), all.rows.end(), [&](const implementation& it) {
    return std::strcmp(it.interface_name, stamp.id.name) == 0 && it.matches(wanted);
  });
}

void report_none(const catalog_data& all, const interface_stamp& stamp, const char* wanted,
                 failure& why) noexcept {
  const bool other = is_offered(all, stamp, wanted);
  const errc code = other ? errc::interface_mismatch : errc::no_implementation;
  try {
    const std::string text =
        fmt::format("{} {} \"{}\"{}", stamp.id.name, stamp.id.version, wanted,
                    other ? ": it is there for another version or size of the interface" : "");
    set_failure(why, code, "", text.c_str());
  } catch (const std::bad_alloc&) {
    set_failure(why, code, "", "");
  }
}

} // namespace
} // namespace detail

bool implementation::fits(const detail::interface_stamp& stamp) const noexcept {
  return interface_version == stamp.id.version && interface_size == stamp.size &&
         std::strcmp(interface_name, stamp.id.name) == 0;
}

bool implementation::matches(const char* wanted) const noexcept {
  if (wanted == nullptr) return false;
  if (std::strcmp(name, wanted) == 0) return true;
  for (std::string_view rest = match; !rest.empty();) {
    const std::size_t end = std::min(rest.find('|'), rest.size());
    if (detail::fits_pattern(rest.substr(0, end), wanted) && end != 0) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

catalog::catalog()
    : data_(new detail::catalog_data) {}
catalog::~catalog() { delete data_; }

std::size_t catalog::add_folder(path_view folder, failure& why) {
  os::fault fault;
  std::string given = os::to_internal(folder, fault);
  if (!fault) given = os::make_absolute(given, fault);
  if (fault) {
    detail::fill(why, fault, given);
    return 0;
  }
  if (std::find(data_->folders.begin(), data_->folders.end(), given) != data_->folders.end()) return 0;
  detail::addition fresh(*data_);
  if (!detail::list_folder(*data_, given, why)) return 0;
  data_->folders.push_back(std::move(given));
  return fresh.keep();
}

bool catalog::refresh() {
  detail::catalog_data again;
  for (const std::string& folder : data_->folders)
    if (failure why; !detail::list_folder(again, folder, why)) again.problems.push_back(std::move(why));
  again.folders = data_->folders;
  const bool changed = !std::equal(begin(), end(), again.rows.begin(), again.rows.end(), detail::same);
  *data_ = std::move(again);
  return changed;
}

const implementation* catalog::begin() const noexcept { return data_->rows.data(); }
const implementation* catalog::end() const noexcept { return begin() + data_->rows.size(); }
const failure* catalog::problems_begin() const noexcept { return data_->problems.data(); }
const failure* catalog::problems_end() const noexcept { return problems_begin() + data_->problems.size(); }

const implementation* catalog::find_best(const detail::interface_stamp& stamp, const char* wanted,
                                         failure& why) const noexcept {
  const implementation* best = nullptr;
  if (wanted == nullptr) {
    detail::set_failure(why, errc::name_missing, "", "of an implementation");
    return nullptr;
  }
  for (const implementation& each : *this)
    if (each.fits(stamp) && each.matches(wanted) && (best == nullptr || each.version > best->version))
      best = &each;
  if (best == nullptr) detail::report_none(*data_, stamp, wanted, why);
  return best;
}

} // namespace tenure::inline v1
