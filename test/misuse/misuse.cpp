// Usage: misuse MODULES [--full] [--only PART-OF-ID] [--table FILE] [--json FILE] [--write README] [--check
// README] Runs each case of misuse in each way, each in a child process, and compares what becomes of it with
// what its row says. Prints what differs, which known gaps are open, and the counts. TENURE_MISUSE=full is
// --full.
#include "child.hpp"
#include "process.hpp"
#include "results.hpp"

#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace misuse {
namespace {

using std::chrono::milliseconds;

// What lives is done in a tenth of it, on a machine with a lot to do; a hang that nobody expects costs the
// whole.
constexpr milliseconds limit{60'000};
constexpr milliseconds limit_of_hangs{2'000};

struct settings {
  std::string modules, only, table, json, write, check;
  bool full = false;
};

// A job: one case in one way.
struct job {
  const test_case* which;
  const way_name* way;
  outcome* result;
};

// The child's last line but the verdict's.
std::string last_words(const std::string& output) {
  std::string last;
  std::size_t at = 0;
  while (at < output.size()) {
    const std::size_t end = std::min(output.find('\n', at), output.size());
    const std::string line = output.substr(at, end - at);
    if (!line.empty() && !line.starts_with("verdict ")) last = line;
    at = end + 1;
  }
  return last;
}

// The verdict that the child told last; false if it told none.
bool find_verdict(const std::string& output, verdict& v) {
  constexpr std::string_view mark = "\nverdict ";
  const std::size_t at = output.rfind(mark);
  if (at == std::string::npos) return false;
  const std::size_t end = output.find('\n', at + 1);
  v.is = static_cast<fate>(output[at + mark.size()] - '0');
  v.message = output.substr(at + mark.size() + 2, end - at - mark.size() - 2);
  return true;
}

// How the process ended counts for more than what it said before.
verdict verdict_of(const process_end& end) {
  const std::string words = last_words(end.output);
  if (!end.in_time) return {fate::dies, "hang: " + words};
  if (WIFSIGNALED(end.status)) {
    const bool named = words.find("was unloaded") != std::string::npos;
    return {named ? fate::faults : fate::dies,
            fmt::format("{}: {}", ::sigabbrev_np(WTERMSIG(end.status)), words)};
  }
  if (WEXITSTATUS(end.status) != 0)
    return {fate::dies, fmt::format("exit {}: {}", WEXITSTATUS(end.status), words)};
  verdict told;
  return find_verdict(end.output, told) ? told : verdict{fate::dies, "exit 0: without a word"};
}

bool is_a_gap(const job& j) { return j.way->kind == nullptr || expected(*j.which, *j.way).gap != nullptr; }

void run_job(const job& j, const settings& s, const std::string& scratch) {
  std::filesystem::create_directories(scratch);
  const bool hang_expected =
      j.which->may_hang && (is_a_gap(j) || expected(*j.which, *j.way).is == fate::dies);
  const process_end end = run_self({"--child", j.way->argument, j.which->id, s.modules, scratch},
                                   hang_expected ? limit_of_hangs : limit);
  *j.result = compare(*j.which, *j.way, verdict_of(end));
  std::error_code ignored; // what is not removed here goes with the whole folder
  std::filesystem::remove_all(scratch, ignored);
}

void run_all(const std::vector<job>& jobs, const settings& s) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("tenure-misuse-{}", ::getpid());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < jobs.size(); i = next++)
      run_job(jobs[i], s, (folder / std::to_string(i)).string());
  };
  std::thread other(work);
  work();
  other.join();
  std::filesystem::remove_all(folder);
}

// False alarms and faults without a name: so many of a run's cases may be so, in hundredths.
constexpr std::size_t chance_limit = 3;

// Prints what is not as its row says. Returns how many.
unsigned print_deviations(const std::vector<case_result>& results, const std::vector<way_name>& all) {
  std::size_t wrong = 0;
  std::size_t chances = 0;
  for (const case_result& r : results)
    for (std::size_t i = 1; i != all.size(); ++i) {
      const outcome& o = r.by_way[i];
      if (o.right) continue;
      ++(o.by_chance ? chances : wrong);
      const expectation& e = expected(*r.which, all[i]);
      fmt::print("{}  {} ({}), {}: {}, {}; expected: {} \"{}\"{}\n", o.by_chance ? "CHANCE" : "WRONG",
                 r.which->id, r.which->claim, all[i].title, to_string(o.seen.is), o.seen.message,
                 to_string(e.is), e.message,
                 o.closed_gap ? ", as a known gap: it is closed now, so take the mark away" : "");
    }
  const std::size_t limit_of_chances = 1 + results.size() * (all.size() - 1) * chance_limit / 100;
  return static_cast<unsigned>(chances <= limit_of_chances ? wrong : wrong + chances);
}

// The known gaps, by the defence that is missing. Returns how many.
std::size_t print_gaps(const std::vector<case_result>& results, const std::vector<way_name>& all) {
  std::map<std::string, std::map<std::string, std::vector<std::string>>> by_defence;
  std::size_t count = 0;
  for (const case_result& r : results)
    for (std::size_t i = 1; i != all.size(); ++i) {
      if (!r.by_way[i].open_gap) continue;
      ++count;
      by_defence[expected(*r.which, all[i]).gap][all[i].title].push_back(
          fmt::format("{} {}", r.which->id, to_string(r.by_way[i].seen.is)));
    }
  for (const auto& [defence, ways] : by_defence) {
    fmt::print("gap: {}\n", defence);
    for (const auto& [way, cases] : ways)
      fmt::print("  {} ({}): {}\n", way, cases.size(), fmt::join(cases, ", "));
  }
  return count;
}

void print_counts(const std::vector<case_result>& results, const std::vector<way_name>& all) {
  for (std::size_t i = 0; i != all.size(); ++i) {
    unsigned by_fate[static_cast<int>(fate::lies) + 1] = {};
    for (const case_result& r : results) ++by_fate[static_cast<int>(r.by_way[i].seen.is)];
    fmt::print("{:24}", all[i].title);
    for (int f = 0; f <= static_cast<int>(fate::lies); ++f)
      fmt::print("  {} {:3}", to_string(static_cast<fate>(f)), by_fate[f]);
    fmt::print("\n");
  }
}

int check_readme(const std::string& readme, const case_table& cases) {
  std::vector<std::string> now;
  for (const test_case& c : cases) now.push_back(c.id);
  if (listed_cases(readme) == now) return 0;
  fmt::print("{}: its table of misuse lists other cases; write it anew with --write\n", readme);
  return 1;
}

int run(const settings& s) {
  case_table cases = all_cases();
  if (!s.check.empty()) return check_readme(s.check, cases);
  std::erase_if(cases, [&](const test_case& c) {
    return std::string_view(c.id).find(s.only) == std::string_view::npos;
  });
  const std::vector<way_name> all = ways(s.full);
  std::vector<case_result> results;
  std::vector<job> jobs;
  for (const test_case& c : cases) results.push_back({&c, std::vector<outcome>(all.size())});
  for (case_result& r : results)
    for (std::size_t i = 0; i != all.size(); ++i) jobs.push_back({r.which, &all[i], &r.by_way[i]});
  run_all(jobs, s);
  const unsigned wrong = print_deviations(results, all);
  const std::size_t gaps = print_gaps(results, all);
  print_counts(results, all);
  fmt::print("{} cases, {} runs, {} not as expected, {} known gaps\n", cases.size(), jobs.size(), wrong,
             gaps);
  if (!s.table.empty()) std::ofstream(s.table) << markdown(results, all);
  if (!s.json.empty()) std::ofstream(s.json) << json(results, all);
  const bool written = s.write.empty() || write_into(s.write, markdown(results, all));
  return wrong == 0 && written && !cases.empty() ? 0 : 1;
}

bool parse(int count, char** arguments, settings& s) {
  const std::map<std::string_view, std::string*> values{{"--only", &s.only},
                                                        {"--table", &s.table},
                                                        {"--json", &s.json},
                                                        {"--write", &s.write},
                                                        {"--check", &s.check}};
  if (count < 2) return false;
  s.modules = arguments[1];
  const char* const asked = std::getenv("TENURE_MISUSE");
  s.full = asked != nullptr && std::strcmp(asked, "full") == 0;
  for (int i = 2; i < count; ++i) {
    const auto value = values.find(arguments[i]);
    if (std::strcmp(arguments[i], "--full") == 0)
      s.full = true;
    else if (value != values.end() && i + 1 < count)
      *value->second = arguments[++i];
    else
      return false;
  }
  return true;
}

} // namespace
} // namespace misuse

int main(int argc, char** argv) {
  if (argc == 6 && std::strcmp(argv[1], "--child") == 0) return misuse::run_child(argv + 2);
  ::unsetenv("LD_LIBRARY_PATH"); // what is to be missing must be missing, whatever a build system has set
  misuse::settings s;
  if (misuse::parse(argc, argv, s)) return misuse::run(s);
  fmt::print(stderr,
             "misuse MODULES [--full] [--only PART-OF-ID] [--table FILE] [--json FILE] [--write README] "
             "[--check README]\n");
  return 2;
}
