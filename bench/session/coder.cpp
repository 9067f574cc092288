// The host of ImageMagick 6 coders: each registers its formats with the core library, and takes them back.
#include "host.hpp"

#include <tenure/symbol.hpp>

#include <algorithm>
#include <cctype>
#include <mutex>

namespace session {
namespace {

// All coders write into one list of the core library.
std::mutex& list_lock() {
  static std::mutex lock;
  return lock;
}

class coder_work final : public work {
public:
  coder_work(const plugin& p, const tenure::module& m)
      : register_(m.symbol<unsigned long()>(coder_symbol(p, "Register")))
      , unregister_(m.symbol<void()>(coder_symbol(p, "Unregister"))) {}

  // Each coder answers with the signature of the core library that it was built for: all with the same one.
  std::uint64_t call() override {
    static unsigned long expected = 0; // under the lock; 0: nobody has answered yet
    const std::scoped_lock lock(list_lock());
    const unsigned long signature = register_();
    unregister_();
    if (expected == 0) expected = signature;
    return signature != 0 && signature == expected ? 0 : 1;
  }

private:
  tenure::symbol<unsigned long()> register_;
  tenure::symbol<void()> unregister_;
};

} // namespace

std::string coder_symbol(const plugin& p, const char* verb) {
  std::string name = p.name;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return verb + name + "Image";
}

std::unique_ptr<work> start_coder(const plugin& p, const tenure::module& m) {
  return std::make_unique<coder_work>(p, m);
}

} // namespace session
