// What a shared-library file is and whether it is whole, found out without loading it: ELF, PE and Mach-O.
//
// `check` stands before the system's loader, which trusts the file and dies of a damaged one. `read_facts` is
// for reports: names, dependencies, symbols and what will keep the library from unloading. No byte of the
// file is trusted by either. They say nothing about what the library's code does: a changed instruction
// passes.
#ifndef TENURE_LIB_IMAGE_HPP
#define TENURE_LIB_IMAGE_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenure::inline v1::image {

enum class format : std::uint8_t { unknown, elf, pe, macho };
enum class byte_order : std::uint8_t { little, big };

/// What a process can load. `machine` is the number that the format gives the processor; 0 accepts any.
struct target {
  format kind = format::unknown;
  byte_order order = byte_order::little;
  std::uint8_t bits = 64;
  std::uint32_t machine = 0;
};

/// Of this process.
target native() noexcept;

/// "x86-64", "AArch64", …; empty if the number means nothing to us.
std::string_view machine_name(format kind, std::uint32_t machine) noexcept;

/// A regular file, already opened by the caller, of known size. `read` copies up to `count` bytes from
/// `offset` and says how many; fewer than asked for means that the file has none left or cannot be read. Does
/// not own `context`.
struct source {
  using reader = std::size_t (*)(void* context, std::uint64_t offset, void* into, std::size_t count) noexcept;

  reader read = nullptr;
  void* context = nullptr;
  std::uint64_t size = 0;
};

/// A file that is in memory already; the span's object must outlive the source.
source source_of(std::span<const std::byte>& file) noexcept;

enum class level : std::uint8_t {
  headers, ///< kind, machine, and every extent that the loader maps: 2 small reads, no allocation
  tables,  ///< also all that the loader walks: dynamic section, symbols, hashes, versions, relocations
};

/// Why a file is refused. `finding::found` and `expected` mean what stands behind each.
enum class cause : std::uint8_t {
  none,
  // the file could not be looked at
  unreadable,    ///< bytes read, bytes asked for
  out_of_memory, ///< -, bytes wanted (level `tables` only)
  // it is something else
  empty,
  zeros,
  text,
  linker_script,
  script,
  git_lfs_pointer,
  static_archive,
  llvm_bitcode,
  webassembly,
  java_class,
  compressed,
  unknown_format, ///< the first four bytes
  foreign_format, ///< the `format`, this process's
  // a library, but not for this process
  foreign_class,      ///< bits, this process's
  foreign_byte_order, ///< the `byte_order`, this process's
  foreign_machine,    ///< the format's machine number (above it the `format` and, if foreign too, the bits),
                      ///< this process's
  // for this process, but not a library
  relocatable_object,
  executable,
  position_independent_executable,
  core_file,
  debug_companion, ///< its code was split off
  other_file_type, ///< the file type's number
  // cut off or damaged
  truncated,     ///< where the part ends, the file's size
  bad_value,     ///< the value, what it should be
  out_of_range,  ///< the value, the first one beyond the range
  not_mapped,    ///< the address, bytes needed there
  not_code,      ///< the address, which should be executable
  not_writable,  ///< the address that a relocation or the loader writes
  misaligned,    ///< the address or offset, the alignment
  overlapping,   ///< where it begins, where the one before ends
  duplicate,     ///< the value that occurs twice
  missing,       ///< -, the number of the entry that must be there
  unterminated,  ///< a table or string that has no end
  contradiction, ///< two records of one thing: this one, the other
  too_many,      ///< how many, how many are supported
};

/// Where the fault lies.
enum class part : std::uint8_t {
  file,
  header,
  program_headers,
  segment,
  dynamic_segment,
  tls_segment,
  relro_segment,
  note_segment,
  section_headers,
  section,
  dynamic_section,
  string_table,
  symbol_table,
  hash_table,
  gnu_hash_table,
  version_indices,
  version_definitions,
  version_needs,
  relocations,
  init_function,
  init_array,
  dos_header,
  optional_header,
  data_directory,
  export_directory,
  import_directory,
  tls_directory,
  base_relocations,
  universal_header,
  load_command,
  link_edit_data,
};

/// A fault, or none. A value: costs nothing to make, refers to nothing.
struct finding {
  cause what = cause::none;
  part where = part::file;
  std::uint64_t offset = 0; ///< in the file
  std::uint64_t found = 0;
  std::uint64_t expected = 0;

  explicit operator bool() const noexcept { return what != cause::none; }
};

/// The first fault that would make loading fail or kill the process.
/// Pre: `file` is a regular file of `file.size` bytes. Effect: reads; allocates at level `tables` only, at
/// most a small multiple of the file's size. Threads: any. Errors: all are findings. A whole library that was
/// stripped of its section headers passes; one whose section headers are false does not pass `tables`,
/// although the loader would not look at them: nothing else tells damage from intent.
finding check(const source& file, level depth = level::headers, const target& process = native()) noexcept;

/// A full sentence for people, without the file's name: "cut off: …", "not a shared library: …".
std::string describe(const finding&);

enum class symbol_kind : std::uint8_t { unknown, function, data, tls, ifunc };

struct symbol {
  std::string_view name;
  std::string_view version; ///< empty if it has none
  std::uint64_t size = 0;
  symbol_kind kind = symbol_kind::unknown;
  bool weak = false;
  bool unique = false;    ///< STB_GNU_UNIQUE: keeps its library loaded for ever, once it is bound
  bool relocated = false; ///< a relocation of the library itself binds it, if only to its own definition. ELF
};

/// An ELF note. Owner "Tenure" is ours.
struct note {
  std::string_view owner;
  std::uint32_t type = 0;
  std::span<const std::byte> description;
};

/// What keeps a library from unloading, or makes unloading harder.
struct unload_obstacles {
  bool nodelete = false;   ///< DF_1_NODELETE
  bool static_tls = false; ///< DF_STATIC_TLS: takes from a small fixed reserve
  bool text_relocations = false;
  bool tls_destructors = false; ///< imports __cxa_thread_atexit or its like
  std::size_t unique_symbols = 0;
  std::size_t bound_unique_symbols =
      0;                         ///< of these, bound at load: without one the library unloads all the same
  std::size_t tls_callbacks = 0; ///< PE
  bool objective_c = false;      ///< Mach-O: has classes of Objective-C or Swift
};

/// How a library reaches its own thread-local variables. ELF.
enum class tls_model : std::uint8_t {
  none,         ///< it has none
  dynamic,      ///< by __tls_get_addr: a thread's block is allocated when the thread first asks
  descriptors,  ///< by TLS descriptors: in the fixed reserve if there is room, else as above
  initial_exec, ///< at a fixed distance: its block must fit into the small reserve that every thread has
};

/// Code that runs when the library is loaded and unloaded.
struct life_cycle {
  bool init = false; ///< DT_INIT; DllMain
  bool fini = false;
  std::uint64_t init_count = 0; ///< entries of the initialiser array
  std::uint64_t fini_count = 0;
};

/// Everything that a report may tell about a file. All views point into the bytes that `read_facts` was
/// given.
struct facts {
  format kind = format::unknown;
  byte_order order = byte_order::little;
  std::uint8_t bits = 0;
  std::uint32_t machine = 0;
  std::vector<std::uint32_t> slices; ///< of a universal file: the machine of each of its parts, one of which was read
  std::string_view name; ///< DT_SONAME, LC_ID_DYLIB, the export directory's name
  std::vector<std::string_view> needed;
  std::vector<std::string_view> rpath; ///< not split at colons
  std::vector<std::string_view> runpath;
  std::vector<symbol> exports;
  std::vector<symbol> imports;
  std::vector<note> notes;
  std::span<const std::byte> build_id;
  std::span<const std::byte>
      plugin_info; ///< what the exported object `tenure_plugin_info` has; empty if there is none
  std::span<const std::byte>
      plugin_catalog; ///< head and rows of the exported object `tenure_plugin_catalog`; empty if there is none
  bool plugin_catalog_damaged = false; ///< there is such an object, and it is no catalog
  unload_obstacles obstacles;
  life_cycle runs;
  std::uint64_t tls_size = 0; ///< bytes a thread, 0 if it has none
  std::uint64_t tls_alignment = 0;
  tls_model tls = tls_model::none;
  std::uint16_t subsystem = 0;       ///< PE
  std::uint16_t characteristics = 0; ///< PE: DllCharacteristics
  std::vector<finding> findings;     ///< what could not be read, and what `check` says; at most a few
};

/// Reads all that can be read; what is damaged is left out and stands in `findings`.
/// Of a universal file the slice for `process` is read, else the first. Memory and time grow linearly with
/// the file. Pre: `file` outlives the result. Threads: any. Errors: findings; throws only std::bad_alloc.
facts read_facts(std::span<const std::byte> file, const target& process = native());

/// The process that a file was built for, by what its headers say: of a universal file the slice for this
/// machine, else the first. Any machine will do for a thin file; `native()` for a file that is none of the
/// three formats.
target built_for(const source& file) noexcept;

/// The facts of a file of which no more is read than they need; of PE and Mach-O that is all of it.
/// Keeps the bytes that their views point into. Not copyable; views stay valid over a move.
class file_facts {
public:
  /// As `read_facts`. The source is not needed afterwards.
  explicit file_facts(const source& file, const target& process = native());
  file_facts(file_facts&&) noexcept;
  file_facts& operator=(file_facts&&) noexcept;
  ~file_facts();

  const facts& operator*() const noexcept;
  const facts* operator->() const noexcept { return &**this; }

private:
  struct kept;
  std::unique_ptr<kept> kept_;
};

} // namespace tenure::inline v1::image

#endif
