// The plug-in of the README's examples.
#include "interface.hpp"

#include <cstddef>

struct decoder { // as the README has it
  virtual ~decoder() = default;
  virtual int decode(const char* file) = 0;
};

namespace {
struct flac_decoder final : decoder {
  int decode(const char*) override { return 1; }
};
} // namespace

#if defined(FLAC_API)
TEST_EXPORT int decode(const void*, std::size_t size) { return static_cast<int>(size); }
TEST_EXPORT int version;
int version = 1;
#else
TEST_EXPORT int decode(const char*) { return 1; }
#endif
TEST_EXPORT decoder* make_decoder() { return new flac_decoder; }
