// Who opens which module when, and for how long: made up, one open after the other, or read from a file.
#ifndef TENURE_BENCH_SIMULATE_TRACE_HPP
#define TENURE_BENCH_SIMULATE_TRACE_HPP

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace simulate {

struct opening {
  std::int64_t at = 0;   // nanoseconds since the trace began; never less than the one before
  std::int64_t hold = 0; // until it is released
  std::uint32_t module = 0;
};

// The same openings whenever it is begun again.
class trace {
public:
  trace() = default;
  trace(const trace&) = delete;
  trace& operator=(const trace&) = delete;
  virtual ~trace() = default;
  virtual void begin() = 0;
  // False at the end.
  [[nodiscard]] virtual bool next(opening& o) = 0;
  [[nodiscard]] virtual std::uint32_t modules() const = 0;
};

struct wish {
  std::uint64_t openings = 200'000;
  std::uint32_t modules = 300;
  double per_second = 2;      // openings, on average
  double hold_seconds = 0.05; // mean
  std::uint64_t seed = 1;
};

// zipf: each open is independent of the others, popularity by Zipf's law. diurnal: the same, by day ten times
// as often as by night. bursts: one module many times in a row. scans: zipf, and now and then all modules
// once.
inline constexpr const char* trace_kinds[] = {"zipf", "diurnal", "bursts", "scans"};
// Pre: `kind` is one of them.
[[nodiscard]] std::unique_ptr<trace> make_trace(const std::string& kind, const wish& w);

// Of a trace that was read.
struct recorded_module {
  std::string name;
  double load = -1; // seconds, measured; negative: not known
  double bytes = 0;
};
// Lines of "seconds,module,hold seconds", in order of time. The first may be one of words: if it ends in
// ",load,bytes", so do the others, with seconds and bytes, or nothing, of the module. Modules are named by
// any text, and `modules` gets what is known of each. Errors: std::runtime_error with the line.
[[nodiscard]] std::unique_ptr<trace> read_trace(const std::string& file,
                                                std::vector<recorded_module>& modules);

} // namespace simulate

#endif
