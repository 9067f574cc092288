// Exceptions that a module let out: their type, their destructor and what() are the module's, so it stays
// loaded until the last copy of the exception is gone, on whatever thread.
#include "os/exception_head.hpp"
#include "holder_notes.hpp"
#include "registry.hpp"

#include <cstring>
#include <exception>
#include <new>
#include <utility>

namespace tenure::inline v1::detail {

#if defined(TENURE_ITANIUM_EXCEPTIONS)

namespace {

using destructor_call = void (*)(void*);

// One hold on a module by one exception object. An exception that crosses several boundaries has several; the
// oldest knows the object's own destructor.
struct thrown_hold {
  thrown_hold* next;
  void* object;
  destructor_call destroy;
  record* held;
};

// Guards the list of holds. A leaf. Never destroyed: exceptions may outlive static objects.
sync::mutex& holds_mutex() noexcept { return sync::process_mutex<thrown_hold>(); }
constinit thrown_hold* holds = nullptr;

// The holds of one object, newest first, out of the list.
thrown_hold* take_holds(const void* object) noexcept {
  const sync::scoped_lock lock(holds_mutex());
  thrown_hold* taken = nullptr;
  thrown_hold** end = &taken;
  for (thrown_hold** at = &holds; *at != nullptr;) {
    thrown_hold* const h = *at;
    if (h->object != object) {
      at = &h->next;
      continue;
    }
    *at = std::exchange(h->next, nullptr);
    *end = h;
    end = &h->next;
  }
  return taken;
}

// What the runtime calls in place of the object's own destructor: that one first, then, in host code, the
// modules go.
void destroy_thrown(void* object) {
  thrown_hold* const taken = take_holds(object);
  for (const thrown_hold* h = taken; h != nullptr; h = h->next)
    if (h->next == nullptr && h->destroy != nullptr) h->destroy(object);
  for (thrown_hold* h = taken; h != nullptr;) {
    thrown_hold* const next = h->next;
    forget_hold({h});
    drop_reference(*h->held);
    delete h;
    h = next;
  }
}

// The object of the exception that is being handled; null for one of another language.
void* object_in_hand() noexcept {
  const std::exception_ptr in_hand = std::current_exception();
  void* object = nullptr;
  static_assert(sizeof in_hand == sizeof object,
                "libstdc++ and libc++ hold the object's address, and nothing else");
  std::memcpy(&object, &in_hand, sizeof object);
  return object;
}

} // namespace

void keep_while_thrown(record& r) noexcept {
  void* const object = object_in_hand();
  if (object == nullptr) return;
  auto& head = *(static_cast<os::exception_head*>(object) - 1);
  auto* const hold = new (std::nothrow) thrown_hold{nullptr, object, nullptr, &r};
  if (hold == nullptr) {
    pin_module(r); // no memory: it stays for good, rather than go too early
    return;
  }
  take_reference(r);
  note_hold({hold}, r, holder_kind::exception, nullptr);
  const sync::scoped_lock lock(holds_mutex());
  const auto ours = reinterpret_cast<std::uintptr_t>(&destroy_thrown);
  if (head.destructor != ours)
    hold->destroy = reinterpret_cast<destructor_call>(std::exchange(head.destructor, ours));
  hold->next = std::exchange(holds, hold);
}

#else

// The runtime gives no way to its exceptions: the module stays.
void keep_while_thrown(record& r) noexcept { pin_module(r); }

#endif

} // namespace tenure::inline v1::detail
