// dlopen, dlsym and dlclose, as a careful program without a library uses them.
#ifndef TENURE_TEST_MISUSE_RAW_WAY_HPP
#define TENURE_TEST_MISUSE_RAW_WAY_HPP

#include "host.hpp"

#include <dlfcn.h>
#include <type_traits>
#include <utility>

namespace misuse {

class raw_way : public host {
public:
  // What dlsym gives keeps nothing loaded.
  template <class F> class symbol {
  public:
    symbol() noexcept = default;
    explicit symbol(void* address) noexcept
        : target_(reinterpret_cast<F*>(address)) {}
    [[nodiscard]] F* get() const noexcept { return target_; }
    template <class... Args> decltype(auto) operator()(Args&&... args) const {
      return target_(std::forward<Args>(args)...);
    }

  private:
    F* target_ = nullptr;
  };

  // One dlopen, closed by its destructor. A copy opens again.
  class module {
  public:
    module() noexcept = default;
    explicit module(void* handle) noexcept
        : handle_(handle) {}
    module(const module& other);
    module(module&& other) noexcept :handle_(std::exchange(other.handle_, nullptr)) {}
    module& operator=(module other) noexcept {
      std::swap(handle_, other.handle_);
      return *this;
    }
    ~module() { reset(); }
    void reset() noexcept {
      if (void* const handle = std::exchange(handle_, nullptr)) ::dlclose(handle);
    }
    template <class F> [[nodiscard]] raw_way::symbol<F> symbol(const char* name) const {
      return raw_way::symbol<F>(find(name));
    }
    template <class T> [[nodiscard]] auto create(const char* factory) const;
    [[nodiscard]] module enter() const { return *this; }
    [[nodiscard]] void* native_handle() const noexcept { return handle_; }
    explicit operator bool() const noexcept { return handle_ != nullptr; }
    friend bool operator==(const module& a, const module& b) noexcept { return a.handle_ == b.handle_; }

  private:
    [[nodiscard]] void* find(const char* name) const;
    void* handle_ = nullptr;
  };

  // An object beside the handle that it needs.
  template <class T> class instance {
  public:
    instance() noexcept = default;
    instance(module owner, T* object) noexcept
        : owner_(std::move(owner))
        , object_(object) {}
    instance(instance&& other) noexcept
        : owner_(std::move(other.owner_))
        , object_(std::exchange(other.object_, nullptr)) {}
    instance& operator=(instance&& other) noexcept {
      reset();
      owner_ = std::move(other.owner_);
      object_ = std::exchange(other.object_, nullptr);
      return *this;
    }
    ~instance() { reset(); }
    void reset() noexcept {
      delete std::exchange(object_, nullptr);
      owner_.reset();
    }
    T* operator->() const noexcept { return object_; }
    [[nodiscard]] T* get() const noexcept { return object_; }

  private:
    module owner_;
    T* object_ = nullptr;
  };

  using host::host;
  [[nodiscard]] module open(const std::string& path, bool global = false);
  [[nodiscard]] module open_apart(const std::string& path) { return open(path); }
  [[nodiscard]] module open_wide(std::string_view path) { return open(std::string(path)); }
  // What a program does to be rid of what is closed: dlclose was all.
  verdict let_go(const std::string& name);
  verdict sweep(const std::string& name) { return let_go(name); }
  module adopt(void* handle) { return module(handle); }
  static constexpr bool managed = false;
  static constexpr bool keeps_pages() { return false; }
  static void distrust_files() {}
};

template <class T> auto raw_way::module::create(const char* factory) const {
  return raw_way::instance<T>(*this, raw_way::symbol<T*()>(find(factory))());
}

} // namespace misuse

#endif
