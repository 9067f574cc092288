// The log: a line per event.
#include "support/closed.hpp"
#include "support/scratch.hpp"

#include <tenure/observers/log.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

using tenure_test::scratch;

namespace {

struct log_file {
  log_file()
      : file(std::tmpfile()) {
    REQUIRE(file != nullptr);
  }
  log_file(const log_file&) = delete;
  log_file& operator=(const log_file&) = delete;
  ~log_file() { std::fclose(file); }
  [[nodiscard]] std::string whole() const {
    std::string text(1'000'000, '\0');
    std::rewind(file);
    text.resize(std::fread(text.data(), 1, text.size(), file));
    return text;
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    std::istringstream in(whole());
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }
  std::FILE* file;
};

tenure::event event_of(const std::string& path) {
  tenure::event e;
  e.kind = tenure::event_kind::idled;
  e.path = e.name = path.c_str();
  return e;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("each event is a line: module, what, how long, path and reason") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  const log_file out;
  tenure::event_log log(out.file);
  tenure::manager<tenure::policy::final_close> modules;
  modules.observe(log);
  static_cast<void>(modules.open(file));
  tenure::failure why;
  static_cast<void>(modules.open(file + "-missing", why));
  static_cast<void>(modules.final_close());
  const std::vector<std::string> lines = out.lines();
  REQUIRE(lines.size() == 6);
  CHECK(contains(lines[0], ": loaded in "));
  CHECK(contains(lines[0], " ms, " + file));
  CHECK(contains(lines[1], ": opened, " + file));
  CHECK(contains(lines[2], ": idled, " + file));
  CHECK(contains(lines[3], ": failed, " + file + "-missing: "));
  CHECK(contains(lines[3], "no such file"));
  CHECK(contains(lines[4],
                 std::string(": ") + (tenure_test::loader_unmaps() ? "closed" : "lingering") + " in "));
  CHECK(contains(lines[5], "manager: swept in "));
  CHECK(contains(lines[5], ": final close"));
  CHECK(log.refused() == 0);
}

TEST_CASE("a line is one line, whatever a path has in it") {
  const log_file out;
  tenure::event_log log(out.file);
  log(event_of("/two\nlines\r\x1b[31m\x7f"));
  const std::string shown = R"(/two\x0alines\x0d\x1b[31m\x7f)";
  CHECK(out.whole() == "0.000000 " + shown + ": idled, " + shown + "\n");
}

TEST_CASE("a line that is too long is cut, and says so") {
  const log_file out;
  tenure::event_log log(out.file);
  log(event_of(std::string(5'000, 'x')));
  log(event_of("next"));
  const std::vector<std::string> lines = out.lines();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].size() == 1'999);
  CHECK(lines[0].ends_with("x..."));
  CHECK(contains(lines[1], "next"));
}

TEST_CASE("it is not cut within a character") {
  for (std::size_t before = 0; before != 4; ++before) {
    std::string path(before, 'x');
    while (path.size() < 3'000) path += "\u20ac";
    const log_file out;
    tenure::event_log log(out.file);
    log(event_of(path));
    const std::string line = out.lines().at(0);
    REQUIRE(line.ends_with("..."));
    const std::string_view rest(line.data(), line.size() - 3);
    CHECK((rest.ends_with("\u20ac") || rest.ends_with('x') || rest.ends_with(' ')));
  }
}

TEST_CASE("a file that takes no line is counted") {
  const scratch folder;
  const std::string path = folder.write("log", "");
  std::FILE* const only_to_read = std::fopen(path.c_str(), "r");
  REQUIRE(only_to_read != nullptr);
  std::setvbuf(only_to_read, nullptr, _IONBF, 0);
  tenure::event_log log(only_to_read);
  log(event_of("lost"));
  CHECK(log.refused() == 1);
  std::fclose(only_to_read);
}
