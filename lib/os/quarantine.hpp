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

struct departed; // one module in the ledger

// Notes an image that is about to be unmapped: threads in it may fault before the call that unmaps it has
// returned. `why`: static, such as "by a sweep". Null if there is no ledger, or nobody knows where the image
// lies. Any thread.
departed* announce_departure(const mapped_image& image, const char* path, const char* why) noexcept;

// Reserves the addresses if the image is gone; else, or if somebody else has mapped something there already,
// the note is taken back. `note`: may be null.
void finish_departure(departed* note, bool gone) noexcept;

// Makes room for what is remembered, before it is needed: memory that is asked for right after an unmapping
// comes from the very addresses that are to be reserved. Once per process.
void prepare_quarantine() noexcept;

// From now on faults at quarantined addresses are told on the standard error output, then handled by whoever
// handled them before. Once per process; the handler stays.
void explain_faults() noexcept;

} // namespace tenure::inline v1::os

#endif
