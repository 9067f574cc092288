#include "module_thread.hpp"

#include "holder_notes.hpp"
#include "host_thread.hpp"

namespace tenure::inline v1::detail {
struct running_thread : host_thread {};

running_thread* start_thread(record& held, void (*body)(void*) noexcept, void* argument,
                             const code_location* taken, failure& why) noexcept {
  auto* const t = new (std::nothrow) running_thread;
  if (t == nullptr) {
    set_failure(why, errc::out_of_memory, "", "");
    return nullptr;
  }
  const auto run = [r = &held, body, argument, t] {
    body(argument);
    forget_hold({t});
    drop_reference(*r);
  };
  note_hold({t}, held, holder_kind::thread, taken);
  if (t->start(run, why)) return t;
  forget_hold({t});
  delete t;
  return nullptr;
}

void join_thread(running_thread* t) noexcept {
  t->join();
  delete t;
}

bool start_detached(record& held, void (*body)(void*), void* argument, failure& why) noexcept {
  return started(why, [&] {
    std::thread([r = &held, body, argument]() noexcept {
      body(argument);
      drop_reference(*r);
    }).detach();
  });
}

} // namespace tenure::inline v1::detail
