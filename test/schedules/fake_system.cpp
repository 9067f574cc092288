#include "schedules/fake_system.hpp"

#include "departure.hpp"
#include "file_check.hpp"
#include "holding_cycles.hpp"
#include "linger.hpp"
#include "loader_turn.hpp"
#include "module_thread.hpp"
#include "os/lock_wait.hpp"
#include "os/os.hpp"
#include "os/stripe_blocks.hpp"
#include "plugin_side.hpp"
#include "support/scheduler.hpp"
#include "sync.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>

namespace tenure_test {
namespace {

// The system of the schedule that runs; schedules run one after the other on one thread.
fake_system* current = nullptr;

// The loader's lock: recursive, as in glibc, and held while initialisers and finalisers run.
struct loader_lock {
  tenure::sync::mutex mutex;
  std::uintptr_t owner = 0;
  int depth = 0;
};
std::optional<loader_lock> loader;

struct loader_scope {
  loader_scope() {
    if (loader->owner != tenure::sync::this_thread_id()) loader->mutex.lock();
    loader->owner = tenure::sync::this_thread_id();
    ++loader->depth;
  }
  loader_scope(const loader_scope&) = delete;
  loader_scope& operator=(const loader_scope&) = delete;
  ~loader_scope() {
    if (--loader->depth != 0) return;
    loader->owner = 0;
    loader->mutex.unlock();
  }
};

fake_module* find(const std::string& path) {
  const auto found = current->files.find(path);
  return found == current->files.end() ? nullptr : &found->second;
}

// Handles and identities are numbers, not addresses: the registry hashes them, and a schedule that is played again
// must take the same steps through its table.
std::uintptr_t number_of(const fake_module& module) {
  std::uintptr_t number = 1;
  for (const auto& [path, other] : current->files) {
    if (&other == &module) return number;
    ++number;
  }
  return 0;
}

fake_module& numbered(std::uintptr_t number) {
  return std::next(current->files.begin(), static_cast<std::ptrdiff_t>(number - 1))->second;
}

fake_module& behind(void* handle) { return numbered(reinterpret_cast<std::uintptr_t>(handle)); }

} // namespace

fake_system::fake_system() {
  current = this;
  loader.emplace();
}
fake_system::~fake_system() {
  if (current == this) current = nullptr;
}

void fake_system::use(const std::string& path) const {
  schedule::require(files.at(path).system_references > 0, "a module that is held is mapped");
}

int fake_system::mapped() const {
  int n = 0;
  for (const auto& [path, module] : files) n += module.system_references > 0 ? 1 : 0;
  return n;
}

} // namespace tenure_test

namespace tenure::inline v1 {

using tenure_test::current;
using tenure_test::fake_module;
using tenure_test::loader_scope;

namespace detail {
departure_finding ask_before_departure(departure_check, const module_record&, std::uintptr_t) noexcept { return {}; }
std::unique_ptr<os::reference_baseline> references_after_load(const os::mapped_image&) noexcept { return nullptr; }
bool check_file(const std::string&, file_check, failure&) { return true; }

// The functions of a side are numbers: of the module that they are in.
bool find_plugin_side(void* handle, const os::mapped_image&, const std::string&, plugin_side& out, failure&) {
  if (!tenure_test::behind(handle).vote) return true;
  out.loaded = reinterpret_cast<tenure_loaded_function*>(handle);
  out.can_unload = reinterpret_cast<tenure_can_unload_function*>(handle);
  return true;
}
hook_result call_loaded(const plugin_side& side, const tenure_host& host) noexcept {
  tenure_schedule_step_at("tenure_loaded");
  tenure_test::behind(reinterpret_cast<void*>(side.loaded)).host = &host;
  hook_result result;
  result.yes = true;
  return result;
}
hook_result ask_vote(const plugin_side& side) noexcept {
  tenure_schedule_step_at("tenure_can_unload");
  fake_module& module = tenure_test::behind(reinterpret_cast<void*>(side.can_unload));
  current->use(module.path);
  hook_result result;
  result.yes = module.vote();
  tenure_schedule_step_at("tenure_can_unload returns");
  current->use(module.path);
  return result;
}
hook_result call_unloading(const plugin_side&, const tenure_host&) noexcept { return {}; }
bool start_detached(record&, void (*)(void*), void*, failure& why) noexcept {
  set_failure(why, errc::thread_not_started, "", "");
  return false;
}

// Who has the loader's lock here has the turn; nobody waits with a limit.
loader_turn::loader_turn(turn_use, const char*, duration) noexcept {}
void loader_turn::leave() noexcept {}
void explain_busy(os::fault&, const loader_turn&) {}
bool patience_left::is_over(std::uint64_t) noexcept { return false; }
std::chrono::nanoseconds patience_left::next() noexcept { return {}; }
std::string describe_worker(std::uint64_t, const char*, const char*, duration, bool) { return {}; }
void prepare_turns() noexcept {}
bool find_holding_cycles(registry&, std::uintptr_t) noexcept { return false; }
void forget_holding_cycles(registry&) noexcept {}

linger_finding explain_lingering(const std::string&, const os::mapped_image&) { return {}; }
} // namespace detail

namespace os {

std::string to_internal(path_view path, fault&) {
  return {static_cast<const char*>(path.data()), path.size()};
}
bool is_absolute(std::string_view path) noexcept { return path.substr(0, 1) == "/"; }
bool has_folder(std::string_view path) noexcept { return path.find('/') != std::string_view::npos; }
std::string join(std::string_view folder, std::string_view name) { return std::string(folder).append(name); }
std::string make_absolute(const std::string& path, fault&) { return path; }
std::string respell(const std::string& path, unsigned) { return path; }
std::vector<std::string> decorate(std::string_view name) { return {std::string(name)}; }
std::vector<std::string> loader_path() { return {}; }

bool identify(const std::string& path, file_identity& out, fault& why) {
  fake_module* const module = tenure_test::find(path);
  if (module == nullptr) {
    why.cause = errc::file_not_found;
    return false;
  }
  out = {1, tenure_test::number_of(*module)};
  return true;
}

bool was_replaced(const char* path, const file_identity& known) {
  fake_module* const module = tenure_test::find(path);
  return module != nullptr && !(file_identity{1, tenure_test::number_of(*module)} == known);
}

void* open(const std::string& path, const open_options& options, fault& why) {
  tenure_schedule_step_at("dlopen");
  const loader_scope locked;
  fake_module* const module = tenure_test::find(path);
  if (module == nullptr || (options.no_load && module->system_references == 0)) {
    why.cause = module == nullptr ? errc::file_not_found : errc::not_loaded;
    return nullptr;
  }
  if (module->system_references++ == 0) {
    ++module->times_loaded;
    if (module->initialiser) module->initialiser();
  }
  tenure_schedule_step_at("dlopen returns");
  return reinterpret_cast<void*>(tenure_test::number_of(*module));
}

bool close(void* handle, fault&) {
  tenure_schedule_step_at("dlclose");
  const loader_scope locked;
  fake_module& module = tenure_test::behind(handle);
  tenure_test::schedule::require(module.system_references > 0, "no close too many");
  if (module.system_references == 1 && module.finaliser) module.finaliser();
  if (--module.system_references == 0) ++module.times_unloaded;
  tenure_schedule_step_at("dlclose returns");
  return true;
}

void* symbol(void* handle, const char*, bool& found, fault&) {
  found = true;
  return handle;
}

// One page per module: enough to tell them apart.
bool describe(void* handle, mapped_image& image, std::string& path, bool) {
  fake_module& module = tenure_test::behind(handle);
  path = module.path;
  image = {};
  const std::uintptr_t page = tenure_test::number_of(module);
  image.whole = {page, page + 1};
  return true;
}
void* handle_of_address(const void*, fault& why) {
  why.cause = errc::no_module_at_address;
  return nullptr;
}
bool is_mapped(const mapped_image& image, const char*) noexcept {
  return tenure_test::numbered(image.whole.begin).system_references > 0;
}
bool is_function(const void*) noexcept { return false; }
bool waits_for_this_thread(std::uint64_t, const void*) noexcept { return false; }
void kick(const char*) noexcept {}
std::uint64_t this_thread_number() noexcept { return tenure::sync::this_thread_id(); }

// A block of counters for each fiber that a case here has, and one for the code around it.
namespace {
constexpr std::size_t most_counting = 5;
detail::stripe_count counters[most_counting][most_stripes];
} // namespace

bool prepare_stripe_blocks() noexcept { return true; }
detail::stripe_count* own_stripe_block() noexcept {
  return counters[std::min<std::size_t>(tenure::sync::this_thread_id(), most_counting) - 1];
}
detail::stripe_count& common_stripe(std::uint32_t stripe) noexcept { return counters[most_counting - 1][stripe]; }
void visit_stripe(std::uint32_t stripe, stripe_visitor visit, void* context) noexcept {
  for (detail::stripe_count* block : counters) visit(context, block[stripe]);
}
bool fence_all_threads() noexcept {
  tenure_schedule_step_at("membarrier");
  return true;
}
bool thread_has_ended(std::uint64_t) noexcept { return current->all_ended; }
time_point now() noexcept { return {}; }
void watch_exit() noexcept {}
bool is_exiting() noexcept { return false; }

} // namespace os
} // namespace tenure::inline v1
