// ROS class_loader: https://docs.ros.org/en/rolling/p/class_loader/
// It looks up no symbols: its modules register classes. Of modules that register none it is asked what
// opening costs.
#include "peer.hpp"

#include <class_loader/class_loader.hpp>
#include <console_bridge/console.h>

namespace bench {
namespace {

class ros_class_loader {
public:
  static constexpr const char* name = "class_loader";
  static constexpr role as = role::peer;
  using path = std::string;
  static path path_of(const std::string& text) { return text; }
  // It would tell of each module without classes.
  static void prepare() { console_bridge::setLogLevel(console_bridge::CONSOLE_BRIDGE_LOG_NONE); }

  explicit ros_class_loader(const path& p)
      : loader_(p) {}

  // 2.4.0 throws from a destructor when two threads open and close: "library that class_loader is unaware
  // of".
  static constexpr bool one_thread = true;

private:
  class_loader::ClassLoader loader_;
};

} // namespace

peer class_loader_peer() { return peer_of<ros_class_loader>("class_loader/class_loader.hpp"); }

} // namespace bench
