// What a program does with a plug-in while it holds it: one host for each kind.
#ifndef TENURE_BENCH_SESSION_HOST_HPP
#define TENURE_BENCH_SESSION_HOST_HPP

#include "plugin.hpp"

#include <cstdint>
#include <memory>

namespace session {

// Where a host finds a plug-in's functions: in a module of Tenure's or, for comparison, in what plain dlopen
// gave.
class exports {
public:
  exports() = default;
  exports(const exports&) = delete;
  exports& operator=(const exports&) = delete;
  virtual ~exports() = default;
  // Null if there is none.
  [[nodiscard]] virtual void* find(const char* name) = 0;
  // Errors: throws std::runtime_error if there is none.
  template <class F> [[nodiscard]] F* function(const char* name) {
    return reinterpret_cast<F*>(found(find(name), name));
  }

private:
  [[nodiscard]] static void* found(void* address, const char* name);
};

// A plug-in at work: made by its host, called any number of times, ended by its destructor.
// Obtained from: start(). Threads: calls of one object from one thread at a time; objects of different
// plug-ins at the same time. Objects of one plug-in must not overlap (few plug-ins promise more): the caller
// holds a lock per plug-in.
class work {
public:
  work() = default;
  work(const work&) = delete;
  work& operator=(const work&) = delete;
  virtual ~work() = default;
  // One block, one frame, one text. Returns how many of its results are wrong: not finite, not written, no
  // character.
  virtual std::uint64_t call() = 0;
};

// Pre: `from` is p's file, and outlives the work. Errors: throws std::runtime_error for a missing symbol or a
// refusal of the plug-in.
[[nodiscard]] std::unique_ptr<work> start(const plugin& p, exports& from);

// Which host can use it.
[[nodiscard]] kind kind_of(const plugin& p, exports& from);

[[nodiscard]] std::unique_ptr<work> start_ladspa(exports& from);
[[nodiscard]] std::unique_ptr<work> start_frei0r(const plugin& p, exports& from);
[[nodiscard]] std::unique_ptr<work> start_coder(const plugin& p, exports& from);
[[nodiscard]] std::unique_ptr<work> start_gconv(const plugin& p, exports& from);

// "RegisterPNGImage" for png.so.
[[nodiscard]] std::string coder_symbol(const plugin& p, const char* verb);
// The character set that a folder's gconv-modules file gives to this module; empty if none.
[[nodiscard]] std::string character_set_of(const plugin& p);

} // namespace session

#endif
