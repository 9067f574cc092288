// The command: what may be asked, and who answers.
#include "bench.hpp"
#include "check.hpp"
#include "deps.hpp"
#include "os/child.hpp"
#include "os/program.hpp"
#include "output.hpp"
#include "symbols.hpp"
#include "trial.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace tenure::cli {
namespace {

const std::map<std::string, colour_choice> colour_names{
    {"auto", colour_choice::automatic}, {"always", colour_choice::always}, {"never", colour_choice::never}};

std::vector<std::string> obstacle_names() {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(last_obstacle_kind); ++i)
    names.emplace_back(name_of(static_cast<obstacle_kind>(i)));
  return names;
}

// CLI::Range lets through what is no number.
const CLI::Validator seconds(
    [](const std::string& text) {
      constexpr double least = 0.001, most = 86'400;
      double value = 0;
      const bool right = CLI::detail::lexical_cast(text, value) && value >= least && value <= most;
      return right ? std::string() : fmt::format("{} is not between {} and {}", text, least, most);
    },
    "SECONDS");

void add_colours(CLI::App& to, colour_choice& into) {
  to.add_option("--color,--colour", into, "auto, always or never; NO_COLOR is respected")
      ->transform(CLI::CheckedTransformer(colour_names))
      ->option_text("WHEN");
}

void add_folders(CLI::App& to, std::vector<std::string>& into) {
  to.add_option("-L,--library-path", into, "look for dependencies here first; may be repeated")
      ->allow_extra_args(false);
}

void add_trial(CLI::App& to, check_options& into) {
  auto* const load = to.add_flag("--load", into.load, "also load and unload each in a child process");
  to.add_option("--cycles", into.cycles, "with --load: so many times, and tell what grows")
      ->needs(load)
      ->check(CLI::Range(1U, 1'000'000U));
  to.add_option("--timeout", into.timeout,
                "with --load: seconds that a child may take for a step; 10 unless told")
      ->needs(load)
      ->check(seconds);
}

CLI::App* add_check(CLI::App& app, check_options& into) {
  auto* const to = app.add_subcommand("check", "Would these libraries unload, and if not, what prevents it?");
  to->add_option("FILE", into.paths, "libraries, and folders that are walked")->required();
  add_trial(*to, into);
  to->add_option("--api", into.interfaces,
                 "a list of symbols, one a line, that all must export; may be repeated")
      ->allow_extra_args(false);
  to->add_option("--accept", into.accepted, "an obstacle that is no failure; may be repeated")
      ->allow_extra_args(false)
      ->check(CLI::IsMember(obstacle_names()));
  add_folders(*to, into.folders);
  to->add_flag("--symbols", into.symbols, "list what they export");
  to->add_flag("--json", into.json, "for programs");
  to->add_flag("-v,--verbose", into.verbose, "all that is known, of all");
  to->add_flag("-q,--quiet", into.quiet, "only what does not unload");
  to->add_option("-j,--jobs", into.jobs, "files at once, at most 256; one for each processor unless told");
  add_colours(*to, into.colours);
  to->footer("Ends with 0 if all unload, 1 if some do not, 2 if one could not be read.\n\nExamples:\n"
             "  tenure check build/plugins               in your tests: nothing may keep a plug-in loaded\n"
             "  tenure check --load --cycles 100 a.so    what does it leave behind?\n"
             "  tenure check --api codec.txt --json *.so\n"
             "  tenure check --accept tls-destructor build/plugins");
  return to;
}

CLI::App* add_symbols(CLI::App& app, symbols_options& into) {
  auto* const to = app.add_subcommand("symbols", "What does a library export?");
  to->add_option("FILE", into.path, "a library")->required();
  to->add_flag("--imports", into.imports, "what it imports instead");
  to->add_flag("--mangled", into.mangled, "names as the file has them");
  to->add_flag("--json", into.json, "for programs");
  add_colours(*to, into.colours);
  to->footer("Example:\n  tenure symbols --imports plugins/libflac.so");
  return to;
}

CLI::App* add_deps(CLI::App& app, deps_options& into) {
  auto* const to = app.add_subcommand("deps", "What does a library need, and where is it found?");
  to->add_option("FILE", into.path, "a library")->required();
  auto* const dot = to->add_flag("--dot", into.dot, "a graph for Graphviz");
  to->add_flag("--json", into.json, "for programs")->excludes(dot);
  add_folders(*to, into.folders);
  add_colours(*to, into.colours);
  to->footer(
      "Ends with 0 if all is found, 1 if something is not, 2 if the file could not be read.\n\nExample:\n"
      "  tenure deps --dot plugins/libflac.so | dot -Tsvg > needs.svg");
  return to;
}

CLI::App* add_bench(CLI::App& app, bench_options& into) {
  auto* const to = app.add_subcommand(
      "bench", "What do loading, finding and unloading cost, beside the bare system calls?");
  to->add_option("FILE", into.path, "a library; it is loaded in a child process")->required();
  to->add_option("--symbol", into.symbol, "what is looked up; the first function unless told");
  to->add_option("--call", into.called, "a function without arguments that is called");
  to->add_option("--count", into.count, "so many times")->check(CLI::Range(1U, 1'000'000U));
  to->add_option("--timeout", into.timeout,
                 "seconds without progress after which it is ended; 10 unless told")
      ->check(seconds);
  to->add_flag("--json", into.json, "for programs");
  to->footer("Example:\n  tenure bench --count 1000 plugins/libflac.so");
  return to;
}

struct command {
  CLI::App app{"Tells of shared libraries whether they unload, and what they hold on to."};
  check_options check;
  symbols_options symbols;
  deps_options deps;
  bench_options bench;
  CLI::App *check_app = add_check(app, check), *symbols_app = add_symbols(app, symbols),
           *deps_app = add_deps(app, deps), *bench_app = add_bench(app, bench);

  command() {
    app.name("tenure");
    app.set_version_flag("--version", "tenure " TENURE_VERSION);
    app.set_help_all_flag("--help-all", "the help of all subcommands");
    app.require_subcommand(1);
    app.footer("Example:\n  tenure check build/plugins\n\n`tenure SUBCOMMAND --help` tells more.");
  }

  int run() {
    if (check_app->parsed()) return run_check(check);
    if (symbols_app->parsed()) return run_symbols(symbols);
    return deps_app->parsed() ? run_deps(deps) : run_bench(bench);
  }
};

// CLI11 asks for what is missing before it says what it did not understand, which is mostly the reason.
std::string explanation_of(const CLI::App& app, const CLI::ParseError& error) {
  const auto used = app.get_subcommands();
  for (const auto& each : (used.empty() ? app : *used.front()).remaining()) {
    if (used.empty() && !each.starts_with('-')) return fmt::format("there is no subcommand {}", each);
    if (each.starts_with('-') && each != "--") return fmt::format("there is no option {}", each);
  }
  return error.what();
}

// Help and version are for the standard output; whatever else CLI11 says has the arguments in it as they are.
int explain(const CLI::App& app, const CLI::ParseError& error) {
  std::ostringstream out, err;
  if (app.exit(error, out, err) == 0) return put(out.str()), status_good;
  complain(explanation_of(app, error));
  complain("--help tells what may be asked");
  return status_unreadable;
}

int run_command(std::vector<std::string> arguments) {
  if (!arguments.empty() && arguments[0] == trial_word)
    return run_trial({arguments.begin() + 1, arguments.end()});
  if (!arguments.empty() && arguments[0] == bench_word)
    return run_bench_child({arguments.begin() + 1, arguments.end()});
  command one;
  try {
    std::reverse(arguments.begin(), arguments.end()); // CLI11 takes them from the end
    one.app.parse(std::move(arguments));
  } catch (const CLI::ParseError& e) {
    return explain(one.app, e);
  }
  return one.run();
}

} // namespace
} // namespace tenure::cli

int main(int count, char** arguments) {
  try {
    const int status = tenure::cli::run_command(tenure::cli::own_arguments(count, arguments));
    return tenure::cli::all_was_put() ? status : tenure::cli::status_unreadable;
  } catch (const tenure::cli::interrupted& e) {
    tenure::cli::end_by(e);
    return tenure::cli::status_unreadable;
  } catch (const std::exception& e) {
    tenure::cli::complain(e.what());
    return tenure::cli::status_unreadable;
  }
}
