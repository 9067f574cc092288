#include "trace.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <numbers>
#include <random>
#include <stdexcept>

namespace simulate {
namespace {

constexpr double second = 1e9; // nanoseconds
constexpr double day = 86'400 * second;
constexpr double burst_length = 20;         // openings, on average
constexpr double burst_speed = 50;          // within one, times as fast as on average
constexpr std::uint64_t scan_every = 2'000; // openings

class made : public trace {
public:
  explicit made(const wish& w)
      : wish_(w) {
    double sum = 0;
    for (std::uint32_t i = 0; i != w.modules; ++i) upto_.push_back(sum += 1.0 / (i + 1));
    for (double& u : upto_) u /= sum;
  }
  void begin() override {
    random_.seed(wish_.seed);
    left_ = wish_.openings;
    now_ = 0;
  }
  bool next(opening& o) override {
    if (left_ == 0) return false;
    --left_;
    step(o);
    o.at = static_cast<std::int64_t>(now_);
    o.hold = static_cast<std::int64_t>(after(wish_.hold_seconds * second));
    return true;
  }
  std::uint32_t modules() const override { return wish_.modules; }

protected:
  // The next opening's module, and `now_`.
  virtual void step(opening& o) {
    now_ += after(second / wish_.per_second);
    o.module = popular();
  }
  double uniform() { return std::generate_canonical<double, 53>(random_); }
  double after(double mean) { return -mean * std::log1p(-uniform()); }
  std::uint32_t popular() {
    return static_cast<std::uint32_t>(std::lower_bound(upto_.begin(), upto_.end() - 1, uniform()) -
                                      upto_.begin());
  }
  [[nodiscard]] double mean_interval() const { return second / wish_.per_second; }
  [[nodiscard]] std::uint64_t left() const { return left_; }

  double now_ = 0;

private:
  wish wish_;
  std::mt19937_64 random_;
  std::vector<double> upto_; // share of the modules up to each
  std::uint64_t left_ = 0;
};

class diurnal final : public made {
public:
  using made::made;

private:
  void step(opening& o) override {
    const double share = (1 - std::cos(2 * std::numbers::pi * now_ / day)) / 2; // 0 at midnight, 1 at noon
    now_ += after(mean_interval() / (0.18 + 1.64 * share)); // a tenth by night, 1 on average
    o.module = popular();
  }
};

class bursts final : public made {
public:
  using made::made;
  void begin() override {
    made::begin();
    module_ = popular();
  }

private:
  void step(opening& o) override {
    const bool goes_on = uniform() >= 1 / burst_length;
    now_ += after(goes_on ? mean_interval() / burst_speed : mean_interval() * burst_length);
    if (!goes_on) module_ = popular();
    o.module = module_;
  }
  std::uint32_t module_ = 0;
};

class scans final : public made {
public:
  using made::made;

private:
  void step(opening& o) override {
    const std::uint64_t place = left() % scan_every;
    made::step(o);
    if (place < modules()) o.module = static_cast<std::uint32_t>(place);
  }
};

class recorded final : public trace {
public:
  recorded(std::vector<opening> all, std::uint32_t modules)
      : all_(std::move(all))
      , modules_(modules) {}
  void begin() override { place_ = 0; }
  bool next(opening& o) override {
    if (place_ == all_.size()) return false;
    o = all_[place_++];
    return true;
  }
  std::uint32_t modules() const override { return modules_; }

private:
  std::vector<opening> all_;
  std::uint32_t modules_;
  std::size_t place_ = 0;
};

class reader {
public:
  reader(const std::string& file, std::vector<recorded_module>& modules)
      : file_(file)
      , modules_(modules) {}

  std::vector<opening> read() {
    std::ifstream in(file_);
    if (!in) throw std::runtime_error(file_ + ": cannot be read");
    std::vector<opening> all;
    for (std::string line; std::getline(in, line);) {
      ++line_;
      if (line.empty() || is_head(line)) continue;
      all.push_back(parse(line));
      if (all.size() > 1 && all.back().at < all[all.size() - 2].at)
        complain("earlier than the line before", line);
    }
    return all;
  }

private:
  bool is_head(const std::string& line) {
    if (line_ != 1 || std::isalpha(static_cast<unsigned char>(line[0])) == 0) return false;
    measured_ = line.find(",load,bytes") != std::string::npos;
    return true;
  }
  // Names may have commas in them.
  opening parse(std::string line) {
    const std::string whole = line;
    const std::string bytes = measured_ ? cut_last(line, whole) : "";
    const std::string load = measured_ ? cut_last(line, whole) : "";
    opening o;
    o.hold = static_cast<std::int64_t>(number(cut_last(line, whole), longest) * second);
    const std::size_t first = line.find(',');
    if (first == std::string::npos) complain("not seconds,module,hold", whole);
    o.at = static_cast<std::int64_t>(number(line.substr(0, first), longest) * second);
    o.module =
        known_.emplace(line.substr(first + 1), static_cast<std::uint32_t>(known_.size())).first->second;
    if (o.module == modules_.size()) modules_.push_back({line.substr(first + 1)});
    if (load.empty()) return o;
    modules_[o.module].load = number(load, longest);
    modules_[o.module].bytes = number(bytes, most_bytes);
    return o;
  }
  std::string cut_last(std::string& line, const std::string& whole) {
    const std::size_t last = line.rfind(',');
    if (last == std::string::npos) complain("not seconds,module,hold", whole);
    std::string part = line.substr(last + 1);
    line.resize(last);
    return part;
  }
  double number(const std::string& text, double most) {
    std::size_t used = 0;
    double value = -1;
    try {
      value = std::stod(text, &used);
    } catch (const std::exception&) { // what stod throws says nothing of the line
      used = 0;
    }
    if (used == 0 || used != text.size() || !(value >= 0) || value > most)
      complain("not such a number", text);
    return value;
  }
  [[noreturn]] void complain(const char* what, const std::string& text) const {
    throw std::runtime_error(fmt::format("{}:{}: {}: {}", file_, line_, what, text));
  }

  static constexpr double longest = 1e9; // seconds
  static constexpr double most_bytes = 1e15;
  const std::string& file_;
  std::vector<recorded_module>& modules_;
  std::map<std::string, std::uint32_t> known_;
  std::size_t line_ = 0;
  bool measured_ = false;
};

} // namespace

std::unique_ptr<trace> make_trace(const std::string& kind, const wish& w) {
  if (kind == "diurnal") return std::make_unique<diurnal>(w);
  if (kind == "bursts") return std::make_unique<bursts>(w);
  if (kind == "scans") return std::make_unique<scans>(w);
  return std::make_unique<made>(w);
}

std::unique_ptr<trace> read_trace(const std::string& file, std::vector<recorded_module>& modules) {
  std::vector<opening> all = reader(file, modules).read();
  return std::make_unique<recorded>(std::move(all), static_cast<std::uint32_t>(modules.size()));
}

} // namespace simulate
