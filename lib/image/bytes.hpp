// The one way in which this library looks at file bytes: bounds-checked, of either byte order.
#ifndef TENURE_LIB_IMAGE_BYTES_HPP
#define TENURE_LIB_IMAGE_BYTES_HPP

#include "image.hpp"

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace tenure::inline v1::image {

/// A view of file bytes that cannot be read past its end: a byte that is not there reads as zero, so that a
/// damaged offset gives a value that a check refuses, never a fault. Ask `holds` where zero would be an
/// answer. Not an owner: whoever read the bytes keeps them. Copies are two words and a flag.
class bytes {
public:
  constexpr bytes() noexcept = default;
  constexpr bytes(std::span<const std::byte> data, byte_order order) noexcept
      : data_(data)
      , order_(order) {}

  constexpr std::uint64_t size() const noexcept { return data_.size(); }
  constexpr byte_order order() const noexcept { return order_; }
  constexpr std::span<const std::byte> data() const noexcept { return data_; }

  /// Both numbers may come from the file: no sum is formed that could wrap.
  constexpr bool holds(std::uint64_t at, std::uint64_t count) const noexcept {
    return at <= size() && count <= size() - at;
  }

  std::uint8_t u8(std::uint64_t at) const noexcept { return get<std::uint8_t>(at); }
  std::uint16_t u16(std::uint64_t at) const noexcept { return get<std::uint16_t>(at); }
  std::uint32_t u32(std::uint64_t at) const noexcept { return get<std::uint32_t>(at); }
  std::uint64_t u64(std::uint64_t at) const noexcept { return get<std::uint64_t>(at); }

  /// An address or offset of the file's class: eight bytes if `wide`, else four.
  std::uint64_t word(std::uint64_t at, bool wide) const noexcept { return wide ? u64(at) : u32(at); }

  /// Empty if the range is not wholly inside.
  bytes part(std::uint64_t at, std::uint64_t count) const noexcept {
    return holds(at, count) ? bytes(data_.subspan(narrow(at), narrow(count)), order_) : bytes({}, order_);
  }
  bytes from(std::uint64_t at) const noexcept { return at <= size() ? part(at, size() - at) : part(0, 0); }
  bytes in_order(byte_order order) const noexcept { return {data_, order}; }

  /// The characters from `at` up to a NUL, at most `limit` of them; ends at the end of the view if none
  /// comes.
  std::string_view text(std::uint64_t at, std::uint64_t limit = UINT64_MAX) const noexcept {
    const auto rest = from(at);
    const auto count = narrow(rest.size() < limit ? rest.size() : limit);
    if (count == 0) return {};
    const auto* first = reinterpret_cast<const char*>(rest.data_.data());
    const auto* end = static_cast<const char*>(std::memchr(first, 0, count));
    return {first, end ? static_cast<std::size_t>(end - first) : count};
  }

  bool starts_with(std::string_view prefix) const noexcept {
    return size() >= prefix.size() && std::memcmp(data_.data(), prefix.data(), prefix.size()) == 0;
  }

private:
  // A view never exceeds the address space, so neither does a number that `holds` accepted.
  static constexpr std::size_t narrow(std::uint64_t value) noexcept {
    return static_cast<std::size_t>(value);
  }

  template <std::unsigned_integral T> T get(std::uint64_t at) const noexcept {
    if (!holds(at, sizeof(T))) return 0;
    T value;
    std::memcpy(&value, data_.data() + narrow(at), sizeof(T));
    return order_ == host_order ? value : reversed(value);
  }

  // Compilers make one instruction of it.
  template <std::unsigned_integral T> static constexpr T reversed(T value) noexcept {
    T result = 0;
    for (unsigned i = 0; i < sizeof(T); ++i)
      result = static_cast<T>(
          result | static_cast<T>(static_cast<T>(value >> (8 * i) & 0xff) << (8 * (sizeof(T) - 1 - i))));
    return result;
  }

  static constexpr byte_order host_order =
      std::endian::native == std::endian::big ? byte_order::big : byte_order::little;

  std::span<const std::byte> data_{};
  byte_order order_ = byte_order::little;
};

/// Names may overlap; a limit on all of them together keeps a false table from being read for ever.
class text_budget {
public:
  explicit constexpr text_budget(std::uint64_t file_size) noexcept
      : left_(4 * file_size + 4096) {}

  /// The string at `at`. False if it has no end, or if the budget is used up; `into` has then what there is.
  bool read(const bytes& from, std::uint64_t at, std::string_view& into) noexcept {
    into = from.text(at, left_);
    left_ -= into.size();
    return from.holds(at, into.size() + 1) && left_ != 0;
  }

private:
  std::uint64_t left_;
};

} // namespace tenure::inline v1::image

#endif
