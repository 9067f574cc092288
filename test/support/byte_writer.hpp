// Writes numbers of either byte order into a growing file, for the builders of synthetic libraries.
#ifndef TENURE_TEST_BYTE_WRITER_HPP
#define TENURE_TEST_BYTE_WRITER_HPP

#include "image/image.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tenure_test {

using file_bytes = std::vector<std::byte>;

/// Overwrites `size` bytes of a finished file with a number.
inline void patch(file_bytes& file, std::size_t at, std::uint64_t value, std::size_t size,
                  tenure::image::byte_order order = tenure::image::byte_order::little) {
  for (std::size_t i = 0; i < size; ++i) {
    const auto shift = 8 * (order == tenure::image::byte_order::little ? i : size - 1 - i);
    file.at(at + i) = static_cast<std::byte>(value >> shift & 0xff);
  }
}

class byte_writer {
public:
  explicit byte_writer(tenure::image::byte_order order = tenure::image::byte_order::little)
      : order_(order) {}

  std::size_t at() const { return data_.size(); }
  file_bytes& data() { return data_; }

  void number(std::uint64_t value, std::size_t size) {
    data_.resize(data_.size() + size);
    patch(data_, data_.size() - size, value, size, order_);
  }
  void u8(std::uint64_t value) { number(value, 1); }
  void u16(std::uint64_t value) { number(value, 2); }
  void u32(std::uint64_t value) { number(value, 4); }
  void u64(std::uint64_t value) { number(value, 8); }

  void text(std::string_view value) {
    for (const char each : value) u8(static_cast<unsigned char>(each));
  }
  void zero_to(std::size_t size) { data_.resize(size); }
  void align(std::size_t size) { zero_to((at() + size - 1) / size * size); }

private:
  tenure::image::byte_order order_;
  file_bytes data_;
};

inline tenure::image::finding check(const file_bytes& file, tenure::image::level depth,
                                    const tenure::image::target& process) {
  std::span<const std::byte> view(file);
  return tenure::image::check(tenure::image::source_of(view), depth, process);
}

inline file_bytes bytes_of(std::string_view text) {
  byte_writer out;
  out.text(text);
  return out.data();
}

} // namespace tenure_test

#endif
