#include "obstacles.hpp"

#include "plugin_info.hpp"
#include "style.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace tenure::cli {
namespace {

using image::facts;

bool has(const std::vector<image::symbol>& symbols, std::string_view name) noexcept {
  return std::any_of(symbols.begin(), symbols.end(),
                     [=](const image::symbol& each) { return each.name == name; });
}

void find_nodelete(const facts& f, std::vector<obstacle>& into) {
  if (f.obstacles.nodelete)
    into.push_back(
        {obstacle_kind::nodelete, "marked DF_1_NODELETE", "link it without -Wl,-z,nodelete", {}, {}});
}

// One that no relocation binds is never entered into the loader's table, which is what keeps the library.
void find_unique(const facts& f, std::vector<obstacle>& into) {
  if (f.obstacles.bound_unique_symbols == 0) return;
  obstacle found{obstacle_kind::unique_symbol,
                 counted(f.obstacles.bound_unique_symbols, "unique symbol") +
                     " (STB_GNU_UNIQUE) bound when it is loaded",
                 "compile it with -fno-gnu-unique, or hide them (-fvisibility=hidden)",
                 {},
                 {}};
  for (const auto& each : f.exports)
    if (each.unique && each.relocated) found.symbols.emplace_back(each.name);
  into.push_back(std::move(found));
}

// A C++ runtime imports the C library's function for others; its own calls name the caller's library.
bool is_runtime(const facts& f) noexcept { return has(f.exports, "__cxa_thread_atexit"); }

void find_thread_local_destructors(const facts& f, std::vector<obstacle>& into) {
  if (!f.obstacles.tls_destructors || is_runtime(f)) return;
  into.push_back(
      {obstacle_kind::thread_local_destructor,
       "has thread_local objects with destructors: it stays until every thread that used one has ended",
       "give them no destructor, or use them only on threads that end before it is closed",
       {},
       {}});
}

void find_apple(const facts& f, std::vector<obstacle>& into) {
  if (f.kind != image::format::macho) return;
  if (f.tls_size != 0)
    into.push_back({obstacle_kind::thread_local_variable,
                    "has thread-local variables, whose images dyld keeps for ever",
                    "use pthread_getspecific, or move them to the host",
                    {},
                    {}});
  if (f.obstacles.objective_c)
    into.push_back({obstacle_kind::objective_c,
                    "has Objective-C or Swift classes, whose images dyld keeps for ever",
                    "move them to a library that may stay",
                    {},
                    {}});
}

void find_loader(const facts& f, std::vector<obstacle>& into) {
  const auto musl = std::find_if(f.needed.begin(), f.needed.end(),
                                 [](std::string_view name) { return name.starts_with("libc.musl-"); });
  if (musl != f.needed.end())
    into.push_back({obstacle_kind::loader,
                    fmt::format("linked with {}, whose loader never unmaps a library", *musl),
                    "nothing in the library: close it all the same, its memory stays",
                    {},
                    {}});
}

void warn_of_static_tls(const facts& f, std::vector<std::string>& into) {
  if (f.tls == image::tls_model::initial_exec)
    into.push_back(fmt::format(
        "takes {} bytes of the small reserve for static thread-local storage, so that it may fail to "
        "load next to others; compile it with -ftls-model=global-dynamic",
        f.tls_size));
  else if (f.obstacles.static_tls)
    into.push_back("uses another library's thread-local variables at fixed distances (DF_STATIC_TLS)");
}

} // namespace

std::string_view name_of(obstacle_kind kind) noexcept {
  constexpr std::array<std::string_view, 7> names{
      "nodelete", "unique-symbol", "tls-destructor", "tls-variable", "objective-c", "needed-by", "loader"};
  static_assert(names.size() == static_cast<std::size_t>(last_obstacle_kind) + 1);
  return names[static_cast<std::size_t>(kind)];
}

std::vector<obstacle> find_obstacles(const library& it) {
  std::vector<obstacle> found;
  for (const auto find : {find_nodelete, find_unique, find_thread_local_destructors, find_apple, find_loader})
    find(*it, found);
  return found;
}

std::vector<std::string> find_warnings(const library& it) {
  std::vector<std::string> found;
  warn_of_static_tls(*it, found);
  if (it->obstacles.text_relocations)
    found.emplace_back("has relocations in its code (DT_TEXTREL); compile it with -fPIC");
  const auto idle = it->obstacles.unique_symbols - it->obstacles.bound_unique_symbols;
  if (idle != 0)
    found.push_back(counted(idle, "unique symbol") +
                    " that nothing binds when it is loaded; another library that does would keep it");
  if (!it->plugin_info.empty() && !read_plugin_info(*it))
    found.emplace_back("exports tenure_plugin_info, which does not begin as <tenure/plugin.h> says");
  return found;
}

const obstacle* find_lasting(const std::vector<obstacle>& all) noexcept {
  const auto at = std::find_if(all.begin(), all.end(), [](const obstacle& each) {
    return each.kind != obstacle_kind::thread_local_destructor;
  });
  return at != all.end() ? &*at : nullptr;
}

} // namespace tenure::cli
