// What objects by key are made of: the table behind instance_table knows no type of theirs.
#ifndef TENURE_DETAIL_KEYED_HPP
#define TENURE_DETAIL_KEYED_HPP

#include <tenure/instance.hpp>

namespace tenure::inline v1 {

struct interface_names;

namespace detail {

using any_function = void();

struct object_parts { // an instance, taken apart
  record* owner = nullptr; // with one reference, which goes to the table
  void* object = nullptr; // as its user sees it
  void* whole = nullptr;
  void (*destroy)(void* whole, any_function* destroyer) = nullptr;
  any_function* destroyer = nullptr;
  const void* type = nullptr;
};

template <class T> inline constexpr char type_mark = 0; // its address stands for the type

} // namespace detail
} // namespace tenure::inline v1

namespace TENURE_HANDLE_DETAILS {

struct keyed_access {
  template <class T> static object_parts take_apart(instance<T>&& made) noexcept {
    object_parts parts{handle_access::give_up(made.owner_),
                       made.object_,
                       made.whole_,
                       made.destroy_ != nullptr ? made.destroy_ : instance<T>::call_delete,
                       made.destroyer_,
                       &type_mark<T>};
    made.object_ = nullptr;
    return parts;
  }
};

} // namespace TENURE_HANDLE_DETAILS

namespace tenure::inline v1 {
namespace detail {

struct open_interface; // lib/keyed.cpp
struct interface_request {
  record* owner = nullptr; // with one reference
  void* object = nullptr;
  any_function* get = nullptr;
  open_interface* node = nullptr;
  interface_request() noexcept = default;
  interface_request(const interface_request&) = delete;
  interface_request& operator=(const interface_request&) = delete;
  TENURE_API ~interface_request();
};
using release_call = void(void* offered, any_function* release);

struct keyed_state;
[[nodiscard]] TENURE_API keyed_state* make_keyed(failure& why) noexcept;
TENURE_API void share_keyed(keyed_state& s) noexcept;
TENURE_API void unshare_keyed(keyed_state& s) noexcept;
TENURE_API void end_keyed(keyed_state& s);
// A place for an object that is about to be made. Zero and `why` if memory is refused.
[[nodiscard]] TENURE_API std::uint64_t take_place(keyed_state& s, const char* factory, failure& why) noexcept;
TENURE_API void give_place_back(keyed_state& s, std::uint64_t id) noexcept;
TENURE_API void fill_place(keyed_state& s, std::uint64_t id, const object_parts& parts,
                           const code_location* taken) noexcept;
TENURE_API errc destroy_object(keyed_state& s, std::uint64_t id);
TENURE_API errc note_destroyed(keyed_state& s, std::uint64_t id) noexcept;
TENURE_API void leave_to_table(keyed_state& s, std::uint64_t id) noexcept;
[[nodiscard]] TENURE_API errc look_at_key(keyed_state& s, std::uint64_t id, const void* type,
                                          void*& object) noexcept;
[[nodiscard]] TENURE_API record* owner_of_key(keyed_state& s, std::uint64_t id) noexcept; // with one reference
[[nodiscard]] TENURE_API const char* factory_of_key(keyed_state& s, std::uint64_t id) noexcept;
[[nodiscard]] TENURE_API std::uint32_t objects_of(keyed_state& s) noexcept;
[[nodiscard]] TENURE_API bool begin_interface(keyed_state& s, std::uint64_t id, const void* type,
                                              const interface_names& names, interface_request& ask,
                                              failure& why) noexcept;
TENURE_API bool add_interface(keyed_state& s, std::uint64_t id, interface_request& ask, void* found,
                              release_call* call, failure& why);
TENURE_API errc release_interface(keyed_state& s, std::uint64_t id, void* offered);

class place_for_object { // gives the place back unless it was filled
public:
  place_for_object(keyed_state& s, const char* factory, failure& why) noexcept
      : state_(s)
      , id_(take_place(s, factory, why)) {}
  place_for_object(const place_for_object&) = delete;
  place_for_object& operator=(const place_for_object&) = delete;
  ~place_for_object() {
    if (id_ != 0) give_place_back(state_, id_);
  }
  std::uint64_t fill(const object_parts& parts, const code_location* taken) noexcept {
    const std::uint64_t id = id_;
    id_ = 0;
    fill_place(state_, id, parts, taken);
    return id;
  }

private:
  keyed_state& state_;
  std::uint64_t id_;
};

} // namespace detail
} // namespace tenure::inline v1

#endif
