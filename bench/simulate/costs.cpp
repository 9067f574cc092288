#include "costs.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace simulate {
namespace {

constexpr double mib = 1024.0 * 1024.0;

void price_idle(module_cost& c, double price) { c.idle = static_cast<double>(c.bytes) / mib * price / 1e3; }

void pay_idle(bill& b, const module_cost& c, double seconds) {
  b.idle_mib_seconds += seconds * static_cast<double>(c.bytes) / mib;
  b.cost += seconds * c.idle;
}

void pay_load(bill& b, const module_cost& c) {
  ++b.loads;
  b.cost += c.load;
}

void pay_gap(bounds& b, const module_cost& c, double seconds) {
  if (seconds * c.idle <= c.load) {
    pay_idle(b.optimum, c, seconds);
    pay_idle(b.ski_rental, c, seconds);
    return;
  }
  pay_load(b.optimum, c);
  pay_idle(b.ski_rental, c, c.load / c.idle);
  pay_load(b.ski_rental, c);
}

} // namespace

std::vector<module_cost> draw_costs(std::uint32_t modules, double price, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> part(0, 1);
  std::vector<module_cost> all(modules);
  for (module_cost& c : all) {
    c.load = 40e-6 * std::pow(100, part(random));
    c.bytes = static_cast<std::size_t>(16 * 1024 * std::pow(256, part(random)));
    price_idle(c, price);
  }
  return all;
}

std::size_t take_measured(std::vector<module_cost>& costs, const std::vector<recorded_module>& modules,
                          double price) {
  std::size_t measured = 0;
  for (std::size_t i = 0; i != modules.size(); ++i) {
    if (modules[i].load < 0) continue;
    costs[i].load = modules[i].load;
    costs[i].bytes = static_cast<std::size_t>(modules[i].bytes);
    price_idle(costs[i], price);
    ++measured;
  }
  return measured;
}

// A module is idle when the last of those that hold it lets go.
bounds bounds_of(trace& t, const std::vector<module_cost>& costs) {
  constexpr std::int64_t not_yet = -1;
  std::vector<std::int64_t> free_at(costs.size(), not_yet);
  bounds b;
  opening o;
  t.begin();
  std::int64_t end = 0;
  while (t.next(o)) {
    std::int64_t& free = free_at[o.module];
    if (free == not_yet) {
      pay_load(b.optimum, costs[o.module]);
      pay_load(b.ski_rental, costs[o.module]);
    } else if (free < o.at) {
      pay_gap(b, costs[o.module], static_cast<double>(o.at - free) / 1e9);
    }
    free = std::max(free, o.at + o.hold);
    end = std::max(end, free);
  }
  for (std::size_t i = 0; i != costs.size();
       ++i) // what is kept until the trace ends: nothing, or until it is too dear
    if (free_at[i] != not_yet && costs[i].idle > 0)
      pay_idle(b.ski_rental, costs[i],
               std::min(static_cast<double>(end - free_at[i]) / 1e9, costs[i].load / costs[i].idle));
  return b;
}

} // namespace simulate
