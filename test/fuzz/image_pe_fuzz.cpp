// libFuzzer entry; built and run by test/fuzz/run.
#include "image_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tenure_fuzz::feed(data, size, tenure::image::format::pe);
  return 0;
}
