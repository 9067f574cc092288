#include "module_thread.hpp"

#include "calls.hpp"
#include "holder_notes.hpp"
#include "host_thread.hpp"

namespace tenure::inline v1::detail {
struct running_thread : host_thread {};

namespace {

// The body is a call in flight: a shutdown waits for it (M-H8), and one from inside it does not.
template <class Body> void run_as_call(record& r, Body* body, void* argument) noexcept {
  take_over_call(r);
  body(argument);
  leave_call(r);
}

} // namespace

running_thread* start_thread(record& held, void (*body)(void*) noexcept, void* argument,
                             const code_location* taken, failure& why) noexcept {
  auto* const t = new (std::nothrow) running_thread;
  if (t == nullptr) set_failure(why, errc::out_of_memory, "", "");
  if (t == nullptr || !begin_call(held, why)) {
    delete t;
    return nullptr;
  }
  const auto run = [r = &held, body, argument, t] {
    run_as_call(*r, body, argument);
    forget_hold({t});
    drop_reference(*r);
  };
  note_hold({t}, held, holder_kind::thread, taken);
  if (t->start(run, why)) return t;
  forget_hold({t});
  end_call(held);
  delete t;
  return nullptr;
}

void join_thread(running_thread* t) noexcept {
  t->join();
  delete t;
}

bool start_detached(record& held, void (*body)(void*), void* argument, failure& why) noexcept {
  if (!begin_call(held, why)) return false;
  const bool runs = started(why, [&] {
    std::thread([r = &held, body, argument]() noexcept {
      run_as_call(*r, body, argument);
      drop_reference(*r);
    }).detach();
  });
  if (!runs) end_call(held);
  return runs;
}

} // namespace tenure::inline v1::detail
