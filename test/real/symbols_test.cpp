// Every name in the symbol tables of installed modules, and some that are not there, looked up by Tenure and
// by the system: the same answer, the first time and again, on the thread that asked first and on another.
//   symbols_test CORPUS
// One child process a module: an initialiser that dies takes nobody with it. Exit status: 0 all agree, 1 some
// do not, 77 the corpus is not installed.
#include "corpora.hpp"

#include "image/image.hpp"
#include "os/os.hpp"
#include "os/symbol_tables.hpp"

#include <tenure/tenure.hpp>

#include <fmt/core.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

// What one child counts; sent through a pipe.
struct tally {
  unsigned long names = 0;
  unsigned long answered =
      0; // by the module's own table, or proven to be nowhere: the system need not be asked
  unsigned long found = 0;
  unsigned long wrong = 0;
  unsigned long modules = 0;
};

std::vector<std::byte> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<std::byte> bytes;
  for (std::istreambuf_iterator<char> at(file), end; at != end; ++at)
    bytes.push_back(static_cast<std::byte>(*at));
  return bytes;
}

std::vector<std::string> names_of(const std::string& path) {
  const std::vector<std::byte> bytes = read_file(path);
  const tenure::image::facts facts = tenure::image::read_facts(bytes);
  // Indirect functions, variables, thread-local ones, several versions; and what is nowhere.
  std::vector<std::string> names = {
      "memcpy", "strlen",    "malloc",         "environ",        "stdout", "errno", "__libc_start_main",
      "sin",    "_ZSt4cout", "pthread_create", "no_such_symbol", "",       "a"};
  for (const auto* list : {&facts.exports, &facts.imports})
    for (const auto& s : *list) names.emplace_back(s.name);
  return names;
}

struct answer {
  bool found = false;
  void* address = nullptr;
  friend bool operator==(const answer&, const answer&) = default;
};

answer by_system(void* handle, const std::string& name) {
  ::dlerror();
  void* const address = ::dlsym(handle, name.c_str());
  return {address != nullptr || ::dlerror() == nullptr, address};
}

answer by_tenure(const tenure::module& m, const std::string& name) {
  tenure::failure why;
  const auto symbol = m.symbol<char>(name, why);
  return {!why, const_cast<char*>(symbol.get())};
}

bool told_without_system(const tenure::os::symbol_table& own, const std::string& name) {
  const std::uint32_t hash = tenure::os::symbol_table::gnu_hash_of(name.c_str(), name.size());
  return own.find(name.c_str(), hash).verdict == tenure::os::symbol_verdict::here;
}

void compare(const std::string& path, void* handle, const tenure::module& m, tally& t) {
  tenure::os::mapped_image image;
  std::string loaded_as;
  tenure::os::describe(handle, image, loaded_as);
  const tenure::os::symbol_table own = tenure::os::own_table(handle, image);
  const auto complain = [&](const char* when, const std::string& name, answer theirs, answer ours) {
    ++t.wrong;
    fmt::print("FAILED: {}, {}, {}: the system {} {}, Tenure {} {}\n", path, name, when, theirs.found,
               theirs.address, ours.found, ours.address);
  };
  for (const std::string& name : names_of(path)) {
    const answer theirs = by_system(handle, name);
    for (const char* const when : {"first", "again"})
      if (const answer ours = by_tenure(m, name); ours != theirs) complain(when, name, theirs, ours);
    ++t.names;
    t.found += theirs.found;
    t.answered += told_without_system(own, name);
  }
  std::thread([&] {
    for (const std::string& name : names_of(path)) {
      const answer theirs = by_system(handle, name);
      if (const answer ours = by_tenure(m, name); ours != theirs)
        complain("on another thread", name, theirs, ours);
    }
  }).join();
  ++t.modules;
}

// What the system does not load, is not asked.
tally look_at(const real::corpus& c, const std::string& path) {
  tally t;
  for (const std::string& host : c.hosts) ::dlopen(host.c_str(), RTLD_NOW | RTLD_GLOBAL);
  void* const handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  tenure::manager<tenure::policy::final_close> modules;
  tenure::failure why;
  const tenure::module m = handle != nullptr ? modules.open(path, why) : tenure::module();
  if (m) compare(path, handle, m, t);
  std::fflush(stdout);
  return t;
}

tally in_a_child(const real::corpus& c, const std::string& path) {
  int ends[2] = {-1, -1};
  if (::pipe(ends) != 0) return {};
  const pid_t child = ::fork();
  if (child == 0) {
    const tally t = look_at(c, path);
    const bool sent = ::write(ends[1], &t, sizeof t) == static_cast<ssize_t>(sizeof t);
    ::_exit(sent ? 0 : 1);
  }
  ::close(ends[1]);
  tally t;
  if (::read(ends[0], &t, sizeof t) != static_cast<ssize_t>(sizeof t)) {
    t = {};
    fmt::print("dies of its own code: {}\n", path); // the same in unload_test, by plain dlopen too
  }
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return t;
}

} // namespace

int main(int count, char** arguments) {
  if (count != 2) return fmt::print("usage: symbols_test CORPUS\n"), 2;
  real::corpus c = real::find_corpus(arguments[1]);
  if (c.name ==
      "system") // and libraries that everybody has, which have what plug-ins rarely have: versions, and more
    for (const void* const in :
         {reinterpret_cast<const void*>(&std::strlen), reinterpret_cast<const void*>(&::dlopen)}) {
      Dl_info info{};
      if (::dladdr(in, &info) != 0) c.files.push_back({info.dli_fname, "", {}, {}});
    }
  for (const std::string& host : c.hosts) c.files.push_back({host, "", {}, {}});
  if (c.files.size() < c.enough)
    return fmt::print("skipped: only {} modules of {}\n", c.files.size(), c.name), 77;
  tally all;
  for (const session::plugin& p : c.files) {
    const tally t = in_a_child(c, p.path);
    all.names += t.names, all.found += t.found, all.answered += t.answered, all.wrong += t.wrong,
        all.modules += t.modules;
  }
  fmt::print("{}: {} names in {} modules: {} found, {} of them in the module's own table, {} wrong\n", c.name,
             all.names, all.modules, all.found, all.answered, all.wrong);
  return all.wrong == 0 && all.modules != 0 && all.answered != 0 ? 0 : 1;
}
