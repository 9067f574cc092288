#include "deps.hpp"

#include "closure.hpp"
#include "json.hpp"
#include "output.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace tenure::cli {
namespace {

using json = nlohmann::ordered_json;

bool is_unmet(const need& it) noexcept {
  return it.state != link_state::found && it.state != link_state::elsewhere;
}

/// Each library is opened up where it stands first.
class tree {
public:
  tree(const closure& all, const style& paint)
      : all_(all)
      , paint_(paint)
      , shown_(all.nodes.size(), false) {}

  std::string draw() {
    text_ = paint_.strong(printable(all_.nodes[0].it->path)) + note_on(0) + '\n';
    shown_[0] = true;
    draw_needs(0, "");
    return std::move(text_);
  }

private:
  // The breadth-first order says who comes first, so that the depth is that of the shortest way.
  void draw_needs(std::size_t index, const std::string& before) {
    const auto& needs = all_.nodes[index].needs;
    for (std::size_t i = 0; i != needs.size(); ++i) {
      const bool last = i + 1 == needs.size();
      const auto& each = needs[i];
      const bool opens = each.node != no_node && !shown_[each.node] && all_.nodes[each.node].parent == index;
      text_ += before + (last ? "`-- " : "|-- ") + words(each, opens) + '\n';
      if (!opens) continue;
      shown_[each.node] = true;
      draw_needs(each.node, before + (last ? "    " : "|   "));
    }
  }

  std::string words(const need& it, bool opens) const {
    if (is_unmet(it))
      return paint_.bad(
          fmt::format("{}  {}: {}", printable(it.name), name_of(it.state), printable(it.problem)));
    if (it.node == no_node)
      return fmt::format("{}  {}", printable(it.name), paint_.faint(printable(it.problem)));
    if (!opens && all_.nodes[it.node].it->needed.empty())
      return fmt::format("{} => {}", printable(it.name), printable(it.path));
    return fmt::format("{} => {} {}{}", printable(it.name), printable(it.path),
                       paint_.faint(opens ? fmt::format("({})", printable(it.how)) : "(shown elsewhere)"),
                       opens ? note_on(it.node) : "");
  }

  std::string note_on(std::size_t index) const {
    const auto* const lasting = find_lasting(all_.nodes[index].it->obstacles);
    return lasting != nullptr ? paint_.warning(fmt::format(" [stays: {}]", name_of(lasting->kind))) : "";
  }

  const closure& all_;
  const style& paint_;
  std::vector<bool> shown_;
  std::string text_;
};

// Graphviz takes a backslash and a quote with a backslash before them.
std::string dot_name(std::string_view text) {
  std::string result = "\"";
  for (const char each : printable(text)) {
    if (each == '"' || each == '\\') result += '\\';
    result += each;
  }
  return result + '"';
}

std::string as_dot(const closure& all) {
  std::string text = "digraph needs {\n  node [shape=box, fontname=monospace];\n";
  for (const auto& node : all.nodes) {
    if (keeps_for_ever(node.it->obstacles))
      text += fmt::format("  {} [style=filled, fillcolor=orange];\n", dot_name(node.it->path));
    for (const auto& each : node.needs) {
      const auto to = each.node == no_node ? each.name : all.nodes[each.node].it->path;
      text += fmt::format("  {} -> {}{};\n", dot_name(node.it->path), dot_name(to),
                          is_unmet(each) ? " [color=red]" : "");
    }
  }
  return text + "}\n";
}

std::string as_json(const closure& all) {
  json result{{"version", 1}, {"path", all.nodes[0].it->path}, {"libraries", json::array()}};
  for (const auto& node : all.nodes) {
    json one{{"path", node.it->path},
             {"name", node.it->name},
             {"target", node.it->target},
             {"needs", json::array()}};
    one["stays"] = keeps_for_ever(node.it->obstacles);
    for (const auto& each : node.needs)
      one["needs"].push_back(
          {{"name", each.name}, {"state", name_of(each.state)}, {"path", each.path}, {"how", each.how}});
    result["libraries"].push_back(std::move(one));
  }
  return printed(result);
}

} // namespace

int run_deps(const deps_options& options) {
  const auto it = read_library(options.path);
  if (!it.readable()) return refuse(it.path, it.error, options.json);
  summary_table table;
  searcher search(table, options.folders);
  const auto all = find_closure(summarise(it), search);
  const style paint(options.colours);
  put(options.json ? as_json(all) : options.dot ? as_dot(all) : tree(all, paint).draw());
  return unmet_needs(all).empty() ? status_good : status_bad;
}

} // namespace tenure::cli
