// What does it cost to have many idle modules?
#include "ours.hpp"

#include <fmt/core.h>
#include <tenure/tenure.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace bench {
namespace {

using manager = tenure::manager<tenure::policy::periodic_sweep>;

constexpr unsigned opens_before = 100; // it looks at the file at the first 64, and then at every 4,096th

// All idle, stamped, and not due for ten minutes.
std::shared_ptr<manager> all_idle(const std::vector<std::string>& files, std::size_t count) {
  auto modules = std::make_shared<manager>();
  for (std::size_t i = 0; i != count; ++i) static_cast<void>(modules->open(files[i]));
  static_cast<void>(modules->sweep());
  return modules;
}

// A share of the modules is held, the others are idle; all are opened and let go in turn.
void ask_share(suite& s, const std::vector<std::string>& files, unsigned percent) {
  auto modules = std::make_shared<manager>();
  auto held = std::make_shared<std::vector<tenure::module>>();
  for (std::size_t i = 0; i != files.size(); ++i) {
    tenure::module m = modules->open(files[i]);
    for (unsigned opens = 0; opens != opens_before; ++opens) m = modules->open(files[i]);
    if (i * 100 >= files.size() * percent) held->push_back(std::move(m));
  }
  s.add(fmt::format("{} % idle", percent), "open and release", role::ours, [=](benchmark::State& state) {
    std::size_t next = 0;
    for (auto _ : state) {
      const tenure::module m = modules->open(files[next]);
      escape(m);
      next = (next + 7) % files.size();
    }
  });
  s.add(fmt::format("{} % idle", percent), "a sweep, nothing due", role::ours, [=](benchmark::State& state) {
    static_cast<void>(held);
    for (auto _ : state) escape(modules->sweep());
  });
}

} // namespace

void ask_sweep(suite& s, const std::vector<std::string>& files) {
  for (const std::size_t count : {files.size() / 10, files.size()}) {
    const auto modules = all_idle(files, count);
    s.add(count == files.size() ? "sweep, nothing due" : "sweep, nothing due of a tenth",
          "tenure, periodic_sweep", role::ours, [modules](benchmark::State& state) {
            for (auto _ : state) escape(modules->sweep());
          });
  }
  s.run();
}

void ask_idle_share(suite& s, const std::vector<std::string>& files) {
  for (const unsigned percent : {0U, 25U, 50U, 75U, 100U}) ask_share(s, files, percent);
  s.run();
}

} // namespace bench
