// The report for people: what is well in a line, what is not with evidence and cure.
#include "check.hpp"

#include "demangle.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace tenure::cli {
namespace {

constexpr std::size_t shown_symbols = 3; // of an obstacle, unless all are asked for
constexpr std::size_t shown_output = 3;  // lines of what a module printed before its end

class writer {
public:
  writer(const check_options& options, const style& paint)
      : options_(options)
      , paint_(paint) {}

  std::string take() { return std::move(text_); }

  void write(const file_report& it) {
    if (options_.quiet && it.fate == file_fate::unloads) return;
    line("{}  {}", verdict(it), paint_.strong(printable(it.path)));
    if (!it.error.empty()) return item(it.error);
    write_obstacles(it);
    for (const auto& each : it.unmet) item(each);
    if (!it.lacking.empty())
      item(fmt::format("lacks {}: {}", counted(it.lacking.size(), "symbol"), fmt::join(it.lacking, ", ")));
    if (it.trial) write_trial(it);
    if (options_.verbose || it.fate != file_fate::unloads)
      for (const auto& each : it.warnings) aside(each);
    if (options_.verbose) write_facts(it);
    for (const auto& each : it.symbols) write_symbol(each);
  }

  void write_sum(const std::vector<file_report>& all) {
    std::array<std::size_t, 7> counts{};
    for (const auto& each : all) ++counts[static_cast<std::size_t>(each.fate)];
    constexpr std::array<std::string_view, 7> words{
        "unload", "may stay", "stay", "do not load", "lack symbols", "misbehave", "could not be read"};
    std::string sum;
    for (std::size_t i = 0; i != counts.size(); ++i)
      if (counts[i] != 0) sum += fmt::format("{}{} {}", sum.empty() ? "" : ", ", counts[i], words[i]);
    if (all.size() > 1) line("{} libraries: {}", all.size(), sum);
  }

private:
  template <class... Parts> void line(fmt::format_string<Parts...> how, Parts&&... parts) {
    text_ += fmt::format(how, std::forward<Parts>(parts)...);
    text_ += '\n';
  }
  void item(const std::string& what) { line("    {}", printable(what)); }
  void cure(const std::string& what) { line("    {} {}", paint_.faint("->"), printable(what)); }
  void aside(const std::string& what) { line("    {}", paint_.faint(printable(what))); }

  std::string verdict(const file_report& it) const {
    const auto name = fmt::format("{:13}", name_of(it.fate));
    if (it.fate == file_fate::unloads) return paint_.good(name);
    return it.fate == file_fate::may_stay ? paint_.warning(name) : paint_.bad(name);
  }

  void write_obstacles(const file_report& it) {
    for (std::size_t i = 0; i != it.obstacles.size(); ++i) {
      const auto& each = it.obstacles[i];
      item(each.evidence + (it.accepted[i] ? " (accepted)" : ""));
      for (const auto& name : shown(each.symbols)) item("  " + name);
      if (each.chain.size() > 2) item(fmt::format("  {}", fmt::join(each.chain, " -> ")));
      if (!it.accepted[i]) cure(each.cure);
    }
  }

  std::vector<std::string> shown(const std::vector<std::string>& symbols) const {
    const auto most = options_.verbose ? symbols.size() : std::min(symbols.size(), shown_symbols);
    std::vector<std::string> result;
    demangler into_words;
    for (std::size_t i = 0; i != most; ++i) result.push_back(into_words(symbols[i]));
    if (most < symbols.size()) result.push_back(fmt::format("and {} more", symbols.size() - most));
    return result;
  }

  // What keeps it stands above already, if the file says it too.
  static bool is_told(const file_report& it) {
    const auto kind = it.trial->reason == "unique_symbol"   ? obstacle_kind::unique_symbol
                      : it.trial->reason == "nodelete_flag" ? obstacle_kind::nodelete
                                                            : obstacle_kind::loader;
    return it.trial->outcome == trial_outcome::lingering && kind != obstacle_kind::loader &&
           std::any_of(it.obstacles.begin(), it.obstacles.end(),
                       [kind](const obstacle& each) { return each.kind == kind; });
  }

  void write_trial(const file_report& report) {
    const auto& it = *report.trial;
    if (it.cycles != 0) {
      item(fmt::format("tried: {}, {}, loaded in {:.0f} us, closed in {:.0f} us, {} KiB",
                       counted(it.cycles, "cycle"), name_of(it.outcome), it.load_us, it.close_us,
                       it.loaded_bytes / 1024));
      if (it.measured) write_growth(it);
    }
    if (it.outcome == trial_outcome::gone || is_told(report)) return;
    item(it.detail.empty() ? std::string(name_of(it.outcome)) : it.detail);
    if (it.outcome != trial_outcome::lingering && it.outcome != trial_outcome::refused)
      write_output(it.output);
  }

  void write_growth(const trial_result& it) {
    const auto& g = it.growth;
    item(fmt::format("growth over {}: {:+} KiB, threads {:+}, descriptors {:+}, images {:+}, TLS {:+} bytes, "
                     "TLS keys {:+}",
                     counted(it.cycles - 1, "cycle"), g.resident_bytes / 1024, g.threads, g.descriptors,
                     g.images, g.tls_bytes, g.tls_keys));
  }

  void write_output(std::string_view output) {
    std::vector<std::string_view> lines;
    while (!output.empty()) {
      const auto end = output.find('\n');
      if (end != 0) lines.push_back(output.substr(0, end));
      output = end == output.npos ? std::string_view() : output.substr(end + 1);
    }
    const auto skipped = lines.size() > shown_output ? lines.size() - shown_output : 0;
    for (auto i = skipped; i != lines.size(); ++i) aside("it printed: " + std::string(lines[i]));
  }

  void write_facts(const file_report& it) {
    if (it.plugin) {
      aside(fmt::format("plug-in {} {} by {}: {}", it.plugin->name, it.plugin->version, it.plugin->author,
                        it.plugin->description));
      for (const auto& each : it.plugin->offers) aside("offers " + each);
    }
    aside(fmt::format("{}{}{}", it.target, it.name.empty() ? "" : ", named " + it.name,
                      it.native ? "" : ", not for this process"));
    aside(fmt::format("{}, {} at load, {} at unload", counted(it.export_count, "exported symbol"),
                      counted(it.runs.init_count + it.runs.init, "initialiser"),
                      counted(it.runs.fini_count + it.runs.fini, "finaliser")));
    if (it.tls_size != 0)
      aside(fmt::format("{} of thread-local storage a thread{}", counted(it.tls_size, "byte"),
                        it.tls == image::tls_model::none ? "" : fmt::format(", model {}", name_of(it.tls))));
    for (const auto& each : it.leaves_behind) aside(fmt::format("loads {}, which stays", each));
  }

  void write_symbol(const listed_symbol& it) {
    line("    {:8} {}{}{}", it.kind, printable(it.demangled.empty() ? it.name : it.demangled),
         it.version.empty() ? "" : " @" + printable(it.version), it.unique ? paint_.bad(" unique") : "");
  }

  const check_options& options_;
  const style& paint_;
  std::string text_;
};

} // namespace

std::string to_text(const std::vector<file_report>& all, const check_options& options, const style& paint) {
  writer out(options, paint);
  for (const auto& each : all) out.write(each);
  out.write_sum(all);
  return out.take();
}

} // namespace tenure::cli
