// Lines out of what arrives in pieces.
#ifndef TENURE_LIB_CLI_LINE_SPLITTER_HPP
#define TENURE_LIB_CLI_LINE_SPLITTER_HPP

#include <cstddef>
#include <string>
#include <string_view>

namespace tenure::cli {

class line_splitter {
public:
  /// Calls `take(line)` for each line that is complete. One that is longer than all of ours is left out: a
  /// module may write there, too, and without end.
  template <class Take> void feed(std::string_view piece, Take take) {
    while (!piece.empty()) {
      const auto end = piece.find('\n');
      append(piece.substr(0, end));
      if (end == piece.npos) return;
      if (!too_long_) take(std::string_view(line_));
      line_.clear(), too_long_ = false;
      piece.remove_prefix(end + 1);
    }
  }

private:
  static constexpr std::size_t longest = std::size_t{1} << 20; // bytes; a report's evidence may be long

  void append(std::string_view piece) {
    too_long_ = too_long_ || piece.size() > longest - line_.size();
    if (too_long_)
      line_.clear();
    else
      line_ += piece;
  }

  std::string line_;
  bool too_long_ = false;
};

} // namespace tenure::cli

#endif
