// The host of LADSPA effects: all effects of a file, each on a block of samples.
#include "ladspa.hpp"
#include "host.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <numbers>
#include <stdexcept>
#include <vector>

namespace session {
namespace {

constexpr unsigned long sample_rate = 48'000; // samples a second
constexpr std::size_t block = 512;            // samples a call; a power of two, as some effects want it

using namespace ladspa;

// Between the limits, a quarter, half or three quarters of the way, as ladspa.h defines it.
float between(const range_hint& h, float lower, float upper, float part) {
  if ((h.flags & hint_logarithmic) != 0 && lower > 0 && upper > 0)
    return std::exp(std::log(lower) * (1 - part) + std::log(upper) * part);
  return lower * (1 - part) + upper * part;
}

// A value within the limits for a port that names none.
float within(const range_hint& h, float lower, float upper) {
  if ((h.flags & hint_toggled) != 0) return 0;
  if ((h.flags & hint_below) != 0 && lower > 0) return lower;
  if ((h.flags & hint_above) != 0 && upper < 0) return upper;
  return 0;
}

float default_of(const range_hint& h) {
  const float unit = (h.flags & hint_of_rate) != 0 ? static_cast<float>(sample_rate) : 1.F;
  const float lower = h.lower * unit, upper = h.upper * unit;
  switch (h.flags & hint_default) {
  case hint_minimum:
    return lower;
  case hint_low:
    return between(h, lower, upper, 0.25F);
  case hint_middle:
    return between(h, lower, upper, 0.5F);
  case hint_high:
    return between(h, lower, upper, 0.75F);
  case hint_maximum:
    return upper;
  case hint_0:
    return 0;
  case hint_1:
    return 1;
  case hint_100:
    return 100;
  case hint_440:
    return 440;
  default:
    return within(h, lower, upper);
  }
}

// A sine of 440 Hz with a little noise, below full scale; the same in every call.
std::array<float, block> make_signal() {
  std::array<float, block> signal{};
  std::uint32_t noise = 1;
  for (std::size_t i = 0; i != block; ++i) {
    noise = noise * 1'664'525U + 1'013'904'223U; // Numerical Recipes' generator
    const float hiss = static_cast<float>(noise >> 16) / 65536.F - 0.5F;
    const float turn = static_cast<float>(i) * 440.F / static_cast<float>(sample_rate);
    signal[i] = 0.25F * std::sin(2.F * std::numbers::pi_v<float> * turn) + 0.05F * hiss;
  }
  return signal;
}

// Effects of different files share what is not made for threads (FFTW's planner): hosts make and end them on
// one thread, we under one lock.
std::mutex& making() {
  static std::mutex lock;
  return lock;
}

// One effect, connected and active.
class effect {
public:
  explicit effect(const descriptor& d)
      : what_(d)
      , made_(d.instantiate(&d, sample_rate))
      , ports_(d.port_count) {
    if (made_ == nullptr) throw std::runtime_error(std::string(d.label) + " could not be instantiated");
    for (unsigned long i = 0; i != d.port_count; ++i) connect(i);
    if (d.activate != nullptr) d.activate(made_);
  }
  effect(const effect&) = delete;
  effect& operator=(const effect&) = delete;
  ~effect() {
    if (what_.deactivate != nullptr) what_.deactivate(made_);
    what_.cleanup(made_);
  }

  std::uint64_t run() {
    what_.run(made_, block);
    std::uint64_t bad = 0;
    for (unsigned long i = 0; i != what_.port_count; ++i)
      if ((what_.ports[i] & port_output) != 0) bad += count_bad(ports_[i]);
    return bad;
  }

private:
  void connect(unsigned long i) {
    static const std::array<float, block> signal = make_signal();
    const bool audio = (what_.ports[i] & port_audio) != 0, input = (what_.ports[i] & port_input) != 0;
    ports_[i].assign(audio ? block : 1, audio || !input ? 0.F : default_of(what_.hints[i]));
    if (audio && input) std::copy(signal.begin(), signal.end(), ports_[i].begin());
    what_.connect_port(made_, i, ports_[i].data());
  }
  static std::uint64_t count_bad(const std::vector<float>& data) {
    return static_cast<std::uint64_t>(
        std::count_if(data.begin(), data.end(), [](float x) { return !std::isfinite(x); }));
  }

  const descriptor& what_;
  void* made_;
  std::vector<std::vector<float>> ports_; // a buffer for each: effects may not like to share
};

class ladspa_work final : public work {
public:
  explicit ladspa_work(find_descriptor& find) {
    const std::scoped_lock lock(making());
    for (unsigned long i = 0; const descriptor* d = find(i); ++i)
      effects_.push_back(std::make_unique<effect>(*d));
  }
  ~ladspa_work() override {
    const std::scoped_lock lock(making());
    effects_.clear();
  }
  std::uint64_t call() override {
    std::uint64_t bad = 0;
    for (const auto& e : effects_) bad += e->run();
    return bad;
  }

private:
  std::vector<std::unique_ptr<effect>> effects_;
};

} // namespace

std::unique_ptr<work> start_ladspa(exports& from) {
  return std::make_unique<ladspa_work>(*from.function<find_descriptor>("ladspa_descriptor"));
}

} // namespace session
