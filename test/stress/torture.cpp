// Threads do everything at random on a few modules under a manager of each policy, for a number of seconds.
//
// The oracle. At any time:
//   wrong answers = 0     else a module was unmapped, or another one mapped in its place, while a reference
//   was held
// At the end, when every thread has dropped all it had, passed a safe point, and each manager was closed:
//   alive = 0             else a module was lost: nobody holds it and nobody will close it
//   loaded = 0            the same, asked of the system
//   active, resident = 0  else a count or a record was lost
//   loads = closes        else a reference of the system's was lost, or given back twice
//   lingers = 0           else a close was too few, or the look afterwards saw another module
// except under `resident`, whose modules stay, and where the loader never unmaps: there every module stays,
// none twice, and a close lingers unless another thread opens the module meanwhile. A crash, a hang or a
// sanitizer's word is a failure like any other.
#include "policies/all_policies.hpp"
#include "support/closed.hpp"
#include "support/hook.hpp"
#include "support/sanitizer_defaults.hpp"
#include "support/scratch.hpp"

#include <tenure/tenure.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using tenure_test::scratch;

constexpr std::size_t files_per_manager = 3;
constexpr std::size_t handles_per_thread = 6;
constexpr unsigned threads = 4;

std::atomic<std::uint64_t> wrong_answers{0};
std::atomic<std::uint64_t> steps{0};
std::atomic<int> failed_checks{0};

void check(bool holds, const char* what, const std::string& where, std::uint64_t value) {
  if (holds) return;
  ++failed_checks;
  std::printf("FAILED: %s = %llu (%s)\n", what, static_cast<unsigned long long>(value), where.c_str());
}

// Counts the images that are alive; hooked modules of all managers call it.
std::atomic<int> alive{0};

struct thread_state {
  unsigned number;
  std::mt19937_64 random;
  std::array<tenure::module, handles_per_thread> handles;
  std::array<tenure::weak_module, handles_per_thread> weak;
  std::optional<tenure::pin> pin;

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random() % n); }
  tenure::module& handle() { return handles[below(handles_per_thread)]; }
};

void use(const tenure::module& m) {
  if (m && m.symbol<int()>("answer")() != 42) ++wrong_answers;
}

template <class P> class playground {
public:
  playground() {
    modules_.add_search_path(folder_.folder());
    bad_ = folder_.write("bad.so", "not a module");
    for (std::size_t i = 0; i != files_per_manager; ++i) {
      names_[i] = std::string("t") + static_cast<char>('0' + i);
      files_[i] = folder_.copy("hooked_a", names_[i] + tenure_test::module_suffix());
    }
    for (unsigned i = 0; i != threads; ++i)
      own_files_[i] = folder_.copy("hooked_b", "own" + std::to_string(i) + ".so");
  }

  void step(thread_state& t) {
    switch (t.below(16)) {
    case 0:
    case 1:
      return open_path(t);
    case 2:
      return open_name(t);
    case 3:
    case 4:
      return t.handle().reset();
    case 5:
      return copy(t);
    case 6:
      return revive(t);
    case 7:
      return pin(t);
    case 8:
      return open_bad(t);
    case 9:
      return call_back(t);
    case 10:
      return find_by_address(t);
    case 11:
      return guarded(t);
    case 12:
      return share(t);
    default:
      return look_or_close(t);
    }
  }

  void finish(const char* policy) {
    static_cast<void>(modules_.final_close());
    const tenure::manager_stats s = modules_.stats();
    check(s.active == 0, "active", policy, s.active);
    if constexpr (requires { requires P::keeps_pages; }) return;
    const auto report = modules_.report();
    check(tenure_test::all_closed(report), "resident", policy, tenure_test::count_loaded(report));
    check(s.resident == report.size(), "records", policy, s.resident);
    check(s.loads == s.closes, "loads - closes", policy, s.loads - s.closes);
    check(s.lingers == 0 || !tenure_test::loader_unmaps(), "lingers", policy, s.lingers);
    for (const std::string& file : files_)
      check(!tenure_test::is_loaded(modules_, file), "loaded", policy, 1);
    for (const std::string& file : own_files_)
      check(!tenure_test::is_loaded(modules_, file), "loaded", policy, 1);
    std::printf("  %-28s loads %7llu  revives %8llu  deferrals %5llu\n", policy,
                static_cast<unsigned long long>(s.loads), static_cast<unsigned long long>(s.revives),
                static_cast<unsigned long long>(s.deferrals));
  }

  void safe_point() { static_cast<void>(modules_.sweep()); }

private:
  const std::string& file(thread_state& t) { return files_[t.below(files_per_manager)]; }

  void open_path(thread_state& t) {
    tenure::module m = modules_.open(file(t));
    use(m);
    t.weak[t.below(handles_per_thread)] = m;
    t.handle() = std::move(m);
  }
  void open_name(thread_state& t) { use(t.handle() = modules_.open(names_[t.below(files_per_manager)])); }
  void open_bad(thread_state& t) {
    std::error_code code;
    if (modules_.open(t.below(2) != 0 ? bad_ : folder_.path("absent"), code)) ++wrong_answers;
    // Not of a file that others use: the system is asked outside the mutex, and its answer is a reference
    // that makes another thread's close linger for that moment.
    use(modules_.open_if_loaded(own_files_[t.number]));
  }
  void copy(thread_state& t) {
    const tenure::module m = t.handle();
    use(m);
    t.handle() = m;
  }
  void revive(thread_state& t) {
    tenure::module m = t.weak[t.below(handles_per_thread)].lock();
    use(m);
    if (t.below(2) != 0) t.handle() = std::move(m);
  }
  void pin(thread_state& t) {
    if (t.pin) return t.pin.reset();
    t.pin = t.handle().pin();
  }
  // The last release comes from inside the module. Only this thread's stack is searched for its code, so that
  // no other thread may close it meanwhile: only this one uses the file, and where others close idle modules,
  // a guard holds it.
  void call_back(thread_state& t) {
    tenure::module m = modules_.open(own_files_[t.number]);
    std::optional<tenure::guard> inside;
    if (!std::is_same_v<P, tenure_test::p::immediate>) inside.emplace(m);
    const auto call = m.symbol<int(void (*)(void*), void*)>("call_back").get();
    if (call([](void* handle) { static_cast<tenure::module*>(handle)->reset(); }, &m) != 1) ++wrong_answers;
  }
  void find_by_address(thread_state& t) {
    const tenure::module m = modules_.open(file(t));
    std::error_code code;
    const auto address = reinterpret_cast<const void*>(m.symbol<int()>("answer").get());
    if (modules_.containing(address, code) != m) ++wrong_answers;
  }
  void guarded(thread_state& t) {
    const tenure::module m = modules_.open(file(t));
    const auto inside = m.enter();
    t.handle().reset();
    use(m);
  }
  // Handles go to another thread, which drops them.
  void share(thread_state& t) {
    tenure::module m = modules_.open(file(t));
    std::thread([moved = std::move(m)]() mutable { use(moved); }).join();
  }
  void look_or_close(thread_state& t) {
    switch (t.below(5)) {
    case 0:
      static_cast<void>(modules_.sweep(tenure::duration(0)));
      return;
    case 1:
      static_cast<void>(modules_.final_close());
      return;
    case 2:
      static_cast<void>(modules_.report());
      return;
    case 3:
      static_cast<void>(modules_.next_due());
      static_cast<void>(modules_.stats());
      return;
    default:
      static_cast<void>(modules_.sweep());
    }
  }

  scratch folder_;
  std::array<std::string, files_per_manager> names_;
  std::array<std::string, files_per_manager> files_;
  std::array<std::string, threads> own_files_; // each used by one thread alone
  std::string bad_;
  tenure::manager<P> modules_;
};

unsigned long long setting(const char* name, unsigned long long usual) {
  const char* const value = std::getenv(name);
  return value != nullptr ? std::strtoull(value, nullptr, 10) : usual;
}

struct world {
  std::tuple<playground<tenure_test::p::immediate>, playground<tenure_test::p::deferred<1>>,
             playground<tenure_test::p::deferred<3>>, playground<tenure_test::p::periodic_sweep>,
             playground<tenure_test::p::final_close>,
             playground<tenure_test::p::keep_warm<2, tenure::microseconds(50)>>,
             playground<tenure_test::p::adaptive>,
             playground<tenure_test::p::limit_idle_bytes<tenure_test::p::final_close, 50'000>>,
             playground<tenure_test::p::resident>, playground<tenure_test::keep_three>>
      all;

  template <class Visit> void each(Visit&& visit) {
    std::apply([&](auto&... one) { (visit(one), ...); }, all);
  }
  void step(thread_state& t) {
    std::size_t chosen = t.below(std::tuple_size_v<decltype(all)>);
    each([&](auto& one) {
      if (chosen-- == 0) one.step(t);
    });
  }
};

void run_thread(world& w, unsigned number, std::uint64_t seed, std::chrono::steady_clock::time_point end) {
  thread_state t{number, std::mt19937_64(seed), {}, {}, {}};
  std::uint64_t done = 0;
  for (; std::chrono::steady_clock::now() < end; ++done) w.step(t);
  for (tenure::module& m : t.handles) m.reset();
  t.pin.reset();
  w.each([](auto& one) { one.safe_point(); });
  steps += done;
}

} // namespace

int main() {
  const auto seconds = setting("TENURE_TORTURE_SECONDS", 2);
  const auto seed = setting("TENURE_TORTURE_SEED", std::random_device()());
  std::printf("torture: %llu s, seed %llu, %u threads\n", seconds, seed, threads);
  const tenure_test::hook hook{
      [](const std::string&, module_event what) { alive += what == module_event::initialised ? 1 : -1; }};
  const int names_in_order = 10;
  const char* const names[names_in_order] = {"immediate",        "deferred<1>", "deferred<3>",
                                             "periodic_sweep",   "final_close", "keep_warm<2, 50us>", "adaptive",
                                             "limit_idle_bytes", "resident",    "keep_three"};
  {
    world w;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    std::vector<std::thread> running;
    for (unsigned i = 0; i != threads; ++i) running.emplace_back([&, i] { run_thread(w, i, seed + i, end); });
    for (std::thread& t : running) t.join();
    int i = 0;
    w.each([&](auto& one) { one.finish(names[i++]); });
    check(wrong_answers == 0, "wrong answers", "all", wrong_answers);
    const int staying =
        1 + tenure_test::left_behind(names_in_order - 1); // managers whose modules are alive still
    check(alive <= staying * static_cast<int>(files_per_manager + threads), "alive",
          "all that should have gone", static_cast<std::uint64_t>(alive));
  }
  std::printf("%llu steps, %d checks failed\n", static_cast<unsigned long long>(steps), failed_checks.load());
  return failed_checks == 0 ? 0 : 1;
}
