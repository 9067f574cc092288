// Objects by key. Module code (destructors, releases of interfaces) runs without the table's mutex, after the
// object was taken out of the table: whoever asks meanwhile, the object itself included, finds a stale key.
#include "calls.hpp"
#include "failure_access.hpp"
#include "gated_lock.hpp"
#include "holder_notes.hpp"
#include "slots.hpp"
#include "sync.hpp"

#include <tenure/keyed.hpp>

#include <memory>
#include <new>
#include <string>
#include <utility>

namespace tenure::inline v1::detail {

struct open_interface {
  std::unique_ptr<open_interface> next;
  void* offered = nullptr;
  release_call* call = nullptr;
  any_function* release = nullptr; // null: nothing has to be released
};

namespace {

struct keyed_object {
  module owner;
  object_parts parts; // its owner is empty: that is above
  std::string factory;
  std::unique_ptr<open_interface> interfaces; // the last one first
  bool left_to_table = false;

  keyed_object() = default;
  keyed_object(keyed_object&&) = default;
  keyed_object& operator=(keyed_object&&) = default;
  ~keyed_object() = default;
};

} // namespace

// Lock order. The mutex is a leaf; nothing of a module and no other lock of ours under it.
struct keyed_state {
  std::uint32_t owners = 1; // see share: the table, and each keyed<T>
  sync::mutex mutex;
  slot_table<keyed_object> objects{first_generation(this)};

  keyed_state() { heed_forks(); }
};

namespace {

errc cause_of(key_answer answer) noexcept {
  constexpr errc causes[] = {errc::ok, errc::key_null, errc::key_stale, errc::key_unknown};
  return causes[static_cast<std::size_t>(answer)];
}

// Out of the table: from here on the key is stale.
errc take_object(keyed_state& s, std::uint64_t id, keyed_object& out) noexcept {
  const gated_lock lock(s.mutex);
  key_answer answer;
  if (s.objects.find(id, answer) != nullptr) out = s.objects.remove(id);
  if (answer == key_answer::found) forget_hold({&s, id});
  return cause_of(answer);
}

void release_all(std::unique_ptr<open_interface> first);

struct rest_of_interfaces { // also if one before them throws
  std::unique_ptr<open_interface> first;
  ~rest_of_interfaces() { release_all(std::move(first)); }
};

void release_all(std::unique_ptr<open_interface> first) {
  if (first == nullptr) return;
  const rest_of_interfaces rest{std::move(first->next)};
  if (first->release != nullptr) first->call(first->offered, first->release);
}

struct destroyed_at_end { // also if the release of an interface throws
  const object_parts& parts;
  ~destroyed_at_end() noexcept(false) { parts.destroy(parts.whole, parts.destroyer); }
};

// All callbacks come before the module is let go (E-H4): that is done last, by host code, and also if the
// module's code throws.
void end_object(keyed_object& gone) {
  const module last = std::move(gone.owner);
  call_across(*handle_access::record_of(last), [&] {
    const destroyed_at_end object{gone.parts};
    release_all(std::move(gone.interfaces));
  });
}

} // namespace

keyed_state* make_keyed(failure& why) noexcept {
  try {
    return new keyed_state;
  } catch (const std::bad_alloc&) {
    set_failure(why, errc::out_of_memory, "", "");
    return nullptr;
  }
}
void share_keyed(keyed_state& s) noexcept { share(s.owners); }
void unshare_keyed(keyed_state& s) noexcept {
  if (unshare(s.owners)) delete &s;
}

// One after the other: a destructor may destroy others.
void end_keyed(keyed_state& s) {
  for (;;) {
    std::uint64_t id;
    {
      const gated_lock lock(s.mutex);
      id = s.objects.find_if([](const keyed_object& o) { return o.left_to_table; });
    }
    if (id == 0) return;
    destroy_object(s, id);
  }
}

std::uint64_t take_place(keyed_state& s, const char* factory, failure& why) noexcept {
  if (factory == nullptr) {
    set_failure(why, errc::name_missing, "", "of a factory");
    return 0;
  }
  try {
    std::string name = factory; // before the place: what can fail comes first
    const gated_lock lock(s.mutex);
    const std::uint64_t id = s.objects.take();
    s.objects.taken(id).factory.swap(name);
    return id;
  } catch (const std::bad_alloc&) {
    set_failure(why, errc::out_of_memory, "", "");
    return 0;
  }
}

void give_place_back(keyed_state& s, std::uint64_t id) noexcept {
  const gated_lock lock(s.mutex);
  s.objects.give_back(id);
}

void fill_place(keyed_state& s, std::uint64_t id, const object_parts& parts, const code_location* taken) noexcept {
  if (parts.owner != nullptr) note_hold({&s, id}, *parts.owner, holder_kind::keyed_object, taken);
  const gated_lock lock(s.mutex);
  keyed_object& object = s.objects.taken(id);
  object.parts = parts;
  object.owner = handle_access::adopt_reference(std::exchange(object.parts.owner, nullptr));
  s.objects.publish(id);
}

errc destroy_object(keyed_state& s, std::uint64_t id) {
  keyed_object gone;
  const errc answer = take_object(s, id, gone);
  if (answer == errc::ok) end_object(gone);
  return answer;
}

errc note_destroyed(keyed_state& s, std::uint64_t id) noexcept {
  keyed_object gone;
  const errc answer = take_object(s, id, gone);
  if (answer == errc::ok) release_all(std::move(gone.interfaces)); // then the module goes with `gone`
  return answer;
}

void leave_to_table(keyed_state& s, std::uint64_t id) noexcept {
  const gated_lock lock(s.mutex);
  key_answer answer;
  if (keyed_object* const object = s.objects.find(id, answer)) object->left_to_table = true;
}

errc look_at_key(keyed_state& s, std::uint64_t id, const void* type, void*& object) noexcept {
  const gated_lock lock(s.mutex);
  key_answer answer;
  const keyed_object* const found = s.objects.find(id, answer);
  if (found == nullptr) return cause_of(answer);
  if (type != nullptr && type != found->parts.type) return errc::key_of_another_type;
  object = found->parts.object;
  return errc::ok;
}

record* owner_of_key(keyed_state& s, std::uint64_t id) noexcept {
  const gated_lock lock(s.mutex);
  key_answer answer;
  const keyed_object* const found = s.objects.find(id, answer);
  if (found == nullptr || !found->owner) return nullptr;
  record* const r = handle_access::record_of(found->owner);
  take_reference(*r); // the table has one
  return r;
}

const char* factory_of_key(keyed_state& s, std::uint64_t id) noexcept {
  const gated_lock lock(s.mutex);
  key_answer answer;
  const keyed_object* const found = s.objects.find(id, answer);
  return found != nullptr ? found->factory.c_str() : "";
}

std::uint32_t objects_of(keyed_state& s) noexcept {
  const gated_lock lock(s.mutex);
  return s.objects.used();
}

// --- secondary interfaces ---

interface_request::~interface_request() {
  delete node;
  if (owner != nullptr) drop_reference(*owner);
}

namespace {

// The function's address, or null with `why`. Without the table's mutex.
any_function* find_function(record& owner, const char* name, failure& why) noexcept {
  void* const address = find_symbol(owner, name, symbol_kind::function, why);
  if (why.code() == errc::symbol_not_found) set_failure(why, errc::interface_not_found, path_of(owner), name);
  return reinterpret_cast<any_function*>(address);
}

} // namespace

bool begin_interface(keyed_state& s, std::uint64_t id, const void* type, const interface_names& names,
                     interface_request& ask, failure& why) noexcept {
  const errc answer = look_at_key(s, id, type, ask.object);
  if (answer == errc::ok) ask.owner = owner_of_key(s, id);
  if (answer != errc::ok || ask.owner == nullptr) {
    set_failure(why, answer != errc::ok ? answer : errc::key_stale, "", names.get);
    return false;
  }
  ask.node = new (std::nothrow) open_interface;
  if (ask.node == nullptr) set_failure(why, errc::out_of_memory, "", "");
  if (!why) ask.get = find_function(*ask.owner, names.get, why);
  if (!why && names.release != nullptr) ask.node->release = find_function(*ask.owner, names.release, why);
  return !why;
}

// What was destroyed while the module gave its interface: that is released at once.
bool add_interface(keyed_state& s, std::uint64_t id, interface_request& ask, void* found, release_call* call,
                   failure& why) {
  if (found == nullptr) {
    set_failure(why, errc::interface_not_found, path_of(*ask.owner), "the module returned null");
    return false;
  }
  std::unique_ptr<open_interface> node(std::exchange(ask.node, nullptr));
  node->offered = found;
  node->call = call;
  key_answer answer;
  {
    const gated_lock lock(s.mutex);
    if (keyed_object* const object = s.objects.find(id, answer)) {
      node->next = std::move(object->interfaces);
      object->interfaces = std::move(node);
      return true;
    }
  }
  set_failure(why, cause_of(answer), "", "");
  release_all(std::move(node));
  return false;
}

errc release_interface(keyed_state& s, std::uint64_t id, void* offered) {
  std::unique_ptr<open_interface> found;
  module held;
  {
    const gated_lock lock(s.mutex);
    key_answer answer;
    keyed_object* const object = s.objects.find(id, answer);
    if (object == nullptr) return cause_of(answer);
    std::unique_ptr<open_interface>* at = &object->interfaces;
    while (*at != nullptr && (*at)->offered != offered) at = &(*at)->next;
    if (*at == nullptr) return errc::interface_not_found;
    found = std::exchange(*at, std::move((*at)->next));
    held = object->owner;
  }
  release_all(std::move(found));
  return errc::ok;
}

} // namespace tenure::inline v1::detail
