// What a program does with a plug-in while it holds it: one host for each kind.
#ifndef TENURE_BENCH_SESSION_HOST_HPP
#define TENURE_BENCH_SESSION_HOST_HPP

#include "plugin.hpp"

#include <tenure/module.hpp>

#include <cstdint>
#include <memory>

namespace session {

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

// Pre: `m` is p's file. Errors: throws tenure::error for a missing symbol, std::runtime_error for a refusal
// of the plug-in.
[[nodiscard]] std::unique_ptr<work> start(const plugin& p, const tenure::module& m);

// Which host can use it.
[[nodiscard]] kind kind_of(const plugin& p, const tenure::module& m);

[[nodiscard]] std::unique_ptr<work> start_ladspa(const tenure::module& m);
[[nodiscard]] std::unique_ptr<work> start_frei0r(const tenure::module& m);
[[nodiscard]] std::unique_ptr<work> start_coder(const plugin& p, const tenure::module& m);
[[nodiscard]] std::unique_ptr<work> start_gconv(const plugin& p, const tenure::module& m);

// "RegisterPNGImage" for png.so.
[[nodiscard]] std::string coder_symbol(const plugin& p, const char* verb);
// The character set that a folder's gconv-modules file gives to this module; empty if none.
[[nodiscard]] std::string character_set_of(const plugin& p);

} // namespace session

#endif
