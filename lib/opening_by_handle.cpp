// Opening, by what the system has given already: who has the module of a handle.
#include "opening.hpp"

#include "failure_access.hpp"

#include <new>
#include <utility>

namespace tenure::inline v1::detail {
namespace {

// A module whose file is deleted, or out of sight, has no identity but its handle.
bool lacks_file(errc why) noexcept {
  return why == errc::file_not_found || why == errc::not_a_regular_file || why == errc::permission_denied;
}

} // namespace

// The record of an image, or of its file. One that another thread closes may be put back among the open ones,
// beside a second one of the same image: so it is waited for, but not inside the loader. And so is a private
// copy that another thread loads: it is another image, and what is loaded is shared. Null, with a failure, if
// that takes too long.
module_record* opening::find_settled_locked(const loaded& seen, const os::file_identity& file) {
  patience_left left(options_.patience);
  for (;;) {
    module_record* r = g_.find_image_locked(seen.handle, seen.path, nullptr);
    if (r == nullptr) r = g_.find_file_locked(file);
    if (r == nullptr) return r;
    const bool waits = r->worker != sync::this_thread_id() && sync::this_thread().inside_loader == 0;
    const bool copy_comes = r->state == phase::loading && r->copied;
    if (!waits) return copy_comes ? nullptr : r;
    if (!copy_comes && r->state != phase::closing) return r;
    if (!await_locked(*r, left)) return nullptr;
  }
}

// One that closes gets a record beside it.
void opening::begin_image_locked(module_record*& r, const loaded& seen, const os::file_identity& file) {
  location where;
  where.path = seen.path;
  where.file = file;
  if (r != nullptr && r->state != phase::lingering) r = nullptr;
  begin_locked(r, where, seen.copied);
}

void opening::give_up(module_record& r) noexcept {
  const sync::scoped_lock lock(g_.mutex);
  give_up_locked(r);
}

// The record of a module that the system has given us a reference to; that reference is ours from here on.
record* opening::by_handle(loaded& seen, const std::string& name, bool borrowed) {
  void* spare = nullptr;
  module_record* r = nullptr;
  bool begun = false;
  try {
    name_ = name;
    note_references(seen);
    const host_seat* seat = nullptr;
    bool late = false;
    if (!prepare(seen)) {
      spare = borrowed ? nullptr : seen.handle;
    } else {
      os::fault fault;
      os::file_identity file;
      if (!os::identify(seen.path, file, fault) && !lacks_file(fault.cause)) {
        if (!borrowed) system_close(seen.handle);
        return failed(fault, seen.path);
      }
      const sync::scoped_lock lock(g_.mutex);
      r = find_settled_locked(seen, file);
      if (why_)
        spare = borrowed ? nullptr : seen.handle;
      else if (r != nullptr && r->state == phase::open) {
        spare = seen.handle;
        r = g_.share_locked(*r, why_);
        if (r == nullptr && borrowed) spare = nullptr; // stays the caller's, as with any failure
        late = r != nullptr && seen.side.talks() &&
               !r->greeted; // a thread inside the loader got ahead and could not
        if (late) seat = &seat_locked(*r, seen);
      } else if (r == nullptr || r->state != phase::loading || r->worker == sync::this_thread_id()) {
        const bool initialising = r != nullptr && r->state == phase::loading;
        begin_image_locked(r, seen, file);
        begun = true;
        if (!seen.side.talks() || initialising) return publish_locked(*r, seen);
        seat = &seat_locked(*r, seen);
      } else {
        return publish_locked(*r, seen); // ahead of the thread that loads it
      }
    }
    if (spare != nullptr) system_close(std::exchange(spare, nullptr));
    if (seat != nullptr) return late ? welcome_late(*r, *seat) : welcome(*r, seen, *seat, borrowed);
  } catch (const std::bad_alloc&) {
    set_failure(why_, errc::out_of_memory, "", "");
    spare = borrowed ? nullptr : seen.handle;
    if (begun) give_up(*r);
    r = nullptr;
  }
  if (spare != nullptr) system_close(spare);
  return r;
}

} // namespace tenure::inline v1::detail
