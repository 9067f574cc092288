#include "parts.hpp"

#include "../peers/peer.hpp"
#include "../questions/embedder.hpp"
#include "../questions/instructions.hpp"
#include "../questions/ours.hpp"
#include "../support/child.hpp"
#include "../support/sleeping_thread.hpp"
#include "json.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <random>

namespace bench {
namespace {

using work = std::function<void(suite&, module_files&)>;
constexpr std::chrono::minutes patience{10}; // for one part, on a machine that does much else
constexpr unsigned most_threads = 64;

class asker {
public:
  asker(const arguments& a, const std::string& log, progress& bar, outcome& o)
      : arguments_(a)
      , log_(log)
      , bar_(bar)
      , outcome_(o) {}

  // `expected`: how many steps the bar has.
  void ask(const std::string& what, std::size_t expected, const work& questions) {
    shared_counter done;
    bar_.begin(what, expected);
    const child_result child =
        run_child([&] { return answers(questions, done); }, patience, log_, [&] { bar_.set(done.get()); });
    if (!child.completed) {
      bar_.end(child.trouble);
      throw std::runtime_error(fmt::format("{}: {}; see {}", what, child.trouble, log_));
    }
    measurements got = unpack(child.answer);
    bar_.end(fmt::format("{} figures", got.size()));
    std::move(got.begin(), got.end(), std::back_inserter(outcome_.all));
  }

private:
  std::string answers(const work& questions, shared_counter& done) {
    module_files files(arguments_.modules);
    suite s(arguments_.how_much(), done);
    questions(s, files);
    return pack(s.all());
  }

  const arguments& arguments_;
  const std::string& log_;
  progress& bar_;
  outcome& outcome_;
};

void together(suite& s, module_files& files) {
  const sleeping_thread second;
  for (const peer& p : all_peers()) p.ask_together(s, files);
  ask_ours_together(s, files);
  s.run();
}

// In an order that no cache foresees; the same one in each run.
std::vector<std::string> shuffled_copies(module_files& files, std::size_t count) {
  std::vector<std::string> resident = files.copies("tiny", count);
  std::shuffle(resident.begin(), resident.end(), std::mt19937(1));
  return resident;
}

void thousand(suite& s, module_files& files) {
  const sleeping_thread second;
  const auto resident = shuffled_copies(files, s.how_much().many);
  for (const peer& p : all_peers()) p.ask_thousand(s, files, resident);
  ask_ours_thousand(s, files, resident);
  s.run();
}

void beside_loads(suite& s, module_files& files) {
  const sleeping_thread second;
  for (const loading_pace pace :
       {loading_pace::none, loading_pace::each_millisecond, loading_pace::without_pause}) {
    for (const peer& p : all_peers()) p.ask_beside_loads(s, files, pace);
    ask_ours_beside_loads(s, files, pace);
  }
}

void scale(suite& s, module_files& files) {
  const sleeping_thread second;
  const auto resident = shuffled_copies(files, s.how_much().most);
  for (std::size_t count = 1; count <= resident.size(); count *= 10) {
    const std::vector<std::string> some(resident.begin(),
                                        resident.begin() + static_cast<std::ptrdiff_t>(count));
    ask_ours_scale(s, some);
    for (const peer& p : all_peers()) p.ask_scale(s, some);
    s.run();
  }
}

void idle(suite& s, module_files& files) {
  const sleeping_thread second;
  const auto some = files.copies("tiny", s.how_much().many);
  ask_sweep(s, some);
  ask_idle_share(s, some);
}

using heap_question = double (*)(const std::vector<std::string>& files);

void ask_heap(asker& to, const std::string& question, const char* who, role as, heap_question bytes) {
  to.ask(fmt::format("heap: {}", who), 1, [=](suite& s, module_files& files) {
    s.note(question, who, as, "bytes", {bytes(files.copies("tiny", s.how_much().many))});
  });
}

// The system's own share is in all figures; what is over it is whose library it is.
void subtract_system(measurements& all) {
  const measurement* const raw = find(all, "heap, the system's among it", "dlopen");
  if (raw == nullptr) return;
  const double share = raw->median();
  measurements over;
  for (const measurement& m : all)
    if (m.question == raw->question && m.as != role::raw)
      over.push_back({"heap", m.who, m.as, m.unit, {m.median() - share}});
  std::move(over.begin(), over.end(), std::back_inserter(all));
}

void ask_memory(asker& to, outcome& o) {
  const std::string question = "heap, the system's among it";
  for (const peer& p : all_peers()) ask_heap(to, question, p.name, p.as, p.heap_bytes);
  ask_heap(to, question, "tenure", role::ours, our_heap_bytes);
  subtract_system(o.all);
}

// These run programs and load nothing, so they need no process of their own.
void ask_programs(const arguments& a, progress& bar, outcome& o) {
  shared_counter done;
  suite s(a.how_much(), done);
  bar.begin("compiler", 1);
  ask_headers(s);
  const std::string no_sizes = ask_code_size(s, a.programs);
  bar.end("headers and programs");
  bar.begin("callgrind", 1);
  const std::string no_counts = ask_instructions(s, a.modules);
  bar.end(no_counts.empty() ? "instructions counted" : no_counts);
  for (const std::string& remark : {no_sizes, no_counts})
    if (!remark.empty()) o.remarks.push_back(remark);
  const measurements got = s.all();
  o.all.insert(o.all.end(), got.begin(), got.end());
}

// So many times a benchmark runs until it knows how often it has to, as a guess.
constexpr std::size_t trials = 5;

} // namespace

void ask_all(const arguments& a, const std::string& log, progress& bar, outcome& o) {
  const std::size_t peers = all_peers().size(), each = a.how_much().repetitions + trials;
  for (const peer& p : all_peers())
    if (p.as == role::peer) o.peers.emplace_back(p.name);
  o.repetitions = a.how_much().repetitions;
  asker to(a, log, bar, o);
  to.ask("one thread", 3 * each, ask_ours_alone);
  to.ask("all together", (peers * 12 + 40) * each, together);
  to.ask("1,000 modules", (peers + 1) * 2 * each, thousand);
  to.ask("beside loads", (peers + 1) * 6, beside_loads);
  to.ask("idle modules", 12 * each, idle);
  to.ask("threads", 21 * each, [](suite& s, module_files& files) { ask_threads(s, files, most_threads); });
  to.ask("scaling", (peers + 1) * 5 * each, scale);
  ask_memory(to, o);
  ask_programs(a, bar, o);
}

} // namespace bench
