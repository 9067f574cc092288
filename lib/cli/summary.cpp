#include "summary.hpp"

namespace tenure::cli {
namespace {

std::vector<std::string> owned(const std::vector<std::string_view>& views) {
  return {views.begin(), views.end()};
}

} // namespace

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
  if (it.readable()) result->obstacles = find_obstacles(it);
  return result;
}

summary_ptr summary_table::get(const std::string& path) {
  {
    const std::lock_guard lock(guard_);
    if (const auto at = known_.find(path); at != known_.end()) return at->second;
  }
  const auto made = summarise(read_library(path));
  put(made);
  return made;
}

void summary_table::put(const summary_ptr& it) {
  const std::lock_guard lock(guard_);
  known_.emplace(it->path, it);
}

} // namespace tenure::cli
