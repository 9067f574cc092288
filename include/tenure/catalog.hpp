// What plug-ins offer, by interface and version: listed and chosen from their files, before one is loaded.
#ifndef TENURE_CATALOG_HPP
#define TENURE_CATALOG_HPP

#include <tenure/make.hpp>

namespace tenure::inline v1 {
namespace detail {
struct catalog_data;
}

// One thing that a plug-in can make, as its file says (TENURE_PLUGIN_FACTORIES, TENURE_PLUGIN_CATALOG). The
// texts live until the catalog changes.
struct implementation {
  const char* path = "";           // of the plug-in's file
  const char* interface_name = ""; // "org.example.decoder"
  const char* name = "";           // of the factory: "flac"
  const char* match = "";          // what it is for besides: "audio/flac|audio/x-flac-*"
  std::uint32_t interface_version = 0;
  std::uint32_t version = 0;
  std::uint64_t interface_size = 0;

  // Whether its objects can be used through this host's I.
  template <stamped_interface I> [[nodiscard]] bool serves() const noexcept {
    return fits({I::tenure_interface(), sizeof(I)});
  }
  [[nodiscard]] TENURE_API bool fits(const detail::interface_stamp& stamp) const noexcept;
  // Whether `wanted` is its name, or one of its patterns fits: * stands for any characters, ? for one.
  [[nodiscard]] TENURE_API bool matches(const char* wanted) const noexcept;
};

// The plug-ins of some folders. Nothing of them runs before make() opens the chosen one; files for other
// machines and damaged ones are told in problems().
// When not to use it: where the program knows its modules' files; open them. It does not watch its folders:
// call refresh(), for example after an installation. Model: ECom's registry and default resolver (E-B17).
// Obtained from: a constructor, a move. Threads: as a container: changes by one thread at a time, and alone.
//   tenure::catalog shelf;
//   shelf.add_folder("plugins");
//   tenure::instance<decoder> d = shelf.make<decoder>(modules, "audio/flac");
class catalog {
public:
  // Errors: out_of_memory, as std::bad_alloc.
  TENURE_API catalog();
  catalog(catalog&& other) noexcept
      : data_(other.data_) {
    other.data_ = nullptr;
  }
  catalog& operator=(catalog&& other) noexcept {
    detail::catalog_data* const mine = data_;
    data_ = other.data_;
    other.data_ = mine;
    return *this;
  }
  TENURE_API ~catalog();

  // Lists the plug-ins of a folder, not of the folders in it, in the order of their names. Returns how many
  // implementations they offer; 0 for a folder that was added before, see refresh(). Errors: file_not_found
  // and permission_denied of the folder; then nothing has changed. Pre: not moved from.
  std::size_t add_folder(path_view folder) {
    failure why;
    const std::size_t added = add_folder(folder, why);
    if (why) detail::raise(static_cast<failure&&>(why));
    return added;
  }
  TENURE_API std::size_t add_folder(path_view folder, failure& why);
  // Reads all folders again, in their order. True if what they offer has changed; modules that are loaded
  // stay as they are until they are closed (CT-0653). A folder that is gone offers nothing, and is a problem.
  TENURE_API bool refresh();

  // All that is offered, folder by folder.
  [[nodiscard]] TENURE_API const implementation* begin() const noexcept;
  [[nodiscard]] TENURE_API const implementation* end() const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(end() - begin()); }

  // Files that are named like modules, but are none that this process can load: each with its reason.
  [[nodiscard]] TENURE_API const failure* problems_begin() const noexcept;
  [[nodiscard]] TENURE_API const failure* problems_end() const noexcept;

  // Of those that serve I and match `wanted`, by name or by pattern, the one of the highest version (ECom's
  // resolver has an exact match before a pattern); of equals the first listed, so that the folder which was
  // added first wins. Null if there is none: no_implementation, name_missing, or interface_mismatch if there
  // would be one for another version of I.
  template <stamped_interface I>
  [[nodiscard]] const implementation* find(const char* wanted, failure& why) const noexcept {
    return find_best({I::tenure_interface(), sizeof(I)}, wanted, why);
  }
  // An object of the best one; opens its module in `modules`. Errors: of find, open and tenure::make.
  template <stamped_interface I, class Manager>
  [[nodiscard]] instance<I> make(Manager& modules, const char* wanted) const {
    failure why;
    const implementation* const best = find<I>(wanted, why);
    if (best == nullptr) detail::raise(static_cast<failure&&>(why));
    return tenure::make<I>(modules.open(best->path), best->name);
  }

private:
  [[nodiscard]] TENURE_API const implementation* find_best(const detail::interface_stamp& stamp,
                                                           const char* wanted, failure& why) const noexcept;
  detail::catalog_data* data_;
};

} // namespace tenure::inline v1

#endif
