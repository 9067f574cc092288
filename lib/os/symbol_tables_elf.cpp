// DT_GNU_HASH, DT_HASH and the tables that they lead to, of objects that the loader has mapped.
#include "os/loaded_objects.hpp"
#include "os/symbol_tables.hpp"

#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>

#include <dlfcn.h>
#include <link.h>

namespace tenure::inline v1::os {
namespace {

using symbol_entry = ElfW(Sym);
using dynamic_entry = ElfW(Dyn);

// Where a function's address is the symbol's value. Not so on processors with function descriptors.
#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__) || defined(__arm__) ||                  \
    defined(__riscv) || defined(__s390x__)
constexpr bool values_are_addresses = true;
#else
constexpr bool values_are_addresses = false;
#endif

// The entries of the older table have 8 bytes there.
#if defined(__s390x__) || defined(__alpha__)
constexpr bool sysv_entries_are_words = false;
#else
constexpr bool sysv_entries_are_words = true;
#endif

constexpr std::uint16_t hidden_version = 0x8000;
constexpr std::uint16_t first_real_version = 2; // 0: local, 1: global, both without a version

constexpr unsigned binding_of(unsigned char info) noexcept { return info >> 4; }
constexpr unsigned type_of(unsigned char info) noexcept { return info & 0xf; }

// glibc and others store addresses in the dynamic section relocated, some loaders as they are in the file.
constexpr std::uintptr_t address_of(std::uintptr_t value, std::uintptr_t bias) noexcept {
  return value < bias ? bias + value : value;
}

// A definition that the system would take, and the same for every thread.
bool is_shared(const symbol_entry& s) noexcept {
  const unsigned binding = binding_of(s.st_info);
  return (binding == STB_GLOBAL || binding == STB_WEAK || binding == STB_GNU_UNIQUE) &&
         s.st_shndx != SHN_UNDEF && (s.st_other & 3) != STV_HIDDEN && (s.st_other & 3) != STV_INTERNAL &&
         type_of(s.st_info) != STT_TLS;
}

// One whose address is its value plus the bias.
bool is_plain(const symbol_entry& s) noexcept {
  const unsigned type = type_of(s.st_info);
  return is_shared(s) && (type == STT_NOTYPE || type == STT_OBJECT || type == STT_FUNC) &&
         binding_of(s.st_info) != STB_GNU_UNIQUE && s.st_shndx != SHN_ABS;
}

} // namespace

// What the symbols of one name come to. The system takes one without a version at once, and else the only one
// whose version is not hidden.
struct symbol_table::candidates {
  const symbol_entry* unversioned = nullptr;
  const symbol_entry* versioned = nullptr;
  bool unclear = false;
  bool shared = true; // all of them are the same for every thread
};

namespace {

// A word's characters as a number: the first one in its lowest byte, on any processor.
template <class Word> std::uint64_t first_lowest(const char* p) noexcept {
  Word w;
  std::memcpy(&w, p, sizeof w);
  if constexpr (std::endian::native == std::endian::little) return w;
  return __builtin_bswap64(w) >> (64 - 8 * sizeof w);
}

// Two sums of four characters each, weighed with powers of k, the first character's the highest.
constexpr std::uint64_t weigh_fours(std::uint64_t characters, std::uint64_t k) noexcept {
  constexpr std::uint64_t bytes = 0x00ff'00ff'00ff'00ff;
  constexpr std::uint64_t halves = 0x0000'ffff'0000'ffff;
  const std::uint64_t pairs = (characters & bytes) * k + (characters >> 8 & bytes);
  return (pairs & halves) * (k * k) + (pairs >> 16 & halves);
}

} // namespace

bool symbol_table::take_gnu_hash(std::uintptr_t table) noexcept {
  const auto* const head = reinterpret_cast<const std::uint32_t*>(table);
  if (!readable(head, 4)) return false;
  const std::uint32_t bloom_words = head[2];
  bucket_count_ = head[0];
  first_hashed_ = head[1];
  bloom_mask_ = bloom_words - 1;
  bloom_shift_ = head[3];
  bloom_ = reinterpret_cast<const std::uintptr_t*>(head + 4);
  if (bucket_count_ == 0 || bloom_words == 0 || (bloom_words & bloom_mask_) != 0 || bloom_shift_ > 31 ||
      !readable(bloom_, bloom_words))
    return false;
  buckets_ = reinterpret_cast<const std::uint32_t*>(bloom_ + bloom_words);
  chains_ = buckets_ + bucket_count_;
  return readable(buckets_, bucket_count_);
}

bool symbol_table::take_sysv_hash(std::uintptr_t table) noexcept {
  const auto* const head = reinterpret_cast<const std::uint32_t*>(table);
  bloom_ = nullptr;
  if (!sysv_entries_are_words || !readable(head, 2) || head[0] == 0) return false;
  bucket_count_ = head[0];
  buckets_ = head + 2;
  chains_ = buckets_ + bucket_count_;
  first_hashed_ = head[1]; // here: how many symbols there are
  return readable(buckets_, bucket_count_) && readable(chains_, first_hashed_);
}

symbol_table::symbol_table(const void* dynamic, std::uintptr_t bias, address_range range) noexcept
    : range_(range)
    , bias_(bias) {
  std::uintptr_t gnu = 0;
  std::uintptr_t sysv = 0;
  for (const auto* d = static_cast<const dynamic_entry*>(dynamic); readable(d, 1) && d->d_tag != DT_NULL;
       ++d) {
    const std::uintptr_t address = address_of(d->d_un.d_ptr, bias);
    if (d->d_tag == DT_SYMTAB) symbols_ = address;
    if (d->d_tag == DT_STRTAB) strings_ = reinterpret_cast<const char*>(address);
    if (d->d_tag == DT_STRSZ) strings_size_ = d->d_un.d_val;
    if (d->d_tag == DT_VERSYM) versions_ = reinterpret_cast<const std::uint16_t*>(address);
    if (d->d_tag == DT_GNU_HASH) gnu = address;
    if (d->d_tag == DT_HASH) sysv = address;
  }
  const auto strings = reinterpret_cast<std::uintptr_t>(strings_);
  const bool whole = values_are_addresses && range.contains(symbols_) && range.contains(strings) &&
                     strings_size_ != 0 && strings_size_ <= range.end - strings &&
                     strings_[strings_size_ - 1] == '\0';
  const bool hashed =
      whole && ((gnu != 0 && take_gnu_hash(gnu)) || (gnu == 0 && sysv != 0 && take_sysv_hash(sysv)));
  if (!hashed) buckets_ = nullptr;
}

// Looks at one symbol that may be the wanted one.
void symbol_table::judge(std::size_t index, const char* name, candidates& seen) const noexcept {
  const auto* const s = reinterpret_cast<const symbol_entry*>(symbols_) + index;
  if (!readable(s, 1) || s->st_name >= strings_size_) {
    seen.unclear = true;
    seen.shared = false;
    return;
  }
  if (std::strcmp(strings_ + s->st_name, name) != 0) return;
  if (s->st_value == 0 && s->st_shndx != SHN_ABS && type_of(s->st_info) != STT_TLS)
    return; // used, not defined
  if (!is_plain(*s) || (versions_ != nullptr && !readable(versions_ + index, 1))) {
    seen.unclear = true;
    seen.shared &= is_shared(*s);
    return;
  }
  const std::uint16_t version = versions_ != nullptr ? versions_[index] : 0;
  if ((version & ~hidden_version) < first_real_version) {
    seen.unversioned = s;
  } else if ((version & hidden_version) == 0) {
    seen.unclear |= seen.versioned != nullptr;
    seen.versioned = s;
  }
}

void symbol_table::walk_gnu(const char* name, std::uint32_t hash, candidates& seen) const noexcept {
  if (surely_not(hash)) return;
  std::uint32_t index = buckets_[hash % bucket_count_];
  if (index == 0) return;
  if (index < first_hashed_) seen.unclear = true, seen.shared = false;
  for (; !seen.unclear; ++index) {
    const std::uint32_t* const link = chains_ + (index - first_hashed_);
    if (!readable(link, 1)) {
      seen.unclear = true;
      seen.shared = false;
      return;
    }
    if (((*link ^ hash) >> 1) == 0) judge(index, name, seen);
    if (seen.unversioned != nullptr || (*link & 1) != 0) return;
  }
}

void symbol_table::walk_sysv(const char* name, candidates& seen) const noexcept {
  std::uint32_t hash = 0;
  for (const char* c = name; *c != '\0'; ++c) {
    hash = (hash << 4) + static_cast<unsigned char>(*c);
    hash = (hash ^ ((hash >> 24) & 0xf0)) & 0x0fff'ffffu;
  }
  std::uint32_t steps = 0; // a damaged table may go in circles
  for (std::uint32_t i = buckets_[hash % bucket_count_]; i != 0 && seen.unversioned == nullptr;
       i = chains_[i]) {
    seen.unclear |= i >= first_hashed_ || ++steps > first_hashed_;
    if (seen.unclear) {
      seen.shared = false;
      return;
    }
    judge(i, name, seen);
  }
}

// hash * 33 + character. Eight characters a step, in the lanes of a word: 16-bit lanes of two characters
// each, then 32-bit lanes of four, none of which overflows (255 * 34 = 8,670; 8,670 * 1,090 = 9,450,300).
std::uint32_t symbol_table::gnu_hash_of(const char* name, std::size_t length) noexcept {
  constexpr std::uint32_t k = 33;
  constexpr std::uint32_t k4 = k * k * k * k;
  std::uint32_t hash = 5381;
  std::size_t i = 0;
  for (; i + 8 <= length; i += 8) {
    const std::uint64_t fours = weigh_fours(first_lowest<std::uint64_t>(name + i), k);
    hash =
        hash * (k4 * k4) + static_cast<std::uint32_t>(fours) * k4 + static_cast<std::uint32_t>(fours >> 32);
  }
  if (i + 4 <= length) {
    hash = hash * k4 + static_cast<std::uint32_t>(weigh_fours(first_lowest<std::uint32_t>(name + i), k));
    i += 4;
  }
  for (; i != length; ++i) hash = hash * k + static_cast<unsigned char>(name[i]);
  return hash;
}

symbol_answer symbol_table::find(const char* name, std::uint32_t gnu_hash) const noexcept {
  symbol_answer answer;
  if (buckets_ == nullptr) return answer;
  candidates seen;
  if (bloom_ != nullptr)
    walk_gnu(name, gnu_hash, seen);
  else
    walk_sysv(name, seen);
  answer.for_all_threads = seen.shared;
  if (seen.unclear) return answer;
  const symbol_entry* const s = seen.unversioned != nullptr ? seen.unversioned : seen.versioned;
  answer.verdict = s != nullptr ? symbol_verdict::here : symbol_verdict::elsewhere;
  if (s == nullptr) return answer;
  answer.address = reinterpret_cast<void*>(bias_ + s->st_value);
  answer.function = type_of(s->st_info) == STT_FUNC;
  answer.name = strings_ + s->st_name;
  return answer;
}

namespace {

const link_map* map_of(void* handle) noexcept {
  link_map* map = nullptr;
  return ::dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 ? map : nullptr;
}

// An auditor may give another address for any symbol. The loader looked for it once, at the program's start.
bool is_audited() noexcept {
  static const bool audited = std::getenv("LD_AUDIT") != nullptr;
  return audited;
}

// One object of the process, and what the search for dependencies has to know of it.
struct object {
  const dynamic_entry* dynamic = nullptr;
  std::uintptr_t bias = 0;
  address_range range;
  const char* file_name = ""; // the last part of its path
  const char* strings = nullptr;
  const char* so_name = "";
  bool filtered = false; // its symbols may be another's
  bool wanted = false;   // a dependency
  bool seen = false;     // and what it needs is marked
};

const char* last_part(const char* path) noexcept {
  const char* const slash = path != nullptr ? std::strrchr(path, '/') : nullptr;
  return slash != nullptr ? slash + 1 : path != nullptr ? path : "";
}

object look_at(const dl_phdr_info& info) noexcept {
  object o;
  o.bias = info.dlpi_addr;
  o.file_name = last_part(info.dlpi_name);
  o.range.begin = ~std::uintptr_t{0};
  for (ElfW(Half) i = 0; i != info.dlpi_phnum; ++i) {
    const auto& segment = info.dlpi_phdr[i];
    const std::uintptr_t begin = info.dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_DYNAMIC) o.dynamic = reinterpret_cast<const dynamic_entry*>(begin);
    if (segment.p_type != PT_LOAD) continue;
    if (begin < o.range.begin) o.range.begin = begin;
    if (begin + segment.p_memsz > o.range.end) o.range.end = begin + segment.p_memsz;
  }
  std::size_t name = 0;
  for (const dynamic_entry* d = o.dynamic; d != nullptr && d->d_tag != DT_NULL; ++d) {
    if (d->d_tag == DT_STRTAB) o.strings = reinterpret_cast<const char*>(address_of(d->d_un.d_ptr, o.bias));
    if (d->d_tag == DT_SONAME) name = d->d_un.d_val;
    o.filtered |= d->d_tag == DT_FILTER || d->d_tag == DT_AUXILIARY;
  }
  if (o.strings != nullptr && name != 0) o.so_name = o.strings + name;
  return o;
}

// All objects of the process. Filled and read while the loader's list is held, or one that another thread
// closes would be unmapped meanwhile, and its name freed: nothing may throw there.
struct object_list {
  object* items = nullptr;
  std::size_t count = 0;
  std::size_t room = 0;
  bool complete = true;

  object_list() noexcept = default;
  object_list(const object_list&) = delete;
  object_list& operator=(const object_list&) = delete;
  ~object_list() { delete[] items; }

  static int add(dl_phdr_info* info, std::size_t, void* self) noexcept {
    auto& list = *static_cast<object_list*>(self);
    if (list.count == list.room && !list.grow()) return 1;
    list.items[list.count++] = look_at(*info);
    return 0;
  }

  // The one object that a DT_NEEDED entry means; null if there is none or more than one.
  object* named(const char* needed) noexcept {
    object* found = nullptr;
    for (object* o = items; o != items + count; ++o) {
      if (std::strcmp(o->so_name, needed) != 0 && std::strcmp(o->file_name, needed) != 0) continue;
      if (found != nullptr) return nullptr;
      found = o;
    }
    return found;
  }

private:
  bool grow() noexcept {
    constexpr std::size_t first = 64; // objects; more than most processes have
    auto* const more = new (std::nothrow) object[room != 0 ? 2 * room : first];
    complete = more != nullptr;
    if (more == nullptr) return false;
    for (std::size_t i = 0; i != count; ++i) more[i] = items[i];
    delete[] items;
    items = more;
    room = room != 0 ? 2 * room : first;
    return true;
  }
};

// Marks what `o` needs. False if that is not certain.
bool want_needed(object_list& all, object& o) noexcept {
  o.seen = true;
  if (o.strings == nullptr || o.filtered) return false;
  for (const dynamic_entry* d = o.dynamic; d->d_tag != DT_NULL; ++d) {
    if (d->d_tag != DT_NEEDED) continue;
    object* const needed = all.named(o.strings + d->d_un.d_val);
    if (needed == nullptr) return false;
    needed->wanted = true;
  }
  return true;
}

object* next_wanted(object_list& all) noexcept {
  for (object* o = all.items; o != all.items + all.count; ++o)
    if (o->wanted && !o->seen) return o;
  return nullptr;
}

object* object_with(object_list& all, const dynamic_entry* dynamic) noexcept {
  for (object* o = all.items; o != all.items + all.count; ++o)
    if (o->dynamic == dynamic) return o;
  return nullptr;
}

struct dependency_search {
  const dynamic_entry* dynamic; // of whoever needs them
  symbol_table* tables;
  std::size_t room;
  std::size_t count;
  bool certain;

  // At the first object of the list, of which the others are asked for from within: glibc's and musl's locks
  // allow that.
  static int run_held(dl_phdr_info*, std::size_t, void* self) noexcept {
    auto& search = *static_cast<dependency_search*>(self);
    object_list all;
    for_each_object(object_list::add, &all);
    search.certain = all.complete && search.run(all);
    return 1;
  }

private:
  bool run(object_list& all) noexcept {
    object* const self = object_with(all, dynamic);
    if (self == nullptr || !want_needed(all, *self)) return false;
    while (object* const o = next_wanted(all)) {
      if (count == room || !want_needed(all, *o)) return false;
      tables[count++] = symbol_table(o->dynamic, o->bias, o->range);
    }
    return true;
  }
};

} // namespace

symbol_table own_table(void* handle, const mapped_image& image) noexcept {
  const link_map* const map = map_of(handle);
  if (map == nullptr || is_audited()) return {};
  return {map->l_ld, map->l_addr, image.whole};
}

bool dependency_tables(void* handle, symbol_table* tables, std::size_t room, std::size_t& count) noexcept {
  const link_map* const map = map_of(handle);
  count = 0;
  // The program itself is asked about all that was opened with RTLD_GLOBAL, too.
  if (map == nullptr || is_audited() || map->l_name == nullptr || *map->l_name == '\0') return false;
  dependency_search search{map->l_ld, tables, room, 0, false};
#if defined(__linux__)
  for_each_object(dependency_search::run_held, &search);
#endif
  count = search.count;
  return search.certain;
}

} // namespace tenure::inline v1::os
