// fmt formatters. Not part of <tenure/tenure.hpp>: fmt costs more compile time than all of Tenure.
//   fmt::print("{}\n", codec);   fmt::print("{}\n", error);   fmt::print("{}\n", modules.final_close());
#ifndef TENURE_FORMAT_HPP
#define TENURE_FORMAT_HPP

#include <tenure/detail/printable.hpp>
#include <tenure/error.hpp>
#include <tenure/event.hpp>
#include <tenure/module.hpp>
#include <tenure/report.hpp>

#include <fmt/format.h>

#include <iterator>

namespace tenure::inline v1::detail {

// Formatters for what may hold a file's name: a terminal is told of its control characters, and does not obey them.
struct printable_text {
  const char* text;
};
struct printable_formatter : fmt::formatter<fmt::string_view> {
  template <class Context> auto format_text(const char* text, Context& context) const {
    fmt::memory_buffer shown;
    write_printable(text, fmt::string_view(text).size(), std::back_inserter(shown));
    return fmt::formatter<fmt::string_view>::format({shown.data(), shown.size()}, context);
  }
};

} // namespace tenure::inline v1::detail

// Without width and the like, and without memory of its own.
template <> struct fmt::formatter<tenure::detail::printable_text> {
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }
  template <class Context> auto format(const tenure::detail::printable_text& it, Context& context) const {
    return tenure::detail::write_printable(it.text, fmt::string_view(it.text).size(), context.out());
  }
};

// In all of them what a terminal would obey is escaped: "lib\x1b[31m.so".
//
// A module is its path, "(no module)" if the handle is empty.
template <> struct fmt::formatter<tenure::module> : tenure::detail::printable_formatter {
  template <class Context> auto format(const tenure::module& m, Context& context) const {
    return format_text(m ? m.path() : "(no module)", context);
  }
};

template <> struct fmt::formatter<tenure::failure> : tenure::detail::printable_formatter {
  template <class Context> auto format(const tenure::failure& f, Context& context) const {
    return format_text(f.what(), context);
  }
};

template <> struct fmt::formatter<tenure::error> : tenure::detail::printable_formatter {
  template <class Context> auto format(const tenure::error& e, Context& context) const {
    return format_text(e.what(), context);
  }
};

// One line: its text.
template <> struct fmt::formatter<tenure::holder> : tenure::detail::printable_formatter {
  template <class Context> auto format(const tenure::holder& h, Context& context) const {
    return format_text(h.text, context);
  }
};

// "path: lingering (unique_symbol): what and why", and below it who holds it, a line each, where that is known.
template <> struct fmt::formatter<tenure::unload_entry> {
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }
  template <class Context> auto format(const tenure::unload_entry& e, Context& context) const {
    auto out = fmt::format_to(context.out(), "{}: {}", tenure::detail::printable_text{e.path},
                              tenure::to_string(e.outcome));
    if (e.reason != tenure::linger_reason::none)
      out = fmt::format_to(out, " ({})", tenure::to_string(e.reason));
    if (e.references != 0)
      out = fmt::format_to(out, ", {} reference{}", e.references, e.references == 1 ? "" : "s");
    if (e.pins != 0) out = fmt::format_to(out, ", {} pin{}", e.pins, e.pins == 1 ? "" : "s");
    if (e.file_replaced) out = fmt::format_to(out, ", its file was replaced");
    if (*e.detail != '\0') out = fmt::format_to(out, ": {}", tenure::detail::printable_text{e.detail});
    for (const tenure::holder& h : e.holders) out = fmt::format_to(out, "\n    {}", h);
    return out;
  }
};

// "12.345678 libflac.so: lingering in 0.052 ms (unique_symbol), /usr/lib/libflac.so: what and why"
template <> struct fmt::formatter<tenure::event> {
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }
  template <class Context> auto format(const tenure::event& e, Context& context) const {
    auto out = fmt::format_to(context.out(), "{:.6f} {}: {}", static_cast<double>(e.at.nanoseconds) / 1e9,
                              tenure::detail::printable_text{*e.name != '\0' ? e.name : "manager"}, tenure::to_string(e.kind));
    if (e.took != tenure::duration{})
      out = fmt::format_to(out, " in {:.3f} ms", static_cast<double>(e.took.nanoseconds) / 1e6);
    if (e.kind == tenure::event_kind::swept) out = fmt::format_to(out, ", {} gone", e.count);
    if (e.reason != tenure::linger_reason::none)
      out = fmt::format_to(out, " ({})", tenure::to_string(e.reason));
    if (*e.path != '\0') out = fmt::format_to(out, ", {}", tenure::detail::printable_text{e.path});
    if (*e.detail != '\0') out = fmt::format_to(out, ": {}", tenure::detail::printable_text{e.detail});
    return e.lost != 0 ? fmt::format_to(out, " [{} events before this one are lost]", e.lost) : out;
  }
};

// One line per module, and one for each known holder.
template <> struct fmt::formatter<tenure::unload_report> {
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }
  template <class Context> auto format(const tenure::unload_report& report, Context& context) const {
    auto out = context.out();
    const char* separator = "";
    for (const tenure::unload_entry& e : report) {
      out = fmt::format_to(out, "{}{}", separator, e);
      separator = "\n";
    }
    return report.empty() ? fmt::format_to(out, "no modules") : out;
  }
};

#endif
