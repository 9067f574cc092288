// Fetches parts of a file: what was read first is served from there, the rest is read once and kept.
#ifndef TENURE_LIB_IMAGE_PART_READER_HPP
#define TENURE_LIB_IMAGE_PART_READER_HPP

#include "bytes.hpp"

#include <array>
#include <memory>
#include <new>

namespace tenure::inline v1::image {

/// The reads of one check. A view that it hands out lives as long as the reader itself. Not copyable.
class part_reader {
public:
  part_reader(const source& file, bytes first) noexcept
      : file_(file)
      , first_(first) {}
  part_reader(const part_reader&) = delete;
  part_reader& operator=(const part_reader&) = delete;

  std::uint64_t file_size() const noexcept { return file_.size; }
  const bytes& first() const noexcept { return first_; }
  void set_order(byte_order order) noexcept { first_ = first_.in_order(order); }

  /// Into memory of the caller: for level `headers`, which must not allocate.
  /// Pre: the range is inside the file.
  finding get(std::uint64_t at, std::uint64_t count, std::span<std::byte> into, bytes& view) const noexcept {
    if (first_.holds(at, count)) return view = first_.part(at, count), finding{};
    if (count > into.size()) return {cause::too_many, part::file, at, count, into.size()};
    return read(at, into.first(static_cast<std::size_t>(count)), view);
  }

  /// Into memory of its own. Pre: the range is inside the file; at most `limit` different parts are asked
  /// for.
  finding get(std::uint64_t at, std::uint64_t count, bytes& view) noexcept {
    if (first_.holds(at, count)) return view = first_.part(at, count), finding{};
    if (used_ == kept_.size()) return {cause::too_many, part::file, at, used_ + 1, kept_.size()};
    const auto size = static_cast<std::size_t>(count);
    auto& block = kept_[used_++];
    block.reset(size == count ? new (std::nothrow) std::byte[size] : nullptr);
    if (!block) return {cause::out_of_memory, part::file, at, 0, count};
    return read(at, {block.get(), size}, view);
  }

  /// Reads more of the file's beginning, so that the parts asked for later cost no read of their own.
  finding extend_first(std::uint64_t count) noexcept {
    const auto wanted = count < file_.size ? count : file_.size;
    return wanted > first_.size() ? get(0, wanted, first_) : finding{};
  }

private:
  finding read(std::uint64_t at, std::span<std::byte> into, bytes& view) const noexcept {
    const auto got = file_.read(file_.context, at, into.data(), into.size());
    if (got != into.size()) return {cause::unreadable, part::file, at, got, into.size()};
    view = bytes(into, first_.order());
    return {};
  }

  static constexpr std::size_t limit = 32; // twice what the ELF tables need

  const source& file_;
  bytes first_;
  std::size_t used_ = 0;
  std::array<std::unique_ptr<std::byte[]>, limit> kept_{};
};

} // namespace tenure::inline v1::image

#endif
