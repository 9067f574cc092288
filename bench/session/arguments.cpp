#include "arguments.hpp"

#include <CLI/CLI.hpp>

namespace session {

arguments read_arguments(int argc, char** argv) {
  arguments a;
  CLI::App app("Replays one session of opens, calls and releases of real plug-ins under every policy.");
  app.add_option("--seed", a.wish.seed, "Of the session; the same one gives the same session")
      ->capture_default_str();
  app.add_option("--seconds", a.wish.seconds, "Length in session time")
      ->check(CLI::Range(2U, 3600U))
      ->capture_default_str();
  app.add_option("--threads", a.wish.threads, "Threads that open and use plug-ins")
      ->check(CLI::Range(1U, 64U))
      ->capture_default_str();
  app.add_option("--rounds", a.rounds, "Replays under each policy; the table shows the middle one")
      ->check(CLI::Range(1U, 99U))
      ->capture_default_str();
  app.add_option("--lanes", a.lanes, "Modules in the chart, the most popular ones")
      ->check(CLI::Range(1U, 200U))
      ->capture_default_str();
  app.add_option("--json", a.json, "File for all figures")->take_last()->capture_default_str();
  app.add_option("--svg", a.svg, "File for the residency chart")->take_last()->capture_default_str();
  app.add_option("--corpus", a.corpus, "Folders of plug-ins to use, instead of this machine's")
      ->check(CLI::ExistingDirectory);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    std::exit(app.exit(e) == 0 ? 0 : 2);
  }
  return a;
}

} // namespace session
