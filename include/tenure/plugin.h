/* The module's side of Tenure, in plain C: what a plug-in may export so that its host can ask it.
 *
 * Nothing here is needed for a module to be loaded and unloaded safely: the host counts. It is for modules
 * that have something to say: what they are, that they refuse to be loaded here, that they would rather stay
 * for now, that they have threads to stop first. When not to use it: in a module that only has functions to
 * call; without tenure_plugin_info it is never asked.
 *
 *   #include <tenure/plugin.h>
 *   TENURE_PLUGIN("flac", "1.4.2", "The FLAC authors", "Reads and writes FLAC", 0);
 *   TENURE_PLUGIN_EXPORT tenure_answer tenure_can_unload(void) { return streams == 0 ? TENURE_YES :
 * TENURE_NO; }
 *
 * C99; depends on nothing and is linked with nothing. For C++ there is more comfort in <tenure/plugin.hpp>.
 */
#ifndef TENURE_PLUGIN_H
#define TENURE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

/* What a module shows to its host. Definitions, not declarations. */
#if defined(__cplusplus)
#  define TENURE_PLUGIN_C extern "C"
#else
#  define TENURE_PLUGIN_C
#endif
/* What stands before whatever a plug-in exports. */
#if defined(_WIN32)
#  define TENURE_PLUGIN_EXPORT TENURE_PLUGIN_C __declspec(dllexport)
#else
#  define TENURE_PLUGIN_EXPORT TENURE_PLUGIN_C __attribute__((visibility("default")))
#endif

/* The host compares it with its own before it calls anything. It changes when something below changes its
 * meaning; what is only added makes a structure longer, and is told by its `size`. */
#define TENURE_PLUGIN_API_VERSION 1u

/* Answers to questions. Neither is 0 or 1, so that a truth value, which COM's S_OK and S_FALSE turn round, is
 * no answer: the host takes whatever is neither for TENURE_NO, and says in its report that the module broke
 * the contract. */
typedef enum tenure_answer {
  TENURE_YES = 0x59,                   /* 'Y' */
  TENURE_NO = 0x4e,                    /* 'N' */
  TENURE_ANSWER_IS_AN_INT = 0x7fffffff /* never used: makes the type as wide as an int */
} tenure_answer;

/* Flags of a plug-in. */
enum {
  /* All its code runs on the thread that calls it: once it is idle and says yes, nothing of it can still be
   * on its way out, and a sweep does not wait (COM: apartment-threaded). */
  TENURE_PLUGIN_SINGLE_THREADED = 1
};

/* The first bytes of a description: seven characters and the terminating zero. */
#define TENURE_PLUGIN_MAGIC "TENURE\n"

/* What the module is. One exported object, tenure_plugin_info, makes a module a plug-in of Tenure; it holds
 * no pointer, so that tools read it from the file, at the symbol's place, without loading it. All numbers are
 * in the byte order of the module's machine; all texts are UTF-8, end with a zero and are filled up with
 * zeros.
 *
 *   offset  bytes  what
 *        0      8  TENURE_PLUGIN_MAGIC
 *        8      4  api_version, TENURE_PLUGIN_API_VERSION when the module was compiled
 *       12      4  size, of this structure when the module was compiled; at least 384
 *       16      4  flags, TENURE_PLUGIN_...
 *       20      4  zero
 *       24     64  name
 *       88     32  version, of the module
 *      120     64  author
 *      184    200  description
 *      384 */
typedef struct tenure_plugin_information {
  char magic[8];         /* TENURE_PLUGIN_MAGIC */
  uint32_t api_version;  /* when the module was compiled */
  uint32_t size;         /* of this structure, then */
  uint32_t flags;        /* TENURE_PLUGIN_... */
  uint32_t reserved;     /* zero */
  char name[64];         /* short */
  char version[32];      /* the module's own */
  char author[64];       /* whoever */
  char description[200]; /* a sentence */
} tenure_plugin_information;

/* Defines tenure_plugin_info: four string literals and the flags. A text that is too long does not compile.
 */
#define TENURE_PLUGIN(name_, version_, author_, description_, flags_)                                        \
  TENURE_PLUGIN_EXPORT const tenure_plugin_information tenure_plugin_info;                                   \
  const tenure_plugin_information tenure_plugin_info = {TENURE_PLUGIN_MAGIC,                                 \
                                                        TENURE_PLUGIN_API_VERSION,                           \
                                                        sizeof(tenure_plugin_information),                   \
                                                        (flags_),                                            \
                                                        0,                                                   \
                                                        name_,                                               \
                                                        version_,                                            \
                                                        author_,                                             \
                                                        description_}

/* See below. */
typedef struct tenure_host tenure_host;

/* Room for a list that a module makes of its hosts. All zero at first, and the module's alone; stays as long as the
 * module is mapped, also when the host knows it no more and holds it no more. */
typedef struct tenure_host_link {
  const tenure_host* host; /* the one that has it in its table */
  struct tenure_host_link* next; /* the module's next one */
} tenure_host_link;

/* What the host does for the module, given to tenure_loaded. Valid until the module is unmapped, on any
 * thread. Look at `size` before using what a later version has added. */
struct tenure_host {
  uint32_t api_version; /* the host's */
  uint32_t size;        /* of this structure, as the host knows it */
  /* Holds this very module, one reference more. TENURE_NO if it is being closed: then it must not be relied
   * on. */
  tenure_answer (*hold)(const tenure_host* host);
  /* Gives one reference back. The module is not closed before this thread has left its code, or has ended. */
  void (*drop)(const tenure_host* host);
  /* Runs body(argument) on a new thread of the host, which holds the module until body has returned: the last
   * code of the module on that thread has run then (Windows: FreeLibraryAndExitThread). TENURE_NO if there is
   * no thread to be had, or the module is being closed: body is not called then. Exceptions that leave body
   * end the process. */
  tenure_answer (*run_thread)(const tenure_host* host, void (*body)(void* argument), void* argument);
  /* For the module's own list of its hosts, several of which may have it at once. */
  tenure_host_link* link;
};

/* What a plug-in may export besides; all are optional, and are looked at only beside tenure_plugin_info.
 * All are called without any lock of the host, on any thread, and may open, close, sweep, throw nothing. An
 * exception that leaves one is caught and reported; the host stays usable.
 *
 *   tenure_answer tenure_loaded(const tenure_host* host, char* message, size_t size)
 *     After the module's initialisers, before anybody has a handle. Anything but TENURE_YES refuses: the open
 * fails with what was written into `message` (at most `size` bytes with the zero), and the module is unloaded
 * again. tenure_answer tenure_can_unload(void) May it be unloaded now? Asked before each close and at each
 * sweep. It only postpones: TENURE_NO keeps the module until a later sweep has asked again. A yes is no
 * promise that it goes: the module must keep working. void tenure_unloading(const tenure_host* host) The
 * module is about to be unloaded: let go of caches, stop threads. If something turns out to need it still,
 * tenure_loaded is called again and it goes on. */

#if defined(__cplusplus)
extern "C" {
#endif
/* See above. */
typedef tenure_answer tenure_loaded_function(const tenure_host* host, char* message, size_t size);
/* See above. */
typedef tenure_answer tenure_can_unload_function(void);
/* See above. */
typedef void tenure_unloading_function(const tenure_host* host);
#if defined(__cplusplus)
}
#endif

/* An object factory of the module, one row of its table. `interface_version` and `interface_size` are the
 * stamp of the class that the object is used through, compared by the host before it calls anything: a
 * plug-in that was built against another layout is refused. */
typedef struct tenure_factory {
  uint32_t size;                 /* of this structure when the module was compiled */
  uint32_t interface_version;    /* counted up by whoever changes the interface */
  uint64_t interface_size;       /* sizeof the interface */
  const char* interface_name;    /* "org.example.decoder" */
  const char* name;              /* "flac"; unique for its interface */
  void* (*create)(void);         /* null: it cannot */
  void (*destroy)(void* object); /* null: it cannot */
} tenure_factory;

/* Exported as tenure_factories: the table's row at `index`, null behind the last one.
 *   const tenure_factory* tenure_factories(size_t index) */
#if defined(__cplusplus)
extern "C" {
#endif
typedef const tenure_factory* tenure_factories_function(size_t index);
#if defined(__cplusplus)
}
#endif

/* What a catalog begins with: seven characters and the terminating zero. */
#define TENURE_CATALOG_MAGIC "TENCAT\n"

/* What the module offers, for a host that chooses among plug-ins before it loads one (tenure/catalog.hpp).
 * One exported object, tenure_plugin_catalog: this head and its rows behind it. As tenure_plugin_info it
 * holds no pointer, and is read from the file. Row, head and texts as there:
 *
 *   offset  bytes  what                                        offset  bytes  what
 *        0      8  TENURE_CATALOG_MAGIC                             8      4  row_size, at least 256
 *                                                                  12      4  rows */
typedef struct tenure_catalog_head {
  char magic[8];     /* TENURE_CATALOG_MAGIC */
  uint32_t row_size; /* of one row, in bytes */
  uint32_t rows;     /* how many follow */
} tenure_catalog_head;

/*   offset  bytes  what
 *        0     64  interface_name, as in tenure_factory
 *       64     64  name, of the factory
 *      128    112  match, what the factory is for besides its name: patterns with * and ?, separated by |
 *      240      4  interface_version
 *      244      4  version, of what the factory makes: of several that fit the highest is chosen
 *      248      8  interface_size
 *      256 */
typedef struct tenure_implementation {
  char interface_name[64];    /* as in tenure_factory */
  char name[64];              /* of the factory */
  char match[112];            /* patterns */
  uint32_t interface_version; /* as in tenure_factory */
  uint32_t version;           /* of what the factory makes */
  uint64_t interface_size;    /* as in tenure_factory */
} tenure_implementation;

/* Defines tenure_plugin_catalog of `rows_` rows, in C:
 *   TENURE_PLUGIN_CATALOG(1, {"org.example.decoder", "flac", "audio/flac|audio/x-flac", 3, 1, 8});
 * In C++ TENURE_PLUGIN_FACTORIES does it. */
#define TENURE_PLUGIN_CATALOG(rows_, ...)                                                                    \
  typedef struct tenure_plugin_catalog_of_module {                                                           \
    tenure_catalog_head head;                                                                                \
    tenure_implementation row[rows_];                                                                        \
  } tenure_plugin_catalog_of_module;                                                                         \
  TENURE_PLUGIN_EXPORT const tenure_plugin_catalog_of_module tenure_plugin_catalog;                          \
  const tenure_plugin_catalog_of_module tenure_plugin_catalog = {                                            \
      {TENURE_CATALOG_MAGIC, sizeof(tenure_implementation), rows_}, {__VA_ARGS__}}

#endif
