// Holds with an identity: each is revoked exactly once, and the last one ends what it held.
#ifndef TENURE_TOKEN_HPP
#define TENURE_TOKEN_HPP

#include <tenure/code_location.hpp>
#include <tenure/module.hpp>

namespace tenure::inline v1 {

// Which hold it is. Never given twice by one source; zero is none.
struct token_id {
  std::uint64_t value = 0; // zero is none
  explicit constexpr operator bool() const noexcept { return value != 0; }
  friend constexpr bool operator==(token_id, token_id) noexcept = default;
};

// What ended a token source.
enum class final_reason : unsigned char {
  last_revoke,     // the last token came back
  shut_down,       // a controller shut its module down; tokens may be out
  container_ended, // its container was destroyed; tokens may be out
};

// What a final hook is told. Valid during the call.
struct final_revoke {
  final_reason why = final_reason::last_revoke; // what ended the source
  token_id last;           // the token that was last, if it was one
  const char* holder = ""; // where that was acquired: "host.cpp:42"
};

// Called once, when a source ends, outside every lock, with the module still held: the place for the owner's
// own clean-up. It may acquire (an error by then), open, release and destroy what it likes, the source
// included. Noexcept, so that it cannot keep what comes after it from being done (M-H5).
struct final_hook {
  void (*call)(void* context, const final_revoke& what) noexcept = nullptr; // null: nobody is told
  void* context = nullptr; // handed to the call
};

namespace detail {
struct token_state;
// Null and `why`: out_of_memory, empty_handle, module_shut_down, lifetime_ended. One share for the caller.
[[nodiscard]] TENURE_API token_state* make_token_source(record* over, token_state* container, final_hook hook,
                                                        const code_location* taken, failure& why) noexcept;
TENURE_API void end_token_source(token_state& s) noexcept;
// Zero and `why`. On success a share for the caller, who unshares with the token. `tracked`: listed as a holder.
TENURE_API std::uint64_t acquire_token(token_state& s, const code_location& where, bool tracked,
                                       failure& why) noexcept;
TENURE_API bool revoke_token(token_state& s, std::uint64_t id, failure& why) noexcept;
TENURE_API bool token_is_good(token_state& s, std::uint64_t id, failure& why) noexcept;
TENURE_API void unshare_token_state(token_state& s) noexcept;
[[nodiscard]] TENURE_API std::uint32_t tokens_of(const token_state& s) noexcept;
[[nodiscard]] TENURE_API bool has_ended(const token_state& s) noexcept;
} // namespace detail
} // namespace tenure::inline v1

namespace TENURE_HANDLES {

// One distinct hold, as a value (MAF: ContractHandle). Destroying it revokes it once; that its source has
// ended meanwhile is no error then. When not to use it: to keep a module loaded, a module handle does, and
// costs a word. Obtained from: token_source::acquire; a move. Not copyable: a second hold is a second
// acquire, with an identity of its own. Threads: as an int; it may be revoked on any thread. May outlive its
// source.
class [[nodiscard]] token {
public:
  token() noexcept = default;
  token(token&& other) noexcept
      : state_(other.state_)
      , id_(other.id_) {
    other.state_ = nullptr;
    other.id_ = {};
  }
  token& operator=(token&& other) noexcept {
    token taken(static_cast<token&&>(other));
    swap(*this, taken);
    return *this;
  }
  ~token() { reset(); }
  friend void swap(token& a, token& b) noexcept {
    detail::token_state* const s = a.state_;
    const token_id i = a.id_;
    a.state_ = b.state_;
    a.id_ = b.id_;
    b.state_ = s;
    b.id_ = i;
  }

  // Revokes it; nothing if it is empty. If it was the last one, the final hook runs in this call. That what
  // it held has ended meanwhile is no error; token_already_revoked, by its identity, is one, which the
  // destructor cannot tell.
  errc reset() noexcept {
    if (state_ == nullptr) return errc::ok;
    failure why;
    detail::token_state& s = *state_;
    state_ = nullptr;
    detail::revoke_token(s, id_.value, why);
    id_ = {};
    detail::unshare_token_state(s);
    const bool peer_gone = why.code() == errc::module_shut_down || why.code() == errc::lifetime_ended;
    return peer_gone ? errc::ok : why.code();
  }
  // Lets go of it without revoking: whoever gets the identity has to, by token_source::revoke.
  [[nodiscard]] token_id detach() noexcept {
    const token_id id = id_;
    if (state_ != nullptr) detail::unshare_token_state(*state_);
    state_ = nullptr;
    id_ = {};
    return id;
  }

  // Its identity; zero if it is empty.
  [[nodiscard]] token_id id() const noexcept { return id_; }
  explicit operator bool() const noexcept { return state_ != nullptr; }
  // Whether what it holds is still there. Errors: module_shut_down, lifetime_ended, token_already_revoked (by
  // its identity), empty_handle.
  void check() const {
    failure why;
    check(why);
    if (why) detail::raise(static_cast<failure&&>(why));
  }
  template <detail::error_sink S> void check(S& sink) const {
    failure why;
    if (state_ != nullptr)
      static_cast<void>(detail::token_is_good(*state_, id_.value, why));
    else
      detail::set_failure(why, errc::empty_handle, "", "a token");
    detail::report_into(sink, static_cast<failure&&>(why));
  }

private:
  friend class token_source;
  token(detail::token_state* state, std::uint64_t id) noexcept
      : state_(state)
      , id_{id} {}

  detail::token_state* state_ = nullptr;
  token_id id_;
};

// Gives tokens for something: a part, a container, a module (MAF: a contract, ILifetimeContract). Its state
// and the count of its tokens are one atomic word: after the last revocation no token is ever given (M-H1).
// A part holds one token on its container, and the outermost one the module, from its construction to its
// end; who its container is never changes (M-H6). A source ends once: at its last revocation, at a shutdown
// of its module, or when its container or itself is destroyed; only in the last case, of which its owner
// knows, without its hook. When not to use it: where no peer has to prove who it is; count with
// std::shared_ptr or module handles. Obtained from: its constructors; part(); a move. Destroying waits for a
// hook that another thread is running. Threads: every call from any thread at the same time; not while it is
// destroyed or moved.
//
//   tenure::token_source decoders(codec, {on_last, this});
//   tenure::token mine = decoders.acquire();
class token_source {
public:
  // Errors: out_of_memory.
  explicit token_source(final_hook hook = {})
      : state_(made(nullptr, nullptr, hook, nullptr)) {}
  // For a container in a module, which it holds. Errors: out_of_memory, empty_handle, module_shut_down.
  explicit token_source(const module& over, final_hook hook = {} TENURE_AND_TAKEN_HERE)
      : state_(made(held(over), nullptr, hook, TENURE_TAKEN_OR_NULL)) {}
  token_source(token_source&& other) noexcept
      : state_(other.state_) {
    other.state_ = nullptr;
  }
  token_source& operator=(token_source&& other) noexcept {
    detail::token_state* const mine = state_;
    state_ = other.state_;
    other.state_ = mine;
    return *this;
  }
  ~token_source() {
    if (state_ != nullptr) detail::end_token_source(*state_);
  }

  // A source whose container this one is. Errors: out_of_memory, lifetime_ended, module_shut_down.
  [[nodiscard]] token_source part(final_hook hook = {}) const {
    return token_source(made(nullptr, state_, hook, nullptr));
  }

  // `where` is kept as text: the final hook and reports name it. Errors: lifetime_ended, module_shut_down,
  // out_of_memory.
  token acquire(const code_location& where = code_location::current()) const {
    failure why;
    token given = acquire(why, where);
    if (why) detail::raise(static_cast<failure&&>(why));
    return given;
  }
  template <detail::error_sink S>
  token acquire(S& sink, const code_location& where = code_location::current()) const {
    failure why;
    const std::uint64_t id = detail::acquire_token(*state_, where, TENURE_HOLDERS_ARE_TRACKED, why);
    detail::report_into(sink, static_cast<failure&&>(why));
    return id != 0 ? token(state_, id) : token();
  }

  // Revokes by identity what was detached. Errors: token_unknown (also zero, and another source's),
  // token_already_revoked, module_shut_down (it counts as revoked then).
  void revoke(token_id id) const {
    failure why;
    if (!detail::revoke_token(*state_, id.value, why)) detail::raise(static_cast<failure&&>(why));
  }
  template <detail::error_sink S> void revoke(token_id id, S& sink) const {
    failure why;
    static_cast<void>(detail::revoke_token(*state_, id.value, why));
    detail::report_into(sink, static_cast<failure&&>(why));
  }

  // How many tokens are out, its parts' among them.
  [[nodiscard]] std::uint32_t count() const noexcept { return detail::tokens_of(*state_); }
  // True for ever once it has ended.
  [[nodiscard]] bool ended() const noexcept { return detail::has_ended(*state_); }

private:
  explicit token_source(detail::token_state* state) noexcept
      : state_(state) {}
  static detail::record* held(const module& over) {
    detail::record* const r = detail::handle_access::record_of(over);
    if (r != nullptr) return r;
    failure why;
    detail::set_failure(why, errc::empty_handle, "", "a token source over no module");
    detail::raise(static_cast<failure&&>(why));
  }
  static detail::token_state* made(detail::record* over, detail::token_state* container, final_hook hook,
                                   const code_location* taken) {
    failure why;
    detail::token_state* const s = detail::make_token_source(over, container, hook, taken, why);
    if (s == nullptr) detail::raise(static_cast<failure&&>(why));
    return s;
  }

  detail::token_state* state_;
};

} // namespace TENURE_HANDLES

#endif
