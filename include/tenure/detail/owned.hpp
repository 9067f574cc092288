// What the library made and frees: a list that is handed out, moved but not copied.
#ifndef TENURE_DETAIL_OWNED_HPP
#define TENURE_DETAIL_OWNED_HPP

namespace tenure::inline v1::detail {

template <class T, void (*Free)(T*) noexcept> class owned {
public:
  owned() noexcept = default;
  explicit owned(T* made) noexcept
      : value_(made) {}
  owned(owned&& other) noexcept
      : value_(other.value_) {
    other.value_ = nullptr;
  }
  owned& operator=(owned&& other) noexcept {
    T* const mine = value_;
    value_ = other.value_;
    other.value_ = mine;
    return *this;
  }
  ~owned() {
    if (value_ != nullptr) Free(value_);
  }
  explicit operator bool() const noexcept { return value_ != nullptr; }
  const T* operator->() const noexcept { return value_; }

private:
  T* value_ = nullptr;
};

} // namespace tenure::inline v1::detail

#endif
