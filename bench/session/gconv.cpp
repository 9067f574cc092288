// The host of glibc's character set converters: bytes of a character set to UCS-4, through the module's own
// functions (iconv/gconv.h). They are on nearly every Linux, where no other plug-ins are.
#include "host.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cwchar>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <stdexcept>

namespace session {
namespace {

struct step;
struct step_data;
using convert = int(step*, step_data*, const unsigned char** in, const unsigned char* in_end,
                    unsigned char** out, std::size_t* irreversible, int flush, int consume_incomplete);

// The C interface, in its order.
struct step {
  void* library;
  const char* module_name;
  int counter;
  char *from, *to;
  void *convert_function, *btowc_function, *init_function, *end_function; // mangled by glibc: not for us
  int min_from, max_from, min_to, max_to;
  int stateful;
  void* data;
};
struct step_data {
  unsigned char *out, *out_end;
  int flags;
  int calls;
  int internal;
  std::mbstate_t* state_pointer;
  std::mbstate_t state;
};
enum flag : int { is_last = 1, ignore_errors = 2 };
enum answer : int { ok = 0, empty_input = 4, full_output = 5, illegal_input = 6, incomplete_input = 7 };

constexpr char32_t largest_character = 0x10'ffff;

class gconv_work final : public work {
public:
  gconv_work(const std::string& set, exports& from)
      : from_(set + "//")
      , convert_(from.function<convert>("gconv"))
      , end_(reinterpret_cast<void (*)(step*)>(from.find("gconv_end"))) {
    step_.from = from_.data();
    step_.to = to_.data();
    if (from.function<int(step*)>("gconv_init")(&step_) != ok)
      throw std::runtime_error("gconv_init refused " + set);
  }
  ~gconv_work() override {
    if (end_ != nullptr) end_(&step_);
  }

  std::uint64_t call() override {
    constexpr std::string_view text = "Tenure 12345 abcdefghijklmnopqrstuvwxyz";
    std::array<char32_t, 256> out{};
    step_data data{};
    data.out = reinterpret_cast<unsigned char*>(out.data());
    data.out_end = data.out + sizeof(out);
    data.flags = is_last;
    data.state_pointer = &data.state;
    const auto* in = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t irreversible = 0;
    const int answered = convert_(&step_, &data, &in, in + text.size(), nullptr, &irreversible, 0, 0);
    const auto written = static_cast<std::size_t>(data.out - reinterpret_cast<unsigned char*>(out.data()));
    return count_bad(answered, {out.data(), written / sizeof(char32_t)});
  }

private:
  // That the text is not one of this character set is an answer too; a value that is no character is not.
  static std::uint64_t count_bad(int answered, std::u32string_view characters) {
    std::uint64_t bad = answered == ok || (answered >= empty_input && answered <= incomplete_input) ? 0 : 1;
    for (const char32_t c : characters) bad += c > largest_character ? 1U : 0U;
    return bad;
  }

  std::string from_, to_ = "INTERNAL";
  step step_{};
  convert* convert_;
  void (*end_)(step*); // some modules have nothing to end
};

using sets = std::map<std::string, std::string>; // by module name

// glibc hands names to modules in capitals, however they are written there.
std::string upper_case(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

// Lines "module FROM// INTERNAL FILE COST".
void read_configuration(const std::filesystem::path& file, sets& found) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string verb, from, to, name;
    if (words >> verb >> from >> to >> name && verb == "module" && to == "INTERNAL" && from.ends_with("//"))
      found.try_emplace(name, upper_case(from.substr(0, from.size() - 2)));
  }
}

sets read_folder(const std::filesystem::path& folder) {
  sets found;
  read_configuration(folder / "gconv-modules", found);
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "gconv-modules.d", none))
    read_configuration(entry.path(), found);
  return found;
}

} // namespace

std::string character_set_of(const plugin& p) {
  static std::mutex lock; // excludes two threads that ask for the first time; a leaf
  static std::map<std::filesystem::path, sets> folders;
  const std::filesystem::path folder = std::filesystem::path(p.path).parent_path();
  const std::scoped_lock held(lock);
  const auto at = folders.find(folder);
  const sets& known =
      at != folders.end() ? at->second : folders.emplace(folder, read_folder(folder)).first->second;
  const auto set = known.find(p.name);
  return set != known.end() ? set->second : "";
}

std::unique_ptr<work> start_gconv(const plugin& p, exports& from) {
  return std::make_unique<gconv_work>(character_set_of(p), from);
}

} // namespace session
