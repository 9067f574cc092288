#include "embedder.hpp"

#include "../peers/peer.hpp"
#include "../support/command.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace bench {
namespace {

namespace fs = std::filesystem;

struct included {
  const char* who;
  role as;
  std::string text;
};

// Handles and symbols: what is in every file that uses a module.
constexpr const char* handles[] = {"api", "guard", "instance", "module", "pin", "symbol"};

std::vector<included> what_is_included() {
  std::string light;
  for (const char* const header : handles) light += fmt::format("#include <tenure/{}.hpp>\n", header);
  std::vector<included> all{{"empty file", role::floor, ""},
                            {"tenure, handles", role::ours, light},
                            {"tenure", role::ours, "#include <tenure/tenure.hpp>\n"}};
  for (const peer& p : all_peers()) all.push_back({p.name, p.as, fmt::format("#include <{}>\n", p.header)});
  return all;
}

std::vector<std::string> split(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// "gmodule.h=FLAGS;QLibrary=FLAGS;", as bench/peers/meson.build writes it.
std::string flags_for(const std::string& text) {
  std::istringstream all(BENCH_PEER_FLAGS);
  for (std::string one; std::getline(all, one, ';');) {
    const std::size_t at = one.find('=');
    if (text.find("<" + one.substr(0, at) + ">") != std::string::npos) return one.substr(at + 1);
  }
  return "";
}

// Without a cache: it would be asked a second time.
double compile(const fs::path& source, const std::string& flags) {
  std::vector<std::string> words = split(BENCH_COMMAND);
  for (const char* const word :
       {"-std=c++20", "-fPIC", "-fsyntax-only", "-DTENURE_STATIC", "-I" BENCH_INCLUDE})
    words.emplace_back(word);
  for (const std::string& flag : split(flags)) words.push_back(flag);
  words.push_back(source.string());
  const finished f = run_command(words);
  if (f.status != 0) throw std::runtime_error(fmt::format("{} does not compile", source.string()));
  return f.processor_ms;
}

struct code {
  double text = 0;         // bytes that are mapped and not written: code, constants, what unwinding needs
  double initialisers = 0; // run before main()
};

// `size -A` lists sections: name, size, address.
std::optional<code> measure(const fs::path& program) {
  const finished f = run_command({"size", "-A", "-d", program.string()});
  if (f.status != 0) return {};
  code c;
  std::istringstream in(f.printed);
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string> words = split(line);
    if (words.size() != 3 || words[0][0] != '.' || words[2] == "0") continue;
    const double bytes = std::stod(words[1]);
    if (words[0] == ".init_array") c.initialisers = bytes / sizeof(void*);
    constexpr std::string_view written[] = {".data",    ".bss", ".tdata",  ".tbss",
                                            ".dynamic", ".got", ".got.plt"};
    if (std::find(std::begin(written), std::end(written), words[0]) == std::end(written)) c.text += bytes;
  }
  return c;
}

// As bench/embedder names them.
struct program {
  const char* file;
  const char* who;
  role as;
};
constexpr program programs[] = {
    {"size_of_tenure", "tenure", role::ours},
    {"size_of_tenure_static", "tenure, all static", role::ours},
    {"size_of_raw", "dlopen", role::raw},
    {"size_of_boost_dll", "Boost.DLL", role::peer},
    {"size_of_gmodule", "GModule", role::peer},
    {"size_of_poco", "POCO", role::peer},
    {"size_of_qlibrary", "Qt QLibrary", role::peer},
    {"size_of_libltdl", "libltdl", role::peer},
    {"size_of_apr", "APR", role::peer},
};

} // namespace

void ask_headers(suite& s) {
  const module_files scratch("");
  std::vector<included> all = what_is_included();
  std::vector<std::vector<double>> taken(all.size());
  for (unsigned round = 0; round != s.how_much().rounds; ++round)
    for (std::size_t i = 0; i != all.size(); ++i) {
      const fs::path source = fs::path(scratch.folder()) / fmt::format("{}.cpp", i);
      std::ofstream(source) << all[i].text;
      taken[i].push_back(compile(source, flags_for(all[i].text)));
    }
  for (std::size_t i = 0; i != all.size(); ++i) s.note("headers", all[i].who, all[i].as, "ms", taken[i]);
}

std::string ask_code_size(suite& s, const std::string& folder) {
  const auto nothing = measure(fs::path(folder) / "size_of_nothing");
  if (!nothing) return "the command `size` is not there";
  for (const program& p : programs) {
    const fs::path file = fs::path(folder) / p.file;
    const auto c = fs::exists(file) ? measure(file) : std::nullopt; // peers that were not found have none
    if (!c) continue;
    s.note("code", p.who, p.as, "bytes", {c->text - nothing->text});
    s.note("static initialisers", p.who, p.as, "calls", {c->initialisers - nothing->initialisers});
  }
  return "";
}

} // namespace bench
