#include "mangled.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace tenure::cli {
namespace {

using length = std::uint64_t;

constexpr length endless = std::numeric_limits<std::uint32_t>::max(); // more than anybody reads
constexpr unsigned deepest = 200;                                     // nested parts; the parser is recursive
constexpr unsigned most_conversion_doubts = 8; // a demangler reads on for both answers: each doubles its work

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }

length sum(length a, length b) noexcept { return std::min(endless, a + b); }

/// Reads a name as the ABI's grammar has it, and adds up lengths instead of texts. What it does not know, it
/// gives up at. Demanglers number the parts that can be referred to; where they disagree among each other
/// (lambdas, unnamed types), any of the numbers in question is taken for the longest.
class measurer {
public:
  explicit measurer(std::string_view text)
      : text_(text) {}

  std::optional<length> whole() {
    if (!take("_Z")) return std::nullopt;
    const auto size = encoding();
    const bool suffixed = here() == '.' || here() == '@'; // ".isra.0", "@@VERSION"
    if (failed_ || (at_ != text_.size() && !suffixed)) return std::nullopt;
    return std::min(endless, size * (1 + packs_)); // a pack is searched once for each use
  }

private:
  // --- characters ---

  char here(std::size_t ahead = 0) const noexcept {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool take(std::string_view what) noexcept {
    if (text_.substr(at_, what.size()) != what) return false;
    at_ += what.size();
    return true;
  }
  bool take_one_of(std::string_view any) noexcept {
    if (here() == '\0' || any.find(here()) == any.npos) return false;
    ++at_;
    return true;
  }
  length fail() noexcept {
    failed_ = true, at_ = text_.size();
    return endless;
  }
  length expect(std::string_view what, length size) noexcept { return take(what) ? size : fail(); }

  length digits() noexcept {
    length value = 0;
    for (; is_digit(here()); ++at_) value = std::min(endless, value * 10 + static_cast<length>(here() - '0'));
    return value;
  }

  // --- parts that can be referred to ---

  length remember(length size) {
    longest_.push_back(std::max(size, longest_.empty() ? 0 : longest_.back()));
    return size;
  }

  // Behind the S: "_", "0_", "1A_".
  length reference() {
    length index = 0;
    if (here() != '_') {
      for (; is_digit(here()) || is_upper(here()); ++at_)
        index = std::min(
            endless, index * 36 + static_cast<length>(is_digit(here()) ? here() - '0' : here() - 'A' + 10));
      ++index;
    }
    if (longest_.empty() || index >= longest_.size() + doubts_) return fail();
    return expect("_", longest_[std::min<std::size_t>(index + doubts_, longest_.size() - 1)]);
  }

  length parameter() {
    ++at_; // T
    digits();
    while (is_upper(here())) ++at_;
    return expect("_", sum(argument_, 1));
  }

  // --- names ---

  length source_name() noexcept {
    const auto size = digits();
    if (size == 0 || size > text_.size() - at_) return fail();
    at_ += static_cast<std::size_t>(size);
    return tags(size);
  }
  length tags(length size) noexcept {
    while (!failed_ && take("B")) size = sum(size, source_name() + 8); // "[abi:cxx11]"
    return size;
  }

  void discriminator() noexcept {
    if (take("__")) {
      digits(), expect("_", 0);
    } else if (here() == '_' && is_digit(here(1))) {
      at_ += 2;
    }
  }

  // Ut_, Ul...E_
  length unnamed() {
    const bool lambda = here() == 'l';
    ++at_, ++doubts_;
    length size = 16;
    if (lambda) {
      while (!failed_ && here() != 'E') size = sum(size, type());
      expect("E", 0);
    }
    digits();
    expect("_", 0);
    return tags(remember(size));
  }

  length unqualified() {
    if (here() == 'L') ++at_;
    if (is_digit(here())) {
      const auto size = source_name();
      discriminator();
      return size;
    }
    if (take("cv")) return conversion();
    if (is_lower(here()) && is_lower(here(1))) return at_ += 2, tags(12);
    if (is_lower(here()) && is_upper(here(1))) return at_ += 2, tags(12); // aS, pL: assignments
    if ((here() == 'C' || here() == 'D') && is_digit(here(1))) return at_ += 2, tags(last_name_);
    if (take("DC")) return fail();
    if (here() == 'U' && (here(1) == 't' || here(1) == 'l')) return ++at_, unnamed();
    return fail();
  }

  // "cvT_IiE": the arguments may be the type's or the operator's.
  length conversion() {
    const auto outer = in_conversion_;
    in_conversion_ = true;
    const auto size = type();
    in_conversion_ = outer;
    return sum(size, 9);
  }

  // Sa, Ss, St...: the standard library's, at most "std::basic_iostream<char, std::char_traits<char> >"
  bool is_standard() const noexcept { return here() == 'S' && is_lower(here(1)); }
  length standard() {
    at_ += 2;
    return tags(80);
  }

  length nested() {
    ++at_; // N
    while (take_one_of("rVK")) {
    }
    take_one_of("RO");
    length size = 16;
    while (!failed_ && here() != 'E') size = prefix(size);
    return expect("E", size);
  }

  length prefix(length before) {
    if (here() == 'S' && !is_standard()) return ++at_, sum(before, reference());
    const bool known = is_standard();
    length own = 0;
    if (known)
      own = standard();
    else if (here() == 'I')
      own = arguments();
    else if (here() == 'T')
      own = parameter();
    else
      own = last_name_ = unqualified();
    const auto size = sum(before, sum(own, 2));
    if (!known && here() != 'E') remember(size);
    return size;
  }

  length local() {
    ++at_; // Z
    auto size = expect("E", encoding());
    if (take("s")) return discriminator(), sum(size, 16);
    if (take("d")) digits(), expect("_", 0);
    size = sum(size, name());
    discriminator();
    return size;
  }

  length name() {
    const level here_too(*this);
    if (failed_) return endless;
    if (here() == 'N') return nested();
    if (here() == 'Z') return local();
    if (here() == 'S' && !is_standard()) return ++at_, with_arguments(reference());
    if (here() != 'S') return followed(last_name_ = unqualified());
    const bool in_std = here(1) == 't';
    const auto size = standard();
    return in_std ? followed(sum(size, last_name_ = unqualified())) : with_arguments(size);
  }
  length followed(length size) { return here() == 'I' ? with_arguments(remember(size)) : size; }
  length with_arguments(length size) { return here() == 'I' ? sum(size, arguments()) : size; }

  length special() {
    if (take_one_of("VTIS")) return type(); // virtual table, VTT, typeinfo and its name
    if (take_one_of("hv")) return thunk_offset(text_[at_ - 1]), sum(encoding(), 32);
    if (take("c")) return fail();
    if (take("C")) return sum(type(), (digits(), expect("_", 0), type()));
    return take_one_of("HWA") ? name() : fail();
  }
  void thunk_offset(char kind) {
    take("n"), digits(), expect("_", 0);
    if (kind == 'v') take("n"), digits(), expect("_", 0);
  }

  length encoding() {
    const level here_too(*this);
    if (failed_) return endless;
    if (take("T")) return special() + 32;
    if (take("GV")) return name() + 32;
    if (here() == 'G') return fail();
    auto size = sum(name(), 2);
    const auto outer = in_parameters_;
    in_parameters_ = true;
    while (!failed_ && at_ != text_.size() && here() != 'E' && here() != '.' && here() != '@')
      size = sum(size, sum(type(), 2));
    in_parameters_ = outer;
    return size;
  }

  // --- template arguments ---

  length arguments() {
    ++at_; // I or J
    length size = 4;
    while (!failed_ && here() != 'E') {
      const auto one = argument();
      if (!in_parameters_) argument_ = std::max(argument_, one);
      size = sum(size, one + 2);
    }
    return expect("E", size);
  }
  length argument() {
    if (here() == 'I' || here() == 'J') return arguments();
    if (here() == 'X') return fail();
    return here() == 'L' ? literal() : type();
  }
  length literal() {
    ++at_; // L
    if (take("_Z")) return expect("E", encoding());
    auto size = type();
    for (; here() != 'E' && (is_digit(here()) || is_lower(here()) || here() == '_'); ++at_)
      size = sum(size, 5);
    return expect("E", size);
  }

  // --- types ---

  length type() {
    const level here_too(*this);
    if (failed_) return endless;
    if (here() == 'u') return ++at_, remember(source_name());
    if (is_lower(here()) && here() != 'r') return ++at_, 20; // "unsigned long long"
    if (here() == 'S') return substituted();
    if (here() == 'D') return decorated();
    return remember(compound());
  }

  length substituted() {
    if (!is_standard()) {
      const auto size = (++at_, reference());
      return here() == 'I' ? remember(sum(size, arguments())) : size;
    }
    const bool whole = here(1) != 't' && here(2) != 'I' && here(2) != 'B';
    const auto size = name();
    return whole ? size : remember(size);
  }

  length decorated() {
    if (take("Dp")) return ++packs_, remember(sum(type(), 3));
    if (take("Do")) return remember(compound()); // noexcept
    ++at_;
    return take_one_of("acfdehsiun") ? 20 : fail();
  }

  length compound() {
    if (take_one_of("rVK")) {
      while (take_one_of("rVK")) {
      }
      return here() == 'F' ? function() : sum(type(), 24);
    }
    if (take_one_of("PROCG")) return sum(type(), 10);
    if (here() == 'F') return function();
    if (take("A")) return digits(), expect("_", 0), sum(type(), 24);
    if (take("M")) return member();
    if (here() == 'T') return with_parameter_arguments(parameter());
    return is_digit(here()) || here() == 'N' || here() == 'Z' ? name() : fail();
  }
  length member() {
    const auto owner = type();
    return sum(owner, sum(type(), 4));
  }
  length with_parameter_arguments(length size) {
    if (here() != 'I') return size;
    if (in_conversion_ && ++conversion_doubts_ > most_conversion_doubts) return fail();
    return sum(remember(size), arguments());
  }
  length function() {
    if (!take("F")) return fail();
    take("Y");
    length size = 4;
    while (!failed_ && here() != 'E' && here() != 'R' && here() != 'O') size = sum(size, sum(type(), 2));
    while (!failed_ && here() != 'E') size = ref_qualified(size);
    return expect("E", size);
  }
  // "FvOiE": the O may belong to the function or to a type.
  length ref_qualified(length size) {
    if (here(1) == 'E') return ++at_, size;
    return sum(size, sum(type(), 2));
  }

  struct level {
    explicit level(measurer& of)
        : of_(of) {
      if (++of_.depth_ > deepest) of_.fail();
    }
    level(const level&) = delete;
    level& operator=(const level&) = delete;
    ~level() { --of_.depth_; }
    measurer& of_;
  };

  std::string_view text_;
  std::size_t at_ = 0;
  bool failed_ = false, in_parameters_ = false, in_conversion_ = false;
  unsigned depth_ = 0, conversion_doubts_ = 0;
  length packs_ = 0, doubts_ = 0;
  length argument_ = 1;         // the longest template argument so far of what is named
  length last_name_ = 16;       // a constructor repeats it
  std::vector<length> longest_; // up to each part that can be referred to
};

} // namespace

std::optional<std::uint64_t> bound_of_demangled(std::string_view name) { return measurer(name).whole(); }

} // namespace tenure::cli
