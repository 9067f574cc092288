// The text of failures: one allocation, shared by the copies.
#include "failure_access.hpp"
#include "printable_text.hpp"

#include <tenure/detail/count.hpp>
#include <tenure/detail/record.hpp> // set_failure: what is exported is said there
#include <tenure/error.hpp>

#include <fmt/core.h>

#include <cstring>
#include <exception>
#include <new>
#include <utility>

namespace tenure::inline v1 {
namespace detail {

// The particulars as they were, in one piece of memory: each text with a NUL behind it. The message is composed when
// somebody asks for it: a symbol that is not there is an answer to many callers, and not a story.
struct failure_text {
  std::uint32_t owners = 1; // how many failures share this; see share, unshare
  failure_parts parts;      // views of what lies behind this object
  std::string* whole = nullptr; // published; null until somebody asks
  [[nodiscard]] char* room() noexcept { return reinterpret_cast<char*>(this + 1); }
};

struct failure_access {
  static void set(failure& why, errc code, failure_text* text) noexcept {
    failure made;
    made.code_ = code;
    made.text_ = text;
    swap(why, made);
  }
  static bool wants_text(const failure& why) noexcept { return !why.code_only_; }
  static const failure_text* text_of(const failure& why) noexcept { return why.text_; }
};

namespace {

struct cause {
  errc code;
  const char* general; // the message of the std::error_code
  const char* advice;  // what to do, where nothing better is known
};

constexpr cause causes[] = {
    {errc::ok, "success", ""},
    {errc::path_empty, "the path is empty", "give a file or a module's name"},
    {errc::path_contains_nul, "the path contains a NUL character",
     "the system would open another, shorter path"},
    {errc::path_too_long, "the path is too long", "the system takes no such path: give a shorter one"},
    {errc::path_not_utf8, "the path is not valid UTF-8 or UTF-16",
     "give a std::filesystem::path, or its text in UTF-8"},
    {errc::name_missing, "no name was given", "a null pointer is no text; give a name"},
    {errc::file_not_found, "no such file", "is the name right, and is its folder in the search path?"},
    {errc::permission_denied, "permission denied", "the file must be readable by this user"},
    {errc::not_a_regular_file, "not a regular file",
     "a module is a file; this is a folder, FIFO, device or socket"},
    {errc::file_empty, "the file is empty", "was it copied or built to the end?"},
    {errc::file_truncated, "the file is cut short", "copy or build it again"},
    {errc::file_damaged, "the file is damaged", "copy or build it again"},
    {errc::not_a_shared_library, "not a shared library", "give the module itself: a .so, .dylib or .dll"},
    {errc::foreign_machine, "built for another kind of machine", "build it for this one"},
    {errc::file_unreadable, "the file cannot be read",
     "is its disk, or the network that it is on, all right?"},
    {errc::old_image_still_mapped, "the file was replaced, but the system still has the old one mapped",
     "open it with open_options::private_copy, or restart"},
    {errc::private_copy_failed, "no private copy of the file could be made",
     "its folder, or the one for temporary files, must have room and be writable"},
    {errc::dlopen, "the system's loader refused the module", "`tenure check` tells what the file needs"},
    {errc::dlopen_unknown, "the system's loader refused the module and said nothing",
     "`tenure check` tells what the file needs"},
    {errc::missing_dependency, "a library that the module needs was not found",
     "install it, or put it where the module looks (its RUNPATH, the system's folders)"},
    {errc::undefined_symbol, "the module needs a symbol that nobody defines",
     "link the module with the library that defines it"},
    {errc::static_tls_exhausted, "no room is left for modules with static thread-local storage",
     "build the module without -ftls-model=initial-exec, or load it before others"},
    {errc::initializer_threw, "an initialiser of the module threw an exception",
     "the module must not be used"},
    {errc::dlclose, "the system's loader refused to close the module",
     "a report tells whether it is still mapped"},
    {errc::dlclose_unknown, "the system's loader refused to close the module and said nothing",
     "a report tells whether it is still mapped"},
    {errc::unsupported, "not supported on this system", "do without it here"},
    {errc::finalizer_threw, "a finaliser of the module threw an exception",
     "it stays mapped, half torn down"},
    {errc::loader_blocked,
     "the system's loader is blocked for ever: a module threw an exception while it was loaded or "
     "closed",
     "restart; and try modules that are not trusted in a child process first"},
    {errc::trial_failed, "the module did not survive being loaded in a child process",
     "the file is damaged, or an initialiser or finaliser of it ends the process"},
    {errc::loader_busy, "the system's loader is busy with a call of another thread",
     "its initialiser or finaliser may wait for the caller: hold no lock that it takes while modules are "
     "opened, or "
     "give open_options::patience more time"},
    {errc::symbol_not_found, "the module has no such symbol",
     "is it exported (visibility, version script) and extern \"C\"?"},
    {errc::api_incomplete, "the module lacks symbols of the interface",
     "is it built for this version of the interface, and do they have C's names?"},
    {errc::factory_returned_null, "the module's factory returned null",
     "the module knows why: does it keep a log?"},
    {errc::symbol_kind_mismatch, "the symbol is of another kind",
     "functions are taken as symbol<int(char)>, variables as symbol<int>"},
    {errc::refused_by_module, "the module refused to be loaded", "its tenure_loaded said no"},
    {errc::api_version_mismatch, "the module was built for another version of the interface", "rebuild it"},
    {errc::interface_mismatch, "the module was built against another layout of the interface", "rebuild it"},
    {errc::hook_threw, "a function that the module exports for its host let out an exception",
     "catch it there: nothing may be thrown across a C interface"},
    {errc::not_an_answer, "the module's answer was neither yes nor no",
     "return TENURE_YES or TENURE_NO, no truth value and no HRESULT"},
    {errc::no_such_factory, "the module has no such factory", "see its tenure_factories"},
    {errc::not_loaded, "the module is not loaded", "open it, without open_options::no_load"},
    {errc::module_is_loading, "this thread is just loading the module",
     "it opens itself while it initialises"},
    {errc::module_is_closing, "this thread is just closing the module", "it opens itself while it finalises"},
    {errc::manager_closed, "the manager of the module is gone", "keep it as long as modules are used"},
    {errc::empty_handle, "the handle is empty", "open a module with it first"},
    {errc::no_module_at_address, "no module contains this address",
     "give that of a function or a variable of a module that is loaded"},
    {errc::already_registered, "a static module of this name is registered already",
     "register each name once"},
    {errc::foreign_handle, "not a handle of the system's loader",
     "give what dlopen or LoadLibrary has returned, before it is closed"},
    {errc::token_unknown, "this source never gave such a token", "revoke a token at the source that gave it"},
    {errc::token_already_revoked, "the token was revoked already",
     "revoke each token once; a tenure::token that is not detached does so by itself"},
    {errc::lifetime_ended, "the last token was revoked, and that was for ever",
     "acquire before the last holder revokes, or make a new source"},
    {errc::module_shut_down, "the module was shut down",
     "drop the handles that are left; then it can be opened again"},
    {errc::calls_in_flight,
     "the module is in use: calls into it did not return in time, and it was not shut down",
     "give them longer, or use shutdown_mode::force"},
    {errc::module_vetoed, "the module's vote says no, and it was not shut down",
     "end what it still does, or use shutdown_mode::force"},
    {errc::key_null, "the key is null", "use the key that create() gave"},
    {errc::key_stale, "the key's object was destroyed already",
     "destroy each object once, and forget its key then"},
    {errc::key_unknown, "this table never gave such a key", "use a key with the table that gave it"},
    {errc::key_of_another_type, "the key's object was created as another type",
     "ask with the type that create() was given"},
    {errc::interface_not_found, "the object has no such interface",
     "does this version of the module offer it?"},
    {errc::not_locked, "this owner has not locked the module", "each unlock needs a lock by the same owner"},
    {errc::dependency_cycle, "the modules would hold each other for ever",
     "let only one of the two hold the other"},
    {errc::registration_unknown, "not a registration of this table",
     "revoke a class where it was registered"},
    {errc::registration_revoked, "the registration was revoked already", "revoke each registration once"},
    {errc::class_not_registered, "no such class is registered",
     "register it, and resume the table if it is suspended"},
    {errc::server_stopping, "the last user has gone, and the server stops", "start another one"},
    {errc::object_disconnected, "the object was disconnected from its clients", "ask the table for it again"},
    {errc::no_implementation, "no plug-in of the catalog offers that",
     "is its folder added, and does it export tenure_plugin_catalog?"},
    {errc::already_observed, "the manager has an observer",
     "stop_observing() first, or let one observer tell the others"},
    {errc::empty_observer, "the observer has no function to call",
     "give an event_observer its `told`, or call stop_observing()"},
    {errc::events_not_written, "the events could not be written to the file",
     "its folder must exist and be writable, with room"},
    {errc::out_of_memory, "out of memory", ""},
    {errc::thread_not_started, "the system would not start a thread",
     "there may be too many, or no memory for its stack"},
};

const cause& find_cause(errc code) noexcept {
  for (const cause& c : causes)
    if (c.code == code) return c;
  return causes[0];
}

// "path: general: missing: explanation (call: system text, code n); advice". For people, so that no file's name writes on
// their terminal; the particulars are there as they are.
std::string compose(const failure_parts& p) {
  const cause& c = find_cause(p.code);
  std::string text;
  if (!p.path.empty()) text += printable(p.path) + ": ";
  text += c.general;
  if (!p.missing.empty()) text += ": " + printable(p.missing);
  std::string_view explanation = p.explanation;
  if (explanation.starts_with(c.general)) explanation.remove_prefix(std::strlen(c.general)); // said already
  if (explanation.starts_with(": ")) explanation.remove_prefix(2);
  if (!explanation.empty()) text += ": " + printable(explanation);
  if (*p.call != '\0') {
    text += fmt::format(" ({}: {}", p.call, p.system_text.empty() ? "no reason given" : printable(p.system_text));
    text += p.system_code != 0 ? fmt::format(", code {})", p.system_code) : ")";
  }
  const std::string_view advice = p.advice.empty() ? std::string_view(c.advice) : p.advice;
  if (!advice.empty()) text += "; " + printable(advice);
  return text;
}

failure_text* make_text(const failure_parts& p) noexcept {
  const std::string_view* const texts[] = {&p.path, &p.explanation, &p.missing, &p.system_text, &p.advice};
  std::size_t size = sizeof(failure_text);
  for (const std::string_view* text : texts) size += text->size() + 1;
  void* const place = ::operator new(size, std::nothrow);
  if (place == nullptr) return nullptr; // the code alone tells the cause
  auto* const made = ::new (place) failure_text{1, p, nullptr};
  char* at = made->room();
  const auto keep = [&at](std::string_view& text) {
    char* const copy = at;
    at = copy + text.copy(copy, text.size());
    *at++ = '\0';
    text = {copy, text.size()};
  };
  keep(made->parts.path), keep(made->parts.explanation), keep(made->parts.missing), keep(made->parts.system_text);
  keep(made->parts.advice);
  return made;
}

void free_text(failure_text* text) noexcept {
  delete text->whole;
  ::operator delete(text);
}

// Threads: copies of one failure may ask at the same time; all get what the first has composed.
const char* whole_of(failure_text& text) noexcept {
  std::string* known = read_published(text.whole);
  if (known != nullptr) return known->c_str();
  try {
    auto* const made = new std::string(compose(text.parts));
    if (replace_pointer(text.whole, known, made)) return made->c_str();
    delete made;
    return known->c_str();
  } catch (const std::bad_alloc&) {
    return find_cause(text.parts.code).general;
  }
}

class tenure_category final : public std::error_category {
public:
  [[nodiscard]] const char* name() const noexcept override { return "tenure"; }
  [[nodiscard]] std::string message(int code) const override {
    return find_cause(static_cast<errc>(code)).general;
  }
};

// A union keeps the category from ever being destroyed: an error_code may be asked for its message at exit.
union immortal_category {
  tenure_category value;
  constexpr immortal_category() noexcept
      : value() {}
  ~immortal_category() {}
};

} // namespace

bool wants_text(const failure& why) noexcept { return failure_access::wants_text(why); }

void fill(failure& why, const failure_parts& parts) noexcept {
  failure_access::set(why, parts.code, failure_access::wants_text(why) ? make_text(parts) : nullptr);
}

void fill_code(failure& why, errc code) noexcept { failure_access::set(why, code, nullptr); }

failure_parts parts_of(const os::fault& fault, std::string_view path) noexcept {
  failure_parts parts;
  parts.code = fault.cause;
  parts.path = path;
  parts.explanation = fault.explanation;
  parts.missing = fault.missing;
  parts.call = fault.call;
  parts.system_code = fault.code;
  parts.system_text = fault.text;
  return parts;
}

void fill(failure& why, const os::fault& fault, std::string_view path) noexcept {
  fill(why, parts_of(fault, path));
}

void set_advice(failure& why, const failure& known, std::string_view advice) noexcept {
  failure_parts parts;
  if (const failure_text* const text = failure_access::text_of(known)) parts = text->parts;
  parts.code = known.code();
  parts.advice = advice;
  fill(why, parts);
}

void set_failure(failure& why, errc code, const char* path, const char* text) noexcept {
  failure_parts parts;
  parts.code = code;
  parts.path = path;
  if (text != nullptr) parts.explanation = text; // a caller's text may be missing
  fill(why, parts);
}

void raise(failure&& why) {
  if (why.code() == errc::out_of_memory) throw std::bad_alloc();
  throw error(std::move(why));
}

} // namespace detail

failure::failure(const failure& other) noexcept
    : text_(other.text_)
    , code_(other.code_) {
  if (text_ != nullptr) detail::share(text_->owners);
}
void failure::drop() noexcept {
  if (detail::unshare(text_->owners)) detail::free_text(text_);
}
const char* failure::what() const noexcept {
  return text_ != nullptr ? detail::whole_of(*text_) : detail::find_cause(code_).general;
}
const char* failure::path() const noexcept { return text_ != nullptr ? text_->parts.path.data() : ""; }
const char* failure::missing() const noexcept { return text_ != nullptr ? text_->parts.missing.data() : ""; }
const char* failure::call() const noexcept { return text_ != nullptr ? text_->parts.call : ""; }
const char* failure::system_text() const noexcept { return text_ != nullptr ? text_->parts.system_text.data() : ""; }
int failure::system_code() const noexcept { return text_ != nullptr ? text_->parts.system_code : 0; }

error::error(failure why)
    : std::system_error(make_error_code(why.code()))
    , why_(std::move(why)) {}
error::~error() = default;

const std::error_category& category() noexcept {
  static constinit detail::immortal_category instance;
  return instance.value;
}

} // namespace tenure::inline v1
