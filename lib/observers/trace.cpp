#include "failure_access.hpp"
#include "gated_lock.hpp"
#include "json_text.hpp"
#include "observers/trace_data.hpp"
#include "utf8_path.hpp"

#include <tenure/detail/record.hpp> // set_failure

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <new>
#include <system_error>

namespace tenure::inline v1 {
namespace detail {

trace_data::trace_data(std::size_t limit)
    : most(limit) {
  heed_forks();
}

namespace {

std::size_t index_of(trace_data& t, const char* path) {
  const auto [place, is_new] = t.known_paths.emplace(path, t.paths.size());
  if (!is_new) return place->second;
  try {
    t.paths.emplace_back(path);
  } catch (const std::bad_alloc&) {
    t.known_paths.erase(place);
    throw;
  }
  return place->second;
}

void keep(trace_data& t, const event& e) {
  kept_event kept{e.kind, e.reason, e.error, e.count, 0, e.number, e.life, e.thread, e.at, e.took, e.bytes, e.detail};
  kept.path = index_of(t, e.path);
  t.events.push_back(std::move(kept));
}

bool write_file(const std::string& bytes, path_view file, failure& why) {
  os::fault fault;
  const std::string path = os::to_internal(file, fault);
  if (fault) {
    fill(why, fault, path);
    return false;
  }
  errno = 0;
  std::ofstream out(path_of_utf8(path), std::ios::binary);
  out << bytes;
  out.close();
  if (out) return true;
  failure_parts parts;
  const std::string words = std::generic_category().message(errno);
  parts.code = errc::events_not_written;
  parts.path = path;
  parts.call = "write";
  parts.system_code = errno;
  parts.system_text = words;
  fill(why, parts);
  return false;
}

template <class Make>
bool write_made(const trace_data& t, path_view file, failure& why, Make&& make) noexcept {
  try {
    std::string bytes;
    {
      const gated_lock lock(t.mutex);
      bytes = make(t);
    }
    return write_file(bytes, file, why);
  } catch (const std::bad_alloc&) {
    set_failure(why, errc::out_of_memory, "", "");
    return false;
  }
}

} // namespace

bool write_trace(const trace_data& t, path_view file, failure& why) noexcept {
  return write_made(t, file, why, trace_json);
}
bool write_uses(const trace_data& t, path_view file, failure& why) noexcept {
  return write_made(t, file, why, trace_uses);
}

} // namespace detail

using detail::gated_lock;

event_trace::event_trace(std::size_t most)
    : data_(new detail::trace_data(most)) {}
event_trace::~event_trace() { delete data_; }

void event_trace::operator()(const event& e) noexcept {
  const gated_lock lock(data_->mutex);
  data_->lost += e.lost;
  try {
    if (data_->events.size() < data_->most)
      detail::keep(*data_, e);
    else
      ++data_->lost;
  } catch (const std::bad_alloc&) {
    ++data_->lost;
  }
}

std::size_t event_trace::size() const noexcept {
  const gated_lock lock(data_->mutex);
  return data_->events.size();
}

std::uint64_t event_trace::lost() const noexcept {
  const gated_lock lock(data_->mutex);
  return data_->lost;
}

text event_trace::json() const {
  const gated_lock lock(data_->mutex);
  return detail::to_text(detail::trace_json(*data_));
}

} // namespace tenure::inline v1
