// Keeps the addresses of modules that are gone: what still points there faults, instead of running the code
// of whatever the system would have put there next. A fault can be explained before the process goes down.
#ifndef TENURE_LIB_OS_QUARANTINE_HPP
#define TENURE_LIB_OS_QUARANTINE_HPP

#include "mapped_image.hpp"

#include <tenure/duration.hpp>

namespace tenure::inline v1::os {

// How many modules are remembered; after that the oldest one's addresses are given back.
inline constexpr std::size_t quarantine_room = 1024;
inline constexpr std::size_t longest_quarantined_path = 224; // bytes that an explanation shows, the end of it

// Reserves the addresses of an image that was just unmapped. `why`: a static text that goes on "it was closed
// ". False if somebody else has mapped something there already, or the system has no such thing. Any thread.
bool quarantine_image(const mapped_image& image, const char* path, const char* why) noexcept;

// From now on faults at quarantined addresses are told on the standard error output, then handled by whoever
// handled them before. Once per process; the handler stays.
void explain_faults() noexcept;

} // namespace tenure::inline v1::os

#endif
