// A text that the library made, for whoever does not want <string> in a header.
#ifndef TENURE_TEXT_HPP
#define TENURE_TEXT_HPP

#include <tenure/detail/export.hpp>

#include <cstddef>

namespace tenure::inline v1 {

// Characters with a NUL behind them. Obtained from: manager::dump and the like; a move. Not copyable.
// Threads: as an int.
class text {
public:
  text() noexcept = default;
  // Takes over `owned`, which the library allocated.
  text(char* owned, std::size_t size) noexcept
      : characters_(owned)
      , size_(size) {}
  text(text&& other) noexcept
      : characters_(other.characters_)
      , size_(other.size_) {
    other.characters_ = nullptr;
    other.size_ = 0;
  }
  text& operator=(text&& other) noexcept {
    char* const mine = characters_;
    const std::size_t size = size_;
    characters_ = other.characters_;
    size_ = other.size_;
    other.characters_ = mine;
    other.size_ = size;
    return *this;
  }
  ~text() {
    if (characters_ != nullptr) free_characters();
  }

  // Ends in a zero; "" if it is empty.
  [[nodiscard]] const char* c_str() const noexcept { return characters_ != nullptr ? characters_ : ""; }
  // As c_str(), by the name that string views use.
  [[nodiscard]] const char* data() const noexcept { return c_str(); }
  // In bytes, without the zero.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
  TENURE_API void free_characters() noexcept;
  char* characters_ = nullptr;
  std::size_t size_ = 0;
};

} // namespace tenure::inline v1

#endif
