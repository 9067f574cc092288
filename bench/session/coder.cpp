// The host of ImageMagick 6 coders: each registers its formats with the core library, and takes them back.
#include "host.hpp"

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
  coder_work(const plugin& p, exports& from)
      : register_(from.function<unsigned long()>(coder_symbol(p, "Register").c_str()))
      , unregister_(from.function<void()>(coder_symbol(p, "Unregister").c_str())) {}

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
  unsigned long (*register_)();
  void (*unregister_)();
};

} // namespace

std::string coder_symbol(const plugin& p, const char* verb) {
  std::string name = p.name;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return verb + name + "Image";
}

std::unique_ptr<work> start_coder(const plugin& p, exports& from) {
  return std::make_unique<coder_work>(p, from);
}

} // namespace session
