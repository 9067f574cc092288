// What the image fuzzers share: hand any bytes to both levels and to both reports, as the process they were
// built for.
#ifndef TENURE_TEST_IMAGE_FUZZ_HPP
#define TENURE_TEST_IMAGE_FUZZ_HPP

#include "image/image.hpp"
#include "offers.hpp"

#include <cstdlib>

namespace tenure_fuzz {

namespace image = tenure::image;

inline void expect(bool right) {
  if (!right) std::abort();
}

inline void expect_described(const image::facts& report) {
  for (const auto& each : report.findings) expect(!image::describe(each).empty());
}

/// What is read in parts must be what is read whole, but for the limits on parts.
inline void compare(const image::facts& whole, const image::facts& parts) {
  expect(whole.kind == parts.kind);
  if (!whole.findings.empty() || !parts.findings.empty()) return;
  expect(whole.needed == parts.needed && whole.name == parts.name);
  expect(whole.exports.size() == parts.exports.size() && whole.imports.size() == parts.imports.size());
}

/// What a plug-in offers lies within its file's bytes, and is as much as those can hold.
inline void read_offers(const image::facts& report) {
  std::size_t length = 0, rows = 0;
  tenure::detail::for_each_offer(report, [&](const tenure::detail::offer& it) {
    length += it.interface_name.size() + it.name.size() + it.match.size(), ++rows;
  });
  expect(length <= report.plugin_catalog.size() && rows <= report.plugin_catalog.size());
}

/// Oracle: no crash, no sanitizer report, no time-out; the deeper level includes the other; every finding can
/// be described; both ways to the report agree.
inline void feed(const std::uint8_t* data, std::size_t size, image::format kind) {
  std::span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
  const auto source = image::source_of(file);
  auto process = image::built_for(source);
  if (process.kind != kind) process = {kind, image::byte_order::little, 64, 0};
  const auto headers = image::check(source, image::level::headers, process);
  const auto tables = image::check(source, image::level::tables, process);
  expect(!headers || tables);
  expect(!image::describe(headers).empty() && !image::describe(tables).empty());
  const auto whole = image::read_facts(file, process);
  const image::file_facts parts(source, process);
  expect_described(whole), expect_described(*parts);
  compare(whole, *parts);
  read_offers(whole), read_offers(*parts);
}

} // namespace tenure_fuzz

#endif
