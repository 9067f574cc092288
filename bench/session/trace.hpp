// What the session does, and when: made once from a seed, then replayed under every policy.
#ifndef TENURE_BENCH_SESSION_TRACE_HPP
#define TENURE_BENCH_SESSION_TRACE_HPP

#include <cstdint>
#include <vector>

namespace session {

// Session time goes in ticks. What happens within one is simultaneous; threads meet at its end.
inline constexpr unsigned ticks_per_second = 20;
inline constexpr unsigned sweep_interval =
    ticks_per_second; // ticks: the program sweeps once a session second

enum class action : std::uint8_t { open, call, release };

struct step {
  std::uint32_t tick;
  std::uint32_t plugin; // index of the usable ones
  std::uint16_t slot;   // which of the thread's handles
  action what;
};

struct trace {
  std::vector<std::vector<step>> threads; // each in order
  std::uint32_t ticks = 0;
  std::uint16_t slots = 0;          // of each thread
  std::uint64_t digest = 0;         // of all steps: who replays it must come to the same
  std::vector<std::uint32_t> opens; // of each plug-in

  [[nodiscard]] std::uint64_t count(action what) const noexcept;
};

struct trace_wish {
  std::uint64_t seed = 1;
  unsigned seconds = 60; // of session time
  unsigned threads = 4;
  std::size_t plugins = 0;
};

// Bursts of work with pauses between them, each thread at its own. A burst is about a few plug-ins that it
// opens again and again, and now and then another one; which ones, by Zipf's law over all. The last tenth is
// silence, so that one sees who keeps what. The same wish gives the same trace with every compiler. Pre:
// plugins > 0.
[[nodiscard]] trace make_trace(const trace_wish& wish);

// Of one step, added to what came before.
[[nodiscard]] std::uint64_t digest_of(std::uint64_t before, const step& s) noexcept;
// Of the threads' digests, in their order.
[[nodiscard]] std::uint64_t combine(const std::vector<std::uint64_t>& digests) noexcept;

// The plug-ins that were opened most, most first.
[[nodiscard]] std::vector<std::uint32_t> most_popular(const trace& t, std::size_t n);

} // namespace session

#endif
