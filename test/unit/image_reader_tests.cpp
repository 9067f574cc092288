// The reader that everything else trusts: nothing is read past an end, and no sum wraps.
#include "image/part_reader.hpp"

#include <doctest/doctest.h>

#include <array>

namespace image = tenure::image;
using image::byte_order;
using image::bytes;

static_assert(std::is_trivially_copyable_v<bytes>);
static_assert(std::is_trivially_copyable_v<image::finding>);
static_assert(!std::is_copy_constructible_v<image::part_reader>);

namespace {

constexpr std::array<std::byte, 9> sample{std::byte{0x01}, std::byte{0x02}, std::byte{0x03},
                                          std::byte{0x04}, std::byte{0x85}, std::byte{0x06},
                                          std::byte{0x07}, std::byte{0x08}, std::byte{0x00}};

} // namespace

TEST_SUITE_BEGIN("image: reader");

TEST_CASE("numbers are read in the byte order of the file") {
  const bytes little(sample, byte_order::little), big(sample, byte_order::big);
  CHECK(little.u16(0) == 0x0201);
  CHECK(big.u16(0) == 0x0102);
  CHECK(little.u32(1) == 0x85040302);
  CHECK(big.u32(1) == 0x02030485);
  CHECK(little.u64(0) == 0x0807068504030201);
  CHECK(big.u64(0) == 0x0102030485060708);
  CHECK(big.word(0, false) == 0x01020304);
  CHECK(big.word(0, true) == big.u64(0));
}

TEST_CASE("a number that is not wholly there reads as zero") {
  const bytes view(sample, byte_order::little);
  CHECK(view.u64(2) == 0);
  CHECK(view.u32(6) == 0);
  CHECK(view.u8(9) == 0);
  CHECK(view.u64(UINT64_MAX) == 0);
  CHECK(view.u64(UINT64_MAX - 3) == 0);
  CHECK(bytes().u8(0) == 0);
}

TEST_CASE("no range wraps around") {
  const bytes view(sample, byte_order::little);
  CHECK(view.holds(9, 0));
  CHECK_FALSE(view.holds(10, 0));
  CHECK_FALSE(view.holds(1, UINT64_MAX));
  CHECK_FALSE(view.holds(UINT64_MAX, 2));
  CHECK(view.part(4, 6).size() == 0);
  CHECK(view.part(4, 5).size() == 5);
  CHECK(view.from(UINT64_MAX).size() == 0);
}

TEST_CASE("text ends at its NUL, at its limit or at the end") {
  const bytes view(sample, byte_order::little);
  CHECK(view.text(5).size() == 3);
  CHECK(view.text(5, 2).size() == 2);
  CHECK(view.part(0, 3).text(0).size() == 3);
  CHECK(view.text(8).empty());
  CHECK(view.text(100).empty());
}

TEST_CASE("all names together have a limit") {
  const std::array<std::byte, 2> letter{std::byte{'x'}, std::byte{0}};
  const bytes view(letter, byte_order::little);
  image::text_budget budget(0);
  std::string_view name;
  unsigned names = 0;
  while (budget.read(view, 0, name)) ++names;
  CHECK(names > 1000);
  CHECK(names <= 4096);
}

TEST_CASE("parts come from what was read before, or are read once") {
  struct counting {
    unsigned reads = 0;
    static std::size_t read(void* self, std::uint64_t, void* into, std::size_t count) noexcept {
      ++static_cast<counting*>(self)->reads;
      std::memset(into, 'a', count);
      return count;
    }
  } counter;
  const image::source file{counting::read, &counter, 100};
  image::part_reader reader(file, bytes(sample, byte_order::little));
  bytes view;
  CHECK_FALSE(reader.get(2, 4, view));
  CHECK(counter.reads == 0);
  CHECK_FALSE(reader.get(50, 20, view));
  CHECK(view.size() == 20);
  CHECK(counter.reads == 1);
  CHECK_FALSE(reader.extend_first(64));
  CHECK_FALSE(reader.get(50, 14, view));
  CHECK(counter.reads == 2);
}

TEST_CASE("too many parts and short reads are findings") {
  const image::source file{[](void*, std::uint64_t, void*, std::size_t) noexcept { return std::size_t{1}; },
                           nullptr, 100};
  image::part_reader reader(file, bytes());
  bytes view;
  CHECK(reader.get(0, 2, view).what == image::cause::unreadable);
  while (reader.get(0, 2, view).what == image::cause::unreadable) continue;
  CHECK(reader.get(0, 2, view).what == image::cause::too_many);
  std::array<std::byte, 4> memory;
  CHECK(reader.get(0, 8, memory, view).what == image::cause::too_many);
}

TEST_SUITE_END();
