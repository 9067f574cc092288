#include "summary.hpp"

namespace tenure::cli {
namespace {

std::vector<std::string> owned(const std::vector<std::string_view>& views) {
  return {views.begin(), views.end()};
}

void add_folders(summary& to) {
  const run_context who{folder_of(to.path), image::machine_name(to.kind, to.machine), to.bits == 64,
                        to.native};
  to.rpath_folders = expand_folders(to.rpath, who), to.runpath_folders = expand_folders(to.runpath, who);
}

} // namespace

std::string folder_of(const std::string& path) {
  const auto end = path.find_last_of("/\\");
  return end == path.npos ? "." : path.substr(0, end);
}

summary_ptr summarise(const library& it) {
  auto result = std::make_shared<summary>();
  result->path = it.path, result->error = it.error;
  result->identity = it.identity;
  result->exists = it.facts.has_value();
  if (!it.facts) return result;
  result->name = it->name;
  result->kind = it->kind, result->order = it->order, result->bits = it->bits, result->machine = it->machine;
  result->target = describe_target(it);
  result->needed = owned(it->needed), result->rpath = owned(it->rpath), result->runpath = owned(it->runpath);
  result->native = is_native(it);
  if (result->kind == image::format::elf) add_folders(*result);
  if (it.readable()) result->obstacles = find_obstacles(it);
  return result;
}

summary_ptr summary_table::get(const std::string& path) {
  {
    const std::lock_guard lock(guard_);
    if (const auto at = known_.find(path); at != known_.end()) return at->second;
  }
  const auto made = summarise(read_library(path));
  if (made->exists) put(made); // there is no end of paths at which nothing is
  return made;
}

void summary_table::put(const summary_ptr& it) {
  const std::lock_guard lock(guard_);
  known_.emplace(it->path, it);
}

} // namespace tenure::cli
