// libFuzzer entry: clang++ -std=c++20 -Ilib -fsanitize=fuzzer,address,undefined test/fuzz/image_elf_fuzz.cpp
// lib/image/*.cpp
#include "image_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenure::image;
  if (size == 0) return 0;
  // The first byte chooses class and byte order of the process, so that all four kinds are reached.
  const bool wide = (data[0] & 1) == 0;
  const auto order = (data[0] & 2) == 0 ? byte_order::little : byte_order::big;
  tenure_fuzz::feed(data + 1, size - 1, {format::elf, order, static_cast<std::uint8_t>(wide ? 64 : 32), 0});
  return 0;
}
