// How a build with TENURE_TRACK_HOLDERS differs from one without. Each source file chooses; the library
// serves both.
//
// Handles of the two builds have the same size and the same library behind them, but different code, so they
// have different names: tenure::v1::tracked::module and tenure::v1::module. Files of both kinds may be in one
// program, and what one of them calls of the other's links only where no handle is passed. What is not a
// handle is in no such namespace, and must not differ.
#ifndef TENURE_DETAIL_TRACKING_HPP
#define TENURE_DETAIL_TRACKING_HPP

#include <tenure/detail/record.hpp>
#include <tenure/holder.hpp>

#if defined(TENURE_TRACK_HOLDERS)
#  define TENURE_HANDLES tenure::inline v1::inline tracked
#  define TENURE_HANDLE_DETAILS tenure::inline v1::detail::inline tracked
#  define TENURE_IF_TRACKED(...) __VA_ARGS__
#  define TENURE_TAKEN_OR_NULL &taken
#  define TENURE_HOLDERS_ARE_TRACKED true
#else
#  define TENURE_HANDLES tenure::inline v1
#  define TENURE_HANDLE_DETAILS tenure::inline v1::detail
#  define TENURE_IF_TRACKED(...)
#  define TENURE_TAKEN_OR_NULL nullptr
#  define TENURE_HOLDERS_ARE_TRACKED false
#endif

// The last parameter of whatever gives a handle, and its argument; with and without something before it.
#define TENURE_TAKEN_HERE                                                                                    \
  TENURE_IF_TRACKED(const ::tenure::code_location& taken = ::tenure::code_location::current())
#define TENURE_AND_TAKEN_HERE                                                                                \
  TENURE_IF_TRACKED(, const ::tenure::code_location& taken = ::tenure::code_location::current())
#define TENURE_TAKEN TENURE_IF_TRACKED(taken)
#define TENURE_AND_TAKEN TENURE_IF_TRACKED(, taken)

namespace tenure::inline v1::detail {

// What holds is listed under its address. Pre: the caller has the hold, so the module does not go meanwhile.
TENURE_API void note_holder(const void* at, const record& r, holder_kind kind,
                            const code_location& taken) noexcept;
TENURE_API void relabel_holder(const void* at, holder_kind kind) noexcept;
TENURE_API void forget_holder(const void* at) noexcept;
TENURE_API void move_holder(const void* to,
                            const void* from) noexcept; // what was listed under `to` is forgotten
TENURE_API void swap_holders(const void* a, const void* b) noexcept;

} // namespace tenure::inline v1::detail

#endif
