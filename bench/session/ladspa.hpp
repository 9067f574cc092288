// The part of LADSPA's C interface that a host needs, in its order
// (https://www.ladspa.org/ladspa_sdk/ladspa.h.txt).
#ifndef TENURE_BENCH_SESSION_LADSPA_HPP
#define TENURE_BENCH_SESSION_LADSPA_HPP

namespace session::ladspa {

struct range_hint {
  int flags;
  float lower, upper;
};
struct descriptor {
  unsigned long id;
  const char* label;
  int properties;
  const char *title, *maker, *copyright;
  unsigned long port_count;
  const int* ports;
  const char* const* port_names;
  const range_hint* hints;
  void* own;
  void* (*instantiate)(const descriptor*, unsigned long rate);
  void (*connect_port)(void*, unsigned long port, float* data);
  void (*activate)(void*);
  void (*run)(void*, unsigned long samples);
  void (*run_adding)(void*, unsigned long samples);
  void (*set_run_adding_gain)(void*, float);
  void (*deactivate)(void*);
  void (*cleanup)(void*);
};
using find_descriptor = const descriptor*(unsigned long index);

enum port : int { port_input = 1, port_output = 2, port_control = 4, port_audio = 8 };
enum hint : int {
  hint_below = 0x1,
  hint_above = 0x2,
  hint_toggled = 0x4,
  hint_of_rate = 0x8,
  hint_logarithmic = 0x10,
  hint_default = 0x3c0, // the field of the values that follow
  hint_minimum = 0x40,
  hint_low = 0x80,
  hint_middle = 0xc0,
  hint_high = 0x100,
  hint_maximum = 0x140,
  hint_0 = 0x200,
  hint_1 = 0x240,
  hint_100 = 0x280,
  hint_440 = 0x2c0,
};

} // namespace session::ladspa

#endif
