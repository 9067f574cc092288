// The host of frei0r video effects (https://frei0r.dyne.org, frei0r.h): a small picture through each.
#include "host.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace session {
namespace {

constexpr unsigned width = 64, height = 48; // pixels; multiples of eight, as the interface wants
constexpr std::uint32_t unwritten = 0xa5c35a3cU;

// The C interface.
struct plugin_info {
  const char *name, *author;
  int type, color_model, version, major, minor, parameter_count;
  const char* explanation;
};
struct parameter_info {
  const char* name;
  int type;
  const char* explanation;
};
enum plugin_type : int { filter, source, mixer2, mixer3 };
enum parameter_type : int { parameter_bool, parameter_double };

struct frei0r_api {
  explicit frei0r_api(exports& from)
      : init(from.function<int()>("f0r_init"))
      , deinit(from.function<void()>("f0r_deinit"))
      , get_plugin_info(from.function<void(plugin_info*)>("f0r_get_plugin_info"))
      , get_param_info(from.function<void(parameter_info*, int)>("f0r_get_param_info"))
      , get_param_value(from.function<void(void*, void*, int)>("f0r_get_param_value"))
      , construct(from.function<void*(unsigned, unsigned)>("f0r_construct"))
      , destruct(from.function<void(void*)>("f0r_destruct")) {}
  int (*init)();
  void (*deinit)();
  void (*get_plugin_info)(plugin_info*);
  void (*get_param_info)(parameter_info*, int);
  void (*get_param_value)(void*, void*, int);
  void* (*construct)(unsigned, unsigned);
  void (*destruct)(void*);
};
using update_one = void(void*, double, const std::uint32_t*, std::uint32_t*);
using update_many = void(void*, double, const std::uint32_t*, const std::uint32_t*, const std::uint32_t*,
                         std::uint32_t*);

// f0r_init and f0r_deinit stand around everything that is done with a file: the host counts who uses it.
class initialised {
public:
  initialised(const frei0r_api& api, const std::string& path)
      : api_(api)
      , path_(path) {
    const std::scoped_lock lock(mutex());
    if (users()[path_]++ == 0) api_.init();
  }
  initialised(const initialised&) = delete;
  initialised& operator=(const initialised&) = delete;
  ~initialised() {
    const std::scoped_lock lock(mutex());
    if (--users()[path_] == 0) api_.deinit();
  }

private:
  static std::mutex& mutex() {
    static std::mutex m;
    return m;
  }
  static std::map<std::string, int>& users() { // under the mutex
    static std::map<std::string, int> counts;
    return counts;
  }
  const frei0r_api& api_;
  std::string path_;
};

std::vector<std::uint32_t> make_picture() {
  std::vector<std::uint32_t> picture(width * height);
  for (unsigned y = 0; y != height; ++y)
    for (unsigned x = 0; x != width; ++x)
      picture[y * width + x] = 0xff000000U | (x * 4) << 16 | (y * 5) << 8 | ((x ^ y) & 0xffU);
  return picture;
}

class frei0r_work final : public work {
public:
  frei0r_work(const plugin& p, exports& from)
      : api_(from)
      , init_(api_, p.path)
      , picture_(make_picture())
      , result_(picture_.size()) {
    api_.get_plugin_info(&info_);
    find_update(from);
    made_ = api_.construct(width, height);
    if (made_ == nullptr) throw std::runtime_error("f0r_construct gave nothing");
  }
  ~frei0r_work() override { api_.destruct(made_); }

  std::uint64_t call() override {
    std::fill(result_.begin(), result_.end(), unwritten);
    seconds_ += 1.0 / 25;
    const std::uint32_t* in = info_.type == source ? nullptr : picture_.data();
    if (many_ != nullptr)
      many_(made_, seconds_, in, info_.type >= mixer2 ? in : nullptr, info_.type == mixer3 ? in : nullptr,
            result_.data());
    else
      one_(made_, seconds_, in, result_.data());
    const bool written = std::any_of(result_.begin(), result_.end(), [](auto p) { return p != unwritten; });
    return (written ? 0U : 1U) + bad_parameters();
  }

private:
  // Mixers have f0r_update2, the others f0r_update.
  void find_update(exports& from) {
    if (info_.type >= mixer2)
      many_ = from.function<update_many>("f0r_update2");
    else
      one_ = from.function<update_one>("f0r_update");
  }
  std::uint64_t bad_parameters() {
    std::uint64_t bad = 0;
    for (int i = 0; i != info_.parameter_count; ++i) {
      parameter_info parameter{};
      api_.get_param_info(&parameter, i);
      if (parameter.type != parameter_double) continue;
      double value = 0;
      api_.get_param_value(made_, static_cast<void*>(&value), i);
      if (!std::isfinite(value)) ++bad;
    }
    return bad;
  }

  frei0r_api api_;
  initialised init_;
  std::vector<std::uint32_t> picture_, result_;
  plugin_info info_{};
  void* made_ = nullptr;
  update_one* one_ = nullptr;
  update_many* many_ = nullptr;
  double seconds_ = 0;
};

} // namespace

std::unique_ptr<work> start_frei0r(const plugin& p, exports& from) {
  return std::make_unique<frei0r_work>(p, from);
}

} // namespace session
