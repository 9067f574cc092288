#include "resolve.hpp"

#include "failure_access.hpp"
#include "registry.hpp"

#include <new>
#include <utility>

namespace tenure::inline v1::detail {
namespace {

// Not finding a file goes on with the next place; anything else wrong with it ends the search.
enum class sight { found, absent, wrong };

sight look_at(std::string path, location& found, os::fault& fault) {
  os::fault here;
  if (os::identify(path, found.file, here)) {
    found.path = std::move(path);
    return sight::found;
  }
  found.tried += found.tried.empty() ? path : ", " + path;
  if (here.cause == errc::file_not_found) {
    found.last = std::move(here);
    return sight::absent;
  }
  fault = std::move(here);
  found.path = std::move(path);
  return sight::wrong;
}

bool refused(const os::fault& fault, const std::string& path, failure& why) noexcept {
  fill(why, fault, path);
  return false;
}

// A path with a folder: as it is, and decorated only if it does not exist (a folder of that name does not count).
bool resolve_in_folder(const std::string& name, location& found, failure& why) {
  os::fault fault;
  const std::string path = os::make_absolute(name, fault);
  if (fault) return refused(fault, name, why);
  const sight as_it_is = look_at(path, found, fault);
  if (as_it_is == sight::found) return true;
  if (as_it_is == sight::wrong && fault.cause != errc::not_a_regular_file) return refused(fault, path, why);
  const std::string_view bare = last_part(path.c_str());
  const std::string folder = path.substr(0, path.size() - bare.size());
  for (const std::string& file : os::decorate(bare)) {
    if (file == bare) continue; // looked at already
    os::fault ignored; // the undecorated name is what the caller meant; its fault is the one to tell
    if (look_at(folder + file, found, ignored) == sight::found) return true;
  }
  if (fault) return refused(fault, path, why);
  report_not_found(name, found, why);
  return false;
}

bool resolve_bare(const std::string& name, const std::vector<std::string>& search_path, location& found,
                  failure& why) {
  found.candidates = os::decorate(name);
  os::fault fault;
  for (const std::string& folder : search_path)
    for (const std::string& file : found.candidates) {
      const sight seen = look_at(os::join(folder, file), found, fault);
      if (seen == sight::found) return true;
      if (seen == sight::wrong && fault.cause != errc::not_a_regular_file)
        return refused(fault, found.path, why);
    }
  return false;
}

} // namespace

void report_not_found(const std::string& name, const location& where, failure& why) noexcept {
  const std::string_view tried =
      where.tried.empty() ? std::string_view("nowhere: the search path is empty") : where.tried;
  failure_parts parts = parts_of(where.last, name);
  parts.code = errc::file_not_found;
  if (os::has_folder(name)) parts.advice = "is the path right?";
  try {
    const std::string text = "looked for " + std::string(tried);
    parts.explanation = text;
    fill(why, parts);
  } catch (const std::bad_alloc&) {
    fill(why, parts);
  }
}

bool resolve(const std::string& name, const std::vector<std::string>& search_path, bool system_search,
             location& found, failure& why) {
  if (os::has_folder(name)) return resolve_in_folder(name, found, why);
  if (resolve_bare(name, search_path, found, why)) return true;
  if (why) return false;
  if (system_search) {
    found.by_system = true;
    return true;
  }
  report_not_found(name, found, why);
  return false;
}

bool add_search_path(registry& g, path_view folder, failure& why) noexcept {
  try {
    os::fault fault;
    std::string path = os::to_internal(folder, fault);
    if (!fault) path = os::make_absolute(path, fault);
    if (fault) {
      fill(why, fault, path);
      return false;
    }
    const sync::scoped_lock lock(g.mutex);
    g.search_path.push_back(std::move(path));
    return true;
  } catch (const std::bad_alloc&) {
    set_failure(why, errc::out_of_memory, "", "");
    return false;
  }
}

} // namespace tenure::inline v1::detail
