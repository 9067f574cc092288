// What the image fuzzers share: hand any bytes to both levels and to the report, for one format's process.
#ifndef TENURE_TEST_IMAGE_FUZZ_HPP
#define TENURE_TEST_IMAGE_FUZZ_HPP

#include "image/image.hpp"

#include <cstdlib>

namespace tenure_fuzz {

/// Oracle: no crash, no sanitizer report, no time-out, and every finding can be described.
inline void feed(const std::uint8_t* data, std::size_t size, const tenure::image::target& process) {
  namespace image = tenure::image;
  std::span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
  const auto source = image::source_of(file);
  const auto headers = image::check(source, image::level::headers, process);
  const auto tables = image::check(source, image::level::tables, process);
  if (headers && !tables) std::abort(); // the deeper level includes the other
  if (image::describe(headers).empty() || image::describe(tables).empty()) std::abort();
  const auto report = image::read_facts(file, process);
  for (const auto& each : report.findings)
    if (image::describe(each).empty()) std::abort();
}

} // namespace tenure_fuzz

#endif
