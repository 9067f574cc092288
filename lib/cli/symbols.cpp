#include "symbols.hpp"

#include "json.hpp"
#include "output.hpp"
#include "symbol_list.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace tenure::cli {
namespace {

std::string line_of(const listed_symbol& it, const style& paint) {
  return fmt::format("{:8} {:>8} {}{}{}{}\n", it.kind, it.size,
                     printable(it.demangled.empty() ? it.name : it.demangled),
                     it.version.empty() ? "" : paint.faint(" @" + printable(it.version)),
                     it.weak ? paint.faint(" weak") : "", it.unique ? paint.bad(" unique") : "");
}

std::string as_json(const library& it, const symbols_options& options,
                    const std::vector<listed_symbol>& all) {
  nlohmann::ordered_json result{{"version", 1}, {"path", it.path}, {"target", describe_target(it)}};
  auto& list = result[options.imports ? "imports" : "exports"] = nlohmann::ordered_json::array();
  for (const auto& each : all) list.push_back(as_json(each));
  return printed(result);
}

} // namespace

int run_symbols(const symbols_options& options) {
  const auto it = read_library(options.path);
  if (!it.readable()) return refuse(it.path, it.error, options.json);
  const auto all = list_symbols(options.imports ? it->imports : it->exports, !options.mangled);
  std::string text;
  if (options.json)
    text = as_json(it, options, all);
  else
    for (const style paint(options.colours); const auto& each : all) text += line_of(each, paint);
  put(text);
  return status_good;
}

} // namespace tenure::cli
