#include "departure.hpp"

#include "os/frame.hpp"
#include "os/other_threads.hpp"
#include "os/own_stack.hpp"
#include "os/references.hpp"
#include "os/runtime_hooks.hpp"

#include <new>
#include <string_view>

namespace tenure::inline v1::detail {
namespace {

std::string_view words_for(os::stack_evidence evidence) noexcept {
  switch (evidence) {
  case os::stack_evidence::interrupted_code:
    return "a signal interrupted its code, and the handler still runs";
  case os::stack_evidence::exception_in_flight:
    return "an exception in flight needs its code or type information";
  default:
    return "a call of its code has not returned";
  }
}

std::string_view words_for(os::thread_evidence evidence) noexcept {
  switch (evidence) {
  case os::thread_evidence::executing_code:
    return "runs its code";
  case os::thread_evidence::no_answer:
    return "gives no answer, and may be in it";
  default:
    return "has a call of its code that has not returned";
  }
}

bool ask_own_stack(const module_record& r, departure_finding& finding) {
  const os::stack_finding found = os::scan_own_stack(r.image);
  if (!found) return false;
  finding.tell("on the stack of this thread, {}: {}, at +{:#x}", os::this_thread_number(),
               words_for(found.evidence), found.address - r.image.whole.begin);
  return true;
}

bool ask_runtime_hooks(const module_record& r, departure_finding& finding) {
  const os::hook_finding found = os::scan_runtime_hooks(r.image);
  if (!found) return false;
  finding.tell("still installed: {}, at +{:#x}", found.what, found.address - r.image.whole.begin);
  return true;
}

bool ask_other_threads(const module_record& r, departure_finding& finding) {
  const os::thread_finding found = os::scan_other_threads(r.image);
  if (!found) return false;
  if (found.address == 0)
    finding.tell("thread {} {}", found.thread, words_for(found.evidence));
  else
    finding.tell("thread {} {}, at +{:#x}", found.thread, words_for(found.evidence),
                 found.address - r.image.whole.begin);
  return true;
}

constexpr std::size_t places_told = 4;

// What is the library's own points into the image, too: the record's fields, and what calls of the loader
// left in its frames.
bool ask_for_references(const module_record& r, std::uintptr_t entry, departure_finding& finding) {
  if (!os::memory_is_searched()) return false;
  if (r.baseline == nullptr || !r.baseline->taken()) {
    finding.tell("who points into it cannot be told: nobody looked right after its load (see "
                 "manager_options::remember_references)");
    return true;
  }
  const auto own = reinterpret_cast<std::uintptr_t>(&r);
  const std::uintptr_t below = os::below_this_frame();
  const os::address_range not_these[] = {{own, own + sizeof r}, {below, entry > below ? entry : below}};
  os::reference_place places[places_told];
  const os::reference_search found = os::find_references(r.image, *r.baseline, places, not_these);
  if (!found.available) {
    finding.tell("who points into it cannot be told: the system refused a look at this process's memory");
    return true;
  }
  if (found.count == found.unreached) return false;
  std::string told;
  for (std::size_t i = 0; i != places_told && i != found.count; ++i)
    told += (i == 0 ? "" : "; ") + describe(places[i]);
  finding.tell("{} place{} in memory still point{} into it: {}", found.count, found.count == 1 ? "" : "s",
               found.count == 1 ? "s" : "", told);
  return true;
}

bool ask(departure_check level, const module_record& r, std::uintptr_t entry, departure_finding& finding) {
  if (level >= departure_check::own_stack && (ask_own_stack(r, finding) || ask_runtime_hooks(r, finding)))
    return true;
  if (level >= departure_check::threads && ask_other_threads(r, finding)) return true;
  return level >= departure_check::references && ask_for_references(r, entry, finding);
}

} // namespace

departure_finding ask_before_departure(departure_check level, const module_record& r,
                                       std::uintptr_t entry) noexcept {
  departure_finding finding;
  try {
    ask(level, r, entry, finding);
  } catch (const std::bad_alloc&) {
    finding.tell("something still needs it, and there is no memory to say what");
  }
  return finding;
}

std::unique_ptr<os::reference_baseline> references_after_load(const os::mapped_image& image) noexcept {
  std::unique_ptr<os::reference_baseline> noted(new (std::nothrow) os::reference_baseline);
  if (noted != nullptr) *noted = os::reference_baseline::take(image);
  return noted;
}

} // namespace tenure::inline v1::detail
