// One thread of a replay: it does its steps of the trace, tick by tick.
#ifndef TENURE_BENCH_SESSION_PLAYER_HPP
#define TENURE_BENCH_SESSION_PLAYER_HPP

#include "host.hpp"
#include "stage.hpp"
#include "symbols.hpp"
#include "trace.hpp"

#include <map>
#include <mutex>

namespace session {

// What the players share.
struct play {
  stage& on;
  const std::vector<plugin>& plugins;
  std::vector<std::mutex>& busy; // one for each plug-in: few allow two threads at the same time. Leaves, but
                                 // for the hosts' own; never held while a module is opened or released
};

class player {
public:
  player(const play& shared, const std::vector<step>& steps, std::uint16_t slots);

  // All steps of this tick. Threads: one player, one thread.
  void do_tick(std::uint32_t tick);

  // Afterwards.
  std::vector<std::uint64_t> open_times; // nanoseconds, in the order of the opens
  std::uint64_t digest = 0;
  std::uint64_t done[3] = {}; // by action
  std::uint64_t works_made = 0, works_ended = 0;
  std::map<std::uint32_t, std::uint64_t> wrong_results; // by plug-in
  std::vector<std::string> errors;

private:
  struct held {
    tenure::module module;                     // released last
    std::unique_ptr<session::symbols> symbols; // outlive the work
    std::unique_ptr<session::work> work;
  };

  void do_step(const step& s);
  void open(const step& s);
  void call(const step& s);
  void release(const step& s);

  play shared_;
  const std::vector<step>& steps_;
  std::size_t next_ = 0;
  std::vector<held> slots_;
};

} // namespace session

#endif
