#include "arguments.hpp"

#include <CLI/CLI.hpp>

namespace bench {

effort arguments::how_much() const {
  if (!quick) return {};
  return {.repetitions = 3, .seconds = 0.001, .many = 50, .most = 100, .rounds = 1, .sampling = 0.02};
}

arguments read_arguments(int argc, char** argv) {
  arguments a;
  CLI::App app("Asks Tenure, its peers and the bare machine the same questions, and compares what comes of "
               "it with the "
               "targets. Ends with 0 also if targets are not met, with 2 if it could not measure.");
  app.add_flag("--quick", a.quick, "Fewer modules and shorter runs: to see that it works");
  app.add_flag("--hot-paths", a.hot_paths, "For callgrind: only walk the hot paths");
  app.add_option("--modules", a.modules, "Folder of the modules to load")->capture_default_str();
  app.add_option("--programs", a.programs, "Folder of the programs whose size is looked at")
      ->capture_default_str();
  app.add_option("--json", a.json, "File for all figures")->take_last()->capture_default_str();
  app.add_option("--svg", a.bars, "File for the bars")->take_last()->capture_default_str();
  app.add_option("--scaling-svg", a.curves, "File for the curves")->take_last()->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    std::exit(app.exit(e) == 0 ? 0 : 2);
  }
  return a;
}

} // namespace bench
