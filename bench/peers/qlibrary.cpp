// Qt's QLibrary: https://doc.qt.io/qt-5/qlibrary.html
#include "peer.hpp"

#include <QLibrary>

namespace bench {
namespace {

class qlibrary {
public:
  static constexpr const char* name = "Qt QLibrary";
  static constexpr role as = role::peer;
  using path = QString;
  static path path_of(const std::string& text) { return QString::fromStdString(text); }

  explicit qlibrary(const path& p)
      : library_(p) {
    library_.setLoadHints(QLibrary::ResolveAllSymbolsHint);
    if (!library_.load()) throw std::runtime_error(library_.errorString().toStdString());
  }
  qlibrary(const qlibrary&) = delete;
  qlibrary& operator=(const qlibrary&) = delete;
  ~qlibrary() { library_.unload(); }
  [[nodiscard]] void* symbol(const char* wanted) const {
    return reinterpret_cast<void*>(library_.resolve(wanted));
  }
  [[nodiscard]] bool has(const char* wanted) const { return library_.resolve(wanted) != nullptr; }

private:
  mutable QLibrary library_; // looking up is not const there
};

} // namespace

peer qlibrary_peer() { return peer_of<qlibrary>("QLibrary"); }

} // namespace bench
