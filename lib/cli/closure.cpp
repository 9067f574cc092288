#include "closure.hpp"

#include <fmt/core.h>

#include <deque>
#include <unordered_map>

namespace tenure::cli {
namespace {

class gatherer {
public:
  gatherer(const summary_ptr& root, searcher& where)
      : where_(where) {
    add(root, no_node);
  }

  closure run() {
    for (std::size_t i = 0; i < all_.nodes.size(); ++i) {
      const auto it = all_.nodes[i].it; // the vector grows below
      const auto chain = chain_of(i);
      for (const auto& name : it->needed) {
        auto met = meet(name, chain, i);
        all_.nodes[i].needs.push_back(std::move(met));
      }
    }
    return std::move(all_);
  }

private:
  std::size_t add(const summary_ptr& it, std::size_t parent) {
    all_.nodes.push_back({it, parent, {}});
    const auto index = all_.nodes.size() - 1;
    by_name_.emplace(it->name, index);
    by_path_.emplace(it->path, index);
    return index;
  }

  need_chain chain_of(std::size_t index) const {
    need_chain chain;
    for (; index != no_node; index = all_.nodes[index].parent) chain.push_back(all_.nodes[index].it.get());
    return chain;
  }

  // A name that is loaded already is not looked for again.
  need meet(const std::string& name, const need_chain& chain, std::size_t asker) {
    if (const auto at = by_name_.find(name); at != by_name_.end() && !name.empty())
      return {name, link_state::found, at->second, all_.nodes[at->second].it->path, "loaded already", {}};
    const auto found = where_.find(name, chain, effort_);
    need result{name, found.state, no_node, found.library ? found.library->path : "", found.how, {}};
    result.problem = problem_of(found, chain);
    if (found.state != link_state::found) return result;
    const auto at = by_path_.find(found.library->path);
    result.node = at != by_path_.end() ? at->second : add(found.library, asker);
    by_name_.emplace(name, result.node);
    return result;
  }

  // What it says itself; that the others are looked at goes without saying.
  static std::string places_of(const summary& who) {
    std::string places;
    for (const auto& each : who.runpath.empty() ? who.rpath : who.runpath) places += each + ", ";
    constexpr std::size_t longest = 200; // characters; a damaged file's are endless
    if (places.size() > longest) places = places.substr(0, longest) + "..., ";
    return places + (who.kind == image::format::elf ? "the system's folders" : "the folders of its loader");
  }

  static std::string problem_of(const search_result& found, const need_chain& chain) {
    switch (found.state) {
    case link_state::found:
      return {};
    case link_state::missing:
      return fmt::format("is not found in {}", places_of(*chain.front()));
    case link_state::foreign:
      return fmt::format("is only found as {}, which is {} and not {}", found.library->path,
                         found.library->target, chain.front()->target);
    case link_state::damaged:
      return fmt::format("is found as {}, which cannot be used: {}", found.library->path,
                         found.library->error);
    case link_state::elsewhere:
      break;
    }
    return "belongs to another system, and was not looked for here";
  }

  // A damaged file may have a thousand needs and a thousand folders to look for each. Real ones take
  // hundreds.
  static constexpr std::size_t most_paths = 50'000;

  searcher& where_;
  std::size_t effort_ = most_paths;
  closure all_;
  std::unordered_map<std::string, std::size_t> by_name_, by_path_;
};

} // namespace

closure find_closure(const summary_ptr& root, searcher& where) { return gatherer(root, where).run(); }

std::vector<unmet_need> unmet_needs(const closure& all) {
  std::vector<unmet_need> result;
  for (const auto& node : all.nodes)
    for (const auto& each : node.needs)
      if (each.state != link_state::found && each.state != link_state::elsewhere)
        result.push_back({node.it->path,
                          fmt::format("{}, which {} needs, {}", each.name, node.it->path, each.problem),
                          &each});
  return result;
}

std::vector<std::size_t> find_way(const closure& all, std::size_t from, std::size_t to) {
  std::vector<std::size_t> before(all.nodes.size(), no_node);
  std::deque<std::size_t> next{from};
  while (!next.empty()) {
    const auto at = next.front();
    next.pop_front();
    for (const auto& each : all.nodes[at].needs) {
      if (each.node == no_node || before[each.node] != no_node) continue;
      before[each.node] = at;
      next.push_back(each.node);
    }
    if (before[to] != no_node) break;
  }
  std::vector<std::size_t> way;
  if (before[to] == no_node) return way;
  for (auto at = to; way.empty() || at != from; at = before[at]) way.insert(way.begin(), at);
  way.insert(way.begin(), from);
  return way;
}

} // namespace tenure::cli
