// A plug-in file of the session, and what is known about it before it is loaded.
#ifndef TENURE_BENCH_SESSION_PLUGIN_HPP
#define TENURE_BENCH_SESSION_PLUGIN_HPP

#include <string>
#include <vector>

namespace session {

// How a plug-in is used; told by the symbols that it exports, not by the folder that it lies in.
enum class kind : unsigned char { ladspa, frei0r, coder, gconv, plain };
inline constexpr kind all_kinds[] = {kind::ladspa, kind::frei0r, kind::coder, kind::gconv, kind::plain};

// "LADSPA", "ImageMagick coder".
[[nodiscard]] const char* name_of(kind k) noexcept;

struct plugin {
  std::string path; // canonical: what the system's mapping list says
  std::string name; // the file's name without its suffix
  kind how = kind::plain;
  std::vector<std::string> brings; // other files that its load maps: libraries that it needs
};

// What became of one file before the session.
enum class verdict : unsigned char {
  usable,
  not_loadable, // Tenure refused it; `why` is Tenure's message
  left_out,     // crashed, hung, too slow, not finite, or known bad
};

struct trial {
  plugin file;
  verdict what = verdict::usable;
  std::string why;
  std::string group;      // `why` in a few words, for counting; empty if usable
  double use_seconds = 0; // of processor time: loading it, using it and closing it once
};

struct corpus {
  std::vector<std::string> folders;
  std::vector<trial> trials;
  std::string remark; // what the machine lacks; empty if nothing
};

// The usable ones, in the order of their paths.
[[nodiscard]] std::vector<plugin> usable(const corpus& c);

} // namespace session

#endif
