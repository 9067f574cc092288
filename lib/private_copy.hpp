// A copy of a module's file that nobody else knows: loaded instead of the file, it has an image of its own,
// and no write to the file reaches it.
#ifndef TENURE_LIB_PRIVATE_COPY_HPP
#define TENURE_LIB_PRIVATE_COPY_HPP

#include "os/os.hpp"

#include <filesystem>
#include <string>

namespace tenure::inline v1::detail {

// Its name is taken away at the end of the scope, which does no harm to what is mapped; where a mapped file
// needs a name it stays, and discard_private_copy does it when the module is gone.
class private_copy {
public:
  private_copy() noexcept = default;
  private_copy(const private_copy&) = delete;
  private_copy& operator=(const private_copy&) = delete;
  ~private_copy() { discard(); }

  // False with `why` if there is no place for one. Beside the file, so that what it looks for by its own
  // place
  // ($ORIGIN) is found; in the system's folder for temporary files if that cannot be written to.
  bool make(const std::string& file, os::fault& why);
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
  void discard() const noexcept;
  bool copy_into(const std::filesystem::path& folder, const std::filesystem::path& file,
                 std::error_code& error);

  std::filesystem::path place_; // as the end of the scope needs it, when there may be no memory to make it
  std::string path_;
};

void discard_private_copy(const std::string& copy) noexcept;

} // namespace tenure::inline v1::detail

#endif
