// Chrome's trace event format:
// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
#include "json_text.hpp"
#include "observers/trace_data.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace tenure::inline v1::detail {
namespace {

class writer {
public:
  writer(const trace_data& t, const trace_picture& p)
      : data_(t)
      , picture_(p) {}

  std::string write() {
    out_ = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[";
    name_tracks();
    for (const trace_slice& s : picture_.slices) add(s);
    std::size_t id = 0;
    for (const trace_arrow& a : picture_.arrows) add(a, ++id);
    for (const trace_mark& m : picture_.marks) add(m);
    put("\n],\"otherData\":{{\"begin_ns\":{},\"events\":{},\"events_lost\":{}}}}}\n",
        picture_.begin.nanoseconds, data_.events.size(), data_.lost);
    return std::move(out_);
  }

private:
  template <class... Args> void put(fmt::format_string<Args...> format, Args&&... args) {
    out_ += fmt::format(format, std::forward<Args>(args)...);
  }
  // Every event is of our one process, and of a track.
  void begin(const char* phase, std::size_t track, std::string_view name) {
    put("{}\n{{\"ph\":\"{}\",\"pid\":1,\"tid\":{},\"name\":{}", first_ ? "" : ",", phase, track,
        json_text(name));
    first_ = false;
  }
  // Microseconds, with all digits.
  void put_time(const char* key, duration d) {
    put(",\"{}\":{}.{:03}", key, d.nanoseconds / 1000, d.nanoseconds % 1000);
  }
  void put_ts(time_point at) { put_time("ts", std::max(at - picture_.begin, duration{})); }

  void name_tracks() {
    begin("M", 0, "process_name");
    put(",\"args\":{{\"name\":\"tenure\"}}}}");
    for (std::size_t i = 0; i != picture_.tracks.size(); ++i) {
      begin("M", i, "thread_name");
      put(",\"args\":{{\"name\":{}}}}}", json_text(name_of(picture_.tracks[i])));
      begin("M", i, "thread_sort_index");
      put(",\"args\":{{\"sort_index\":{}}}}}", i);
    }
  }
  static std::string name_of(const trace_track& t) {
    if (t.path == nullptr) return "manager";
    return t.lane == 1 ? *t.path : fmt::format("{} ({})", *t.path, t.lane);
  }

  void add(const trace_slice& s) {
    begin("X", s.track, s.state);
    put(",\"cat\":\"module\"");
    put_ts(s.begin);
    put_time("dur", s.end - s.begin);
    put_args(s.ended_by);
  }
  void add(const trace_arrow& a, std::size_t id) {
    begin("s", a.track, "close");
    put(",\"cat\":\"close\",\"id\":{}", id);
    put_ts(a.from);
    put_args(a.release);
    begin("f", a.track, "close");
    put(",\"cat\":\"close\",\"id\":{},\"bp\":\"e\"", id);
    put_ts(a.to);
    put("}}");
  }
  void add(const trace_mark& m) {
    const bool lasts = m.what->kind == event_kind::swept;
    begin(lasts ? "X" : "i", m.track,
          lasts && !m.what->detail.empty() ? m.what->detail : to_string(m.what->kind));
    put(",\"cat\":\"manager\"");
    put_ts(lasts ? m.what->at - m.what->took : m.what->at);
    if (lasts)
      put_time("dur", m.what->took);
    else
      put(",\"s\":\"t\"");
    put_args(m.what);
  }
  // What ended it, or what it is.
  void put_args(const kept_event* e) {
    if (e == nullptr) {
      put("}}");
      return;
    }
    put(",\"args\":{{\"event\":\"{}\",\"number\":{},\"thread\":{}", to_string(e->kind), e->number, e->thread);
    if (e->life != 0) put(",\"life\":{}", e->life);
    if (e->kind == event_kind::swept) put(",\"gone\":{}", e->count);
    if (e->kind == event_kind::failed) put(",\"path\":{}", json_text(data_.paths[e->path]));
    if (e->error != errc::ok) put(",\"error\":{}", static_cast<int>(e->error));
    if (e->reason != linger_reason::none) put(",\"reason\":\"{}\"", to_string(e->reason));
    if (!e->detail.empty()) put(",\"detail\":{}", json_text(e->detail));
    put("}}}}");
  }

  const trace_data& data_;
  const trace_picture& picture_;
  std::string out_;
  bool first_ = true;
};

} // namespace

std::string trace_json(const trace_data& t) {
  const trace_picture p = draw_trace(t);
  return writer(t, p).write();
}

} // namespace tenure::inline v1::detail
