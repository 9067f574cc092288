// Usage: references_ladspa [FOLDER] : how often the departure checks are wrong about real plug-ins. Each file
// is loaded, all its plug-ins are used, and all is released; whatever is found then is a false alarm, or
// something that the file really left. A manager of each level, beside a thread that waits and one that runs:
// fails if any close is postponed below `references`. The reference scan, with a manager and without: prints
// each alarm, and fails if there are more than one in fifty closes.
//
// The oracle: at that point the host has nothing of the file any more.
#include "departure/loaded_module.hpp"
#include "departure/observer.hpp"
#include "os/references.hpp"
#include "session/ladspa.hpp"
#include "support/until.hpp"

#include <tenure/tenure.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <latch>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace ladspa = session::ladspa;
namespace os = tenure::os;
namespace fs = std::filesystem;

constexpr unsigned long frames = 256;
constexpr int skipped = 77; // for Meson

// One plug-in's ports, all connected.
struct connections {
  explicit connections(const ladspa::descriptor& d)
      : values(d.port_count) {}
  std::vector<std::array<float, frames>> values;
};

float initial_value(const ladspa::range_hint& hint) {
  if ((hint.flags & ladspa::hint_below) == 0) return 0;
  const bool in_samples = (hint.flags & ladspa::hint_of_rate) != 0;
  return hint.lower * (in_samples ? 48000.0F : 1.0F);
}

void connect(const ladspa::descriptor& d, void* plugin, connections& ports) {
  for (unsigned long i = 0; i != d.port_count; ++i) {
    ports.values[i].fill((d.ports[i] & ladspa::port_control) != 0 ? initial_value(d.hints[i]) : 0);
    d.connect_port(plugin, i, ports.values[i].data());
  }
}

void use(const ladspa::descriptor& d) {
  void* const plugin = d.instantiate(&d, 48000);
  if (plugin == nullptr) return;
  connections ports(d);
  connect(d, plugin, ports);
  if (d.activate != nullptr) d.activate(plugin);
  d.run(plugin, frames);
  if (d.deactivate != nullptr) d.deactivate(plugin);
  d.cleanup(plugin);
}

DEPARTURE_NOT_INLINED unsigned use_all(void* handle) {
  const auto descriptor = reinterpret_cast<ladspa::find_descriptor*>(::dlsym(handle, "ladspa_descriptor"));
  unsigned count = 0;
  while (descriptor != nullptr) {
    const ladspa::descriptor* const d = descriptor(count);
    if (d == nullptr) break;
    use(*d);
    ++count;
  }
  return count;
}

// What the search needs, in memory that it leaves out.
struct subject {
  os::mapped_image image;
  os::reference_baseline baseline;
  os::reference_search result;
  os::reference_place places[8];
};

// glibc: a handle is a link_map.
int describe_image(dl_phdr_info* info, std::size_t, void* context) {
  auto& [handle, image] = *static_cast<std::pair<void*, os::mapped_image*>*>(context);
  if (static_cast<const link_map*>(handle)->l_addr != info->dlpi_addr) return 0;
  for (int i = 0; i != info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    if (image->whole.size() == 0) image->whole.begin = info->dlpi_addr + segment.p_vaddr;
    image->whole.end = info->dlpi_addr + segment.p_vaddr + segment.p_memsz;
  }
  return 1;
}

DEPARTURE_NOT_INLINED void* load(const char* path, subject& s) {
  void* const handle = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return nullptr;
  std::pair<void*, os::mapped_image*> context{handle, &s.image};
  ::dl_iterate_phdr(describe_image, &context);
  return handle;
}

os::address_range memory_of(const subject& s) {
  const auto begin = reinterpret_cast<std::uintptr_t>(&s);
  return {begin, begin + sizeof s};
}

DEPARTURE_NOT_INLINED void take_baseline(subject& s) {
  const os::address_range own = memory_of(s);
  s.baseline = os::reference_baseline::take(s.image, {&own, 1});
}

DEPARTURE_NOT_INLINED void search(subject& s) {
  const os::address_range own = memory_of(s);
  s.result = os::find_references(s.image, s.baseline, s.places, {&own, 1});
}

struct tally {
  unsigned files = 0, plugins = 0, refused = 0, alarms = 0, leaks_only = 0, unanswered = 0;
};

void print(const std::string& file, const subject& s) {
  std::printf("%s: %zu, %zu of them unreached\n", file.c_str(), s.result.count, s.result.unreached);
  for (std::size_t i = 0; i != std::min(s.result.count, std::size(s.places)); ++i)
    std::printf("  %s\n", os::describe(s.places[i]).c_str());
}

void try_file(const std::string& path, tally& sum) {
  const auto s = std::make_unique<subject>();
  void* const handle = load(path.c_str(), *s);
  if (handle == nullptr) {
    ++sum.refused;
    return;
  }
  take_baseline(*s);
  sum.plugins += use_all(handle);
  departure::wipe_dead_stack();
  search(*s);
  ++sum.files;
  sum.unanswered += s->result.available ? 0 : 1;
  if (s->result.count != 0) print(path, *s);
  sum.alarms += s->result.count != 0 ? 1 : 0;
  sum.leaks_only += s->result.count != 0 && s->result.unreached == s->result.count ? 1 : 0;
  ::dlclose(handle);
}

// Threads that have nothing to do with any plug-in.
class bystanders {
public:
  bystanders() { both_run.wait(); } // one that has not begun yet gives no answer
  ~bystanders() {
    over = true;
    wake.release();
    runs.join();
    waits.join();
  }

private:
  std::atomic<bool> over{false};
  std::binary_semaphore wake{0};
  std::latch both_run{2};
  std::thread runs{[this] {
    both_run.count_down();
    while (!over) {
    }
  }};
  std::thread waits{[this] {
    both_run.count_down();
    wake.acquire();
  }};
};

// Of how many closes how many were postponed, and how often a thread gave no answer.
struct postponed {
  std::size_t closes = 0, deferred = 0, silent = 0;
};

// What was postponed, and why. The report is looked at in other frames than the close: see dead_frames.hpp.
DEPARTURE_NOT_INLINED std::string postponed_because(const tenure::unload_report& report) {
  for (const tenure::unload_entry& e : report)
    if (e.outcome == tenure::unload_outcome::deferred) return e.detail;
  return {};
}

// A thread that gets no turn on a busy machine gives no answer in time, which says nothing of the plug-in:
// the next safe point asks again.
template <class Manager>
std::string close_with_patience(Manager& modules, tenure::module& m, postponed& sum) {
  m.reset();
  std::string because = postponed_because(modules.report());
  static_cast<void>(tenure_test::eventually([&] {
    if (because.find("gives no answer") == std::string::npos) return true;
    ++sum.silent;
    because = postponed_because(modules.sweep());
    return false;
  }));
  return because;
}

template <tenure::departure_check Level>
postponed count_postponed(const char* level, const std::vector<std::string>& files) {
  const bystanders others;
  postponed sum;
  for (const std::string& file : files) {
    tenure::manager<tenure::policy::immediate, Level> modules;
    tenure::failure why;
    tenure::module m = modules.open(file, why);
    if (!m) continue;
    use_all(m.native_handle());
    ++sum.closes;
    const std::string because = close_with_patience(modules, m, sum);
    if (!because.empty()) std::printf("%s: %s\n", file.c_str(), because.c_str());
    sum.deferred += because.empty() ? 0 : 1;
    static_cast<void>(modules.force_close());
  }
  std::printf("%s: %zu of %zu closes postponed, and %zu times a thread gave no answer\n", level, sum.deferred,
              sum.closes, sum.silent);
  return sum;
}

// The search alone.
tally try_files(const std::vector<std::string>& files) {
  tally sum;
  for (const std::string& file : files) try_file(file, sum);
  std::printf(
      "search: %u of %u files raise an alarm, %u of them leaks only; %u with %u plug-ins, %u not loadable\n",
      sum.alarms, sum.files, sum.leaks_only, sum.files, sum.plugins, sum.refused);
  return sum;
}

// What stands in memory by chance is another thing each time: none to five of 203 files raise an alarm. So
// the rate is that of two rounds, each with the search alone and with a manager's closes.
bool alarms_are_rare(const std::vector<std::string>& files) {
  std::size_t closes = 0, alarms = 0, unanswered = 0;
  for (unsigned round = 0; round != 2; ++round) {
    const tally alone = try_files(files);
    const postponed managed = count_postponed<tenure::departure_check::references>("references", files);
    closes += alone.files + managed.closes;
    alarms += alone.alarms + managed.deferred;
    unanswered += alone.unanswered;
  }
  std::printf("%zu alarms in %zu closes, %.1f %%; %zu searches without an answer\n", alarms, closes,
              100.0 * static_cast<double>(alarms) / static_cast<double>(std::max<std::size_t>(closes, 1)),
              unanswered);
  return closes != 0 && unanswered == 0 && alarms * 50 <= closes;
}

} // namespace

int main(int argc, char** argv) {
  std::vector<std::string> files;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(argc > 1 ? argv[1] : "/usr/lib/ladspa", none))
    if (entry.path().extension() == ".so") files.push_back(entry.path().string());
  if (files.empty()) return std::puts("skipped: no LADSPA plug-ins"), skipped;
  std::sort(files.begin(), files.end());
  using tenure::departure_check;
  const postponed by_stack = count_postponed<departure_check::own_stack>("own_stack", files),
                  by_threads = count_postponed<departure_check::threads>("threads", files);
  return alarms_are_rare(files) && by_stack.deferred == 0 && by_threads.deferred == 0 ? 0 : 1;
}
