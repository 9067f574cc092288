"""GDB: shows Tenure's handles, and lists all modules by `info tenure`, of a process or of a core file.

GDB loads it by itself where it was installed beside a shared library in GDB's own prefix. Elsewhere, and for programs that
are linked with the static library:

    (gdb) source PREFIX/share/tenure/tenure-gdb.py

It needs no debug information of the library: what lies where is in the library's own table, debug_layout_of_library.
Nothing is called in the process that is looked at, and nothing is changed.
"""
import gdb
import gdb.printing

VERSION = 1
LAYOUT = "tenure::v1::detail::debug_layout_of_library"
# In the table's order (lib/debug_layout.hpp).
FIELDS = {
    "record": "refs owner generation names state kept_by pins reason loads evidence static_symbols next",
    "name": "text",
    "registry": "records",
    "watcher": "next prepare context",
    "holders": "shards shard_bytes buckets size",
    "note": "next held generation since thread line count kind file function name texts",
}
STATES = ["absent", "loading", "open", "closing", "lingering"]
KEEPERS = ["on its way to the policy", "with the policy", "waiting to be closed", "kept by pins"]
REASONS = ["", "nodelete_flag", "unique_symbol", "tls_destructor_pending", "needed_by", "bound_back", "other_holder",
           "loader_never_unloads", "unknown"]
KINDS = ["handle", "symbol", "api", "instance", "guard", "call", "controller", "keyed_object", "class_object", "registration",
         "token_source", "thread", "dependency", "exception", "own_code", "token", "pin", "lock"]
ABSENT, LINGERING, OPEN = 0, 4, 2
LONGEST_LIST = 1_000_000  # of records, names or notes: more of them is a damaged process, or one stopped halfway


def name_of(names, number):
    return names[number] if number < len(names) else f"#{number}"


def printable(text):
    """What a terminal would obey is made visible: as in the library's own texts (detail/printable.hpp)."""
    unprintable = [range(0x20), range(0x7F, 0xA0), [0x061C, 0x200E, 0x200F], range(0x2028, 0x202F), range(0x2066, 0x206A)]
    escapes = {code: f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" for some in unprintable for code in some}
    return text.translate(escapes)


def showable(text):
    """For a printer: GDB refuses a text that its terminal's character set lacks a letter of."""
    charset = gdb.host_charset() if hasattr(gdb, "host_charset") else "ascii"
    return text.encode(charset, "backslashreplace").decode(charset)


class Memory:
    """Numbers, pointers and texts of the process."""

    def __init__(self):
        self.inferior = gdb.selected_inferior()
        self.order = "little" if "little" in gdb.execute("show endian", to_string=True) else "big"
        self.pointer_bytes = gdb.lookup_type("char").pointer().sizeof

    def number(self, address, size):
        return int.from_bytes(bytes(self.inferior.read_memory(address, size)), self.order)

    def pointer(self, address):
        return self.number(address, self.pointer_bytes)

    def text(self, address):
        found = b""
        while len(found) < 4096:
            # Not beyond the end of a page: the next one may not be there.
            part = bytes(self.inferior.read_memory(address + len(found), 64 - (address + len(found)) % 64))
            found += part
            if b"\0" in part:
                break
        return printable(found.split(b"\0")[0].decode(errors="backslashreplace"))

    def chain(self, first, next_at):
        """The addresses of a linked list."""
        for _ in range(LONGEST_LIST):
            if first == 0:
                return
            yield first
            first = self.pointer(first + next_at)


class Tenure:
    """What the library's table leads to."""

    def __init__(self):
        self.memory = Memory()
        self.read_table(int(gdb.parse_and_eval(f"(unsigned long long)&'{LAYOUT}'")))

    def read_table(self, at):
        version = self.memory.number(at, 4)
        count = self.memory.number(at + 4, 4)
        names = [(part, name) for part, fields in FIELDS.items() for name in fields.split()]
        if version != VERSION or count < len(names):
            raise gdb.GdbError(f"this script is for another version of Tenure ({version} and {count} numbers)")
        self.at = {}
        for i, (part, name) in enumerate(names):
            self.at[part, name] = self.memory.number(at + 8 + 4 * i, 4)
        end = at + 8 + 4 * count
        end += -end % self.memory.pointer_bytes
        step = self.memory.pointer_bytes
        self.first_watcher, self.registry_mark, self.holder_table = (self.memory.pointer(end + i * step) for i in range(3))

    def field(self, part, name, at, size):
        return self.memory.number(at + self.at[part, name], size)

    def link(self, part, name, at):
        return self.memory.pointer(at + self.at[part, name])

    def registries(self):
        if self.first_watcher == 0:
            return
        first = self.memory.pointer(self.first_watcher)
        for watcher in self.memory.chain(first, self.at["watcher", "next"]):
            if self.link("watcher", "prepare", watcher) == self.registry_mark:
                yield self.link("watcher", "context", watcher)

    def modules(self, registry):
        first = self.link("registry", "records", registry)
        for record in self.memory.chain(first, self.at["record", "next"]):
            module = Module(self, record)
            if module.state != ABSENT:
                yield module

    def notes(self):
        """(record, generation, note) of all holders."""
        table = self.memory.pointer(self.holder_table)
        if table == 0:
            return
        for i in range(self.at["holders", "shards"]):
            shard = table + i * self.at["holders", "shard_bytes"]
            buckets = self.link("holders", "buckets", shard)
            for bucket in range(min(self.link("holders", "size", shard), LONGEST_LIST)):
                first = self.memory.pointer(buckets + bucket * self.memory.pointer_bytes)
                for note in self.memory.chain(first, self.at["note", "next"]):
                    yield self.link("note", "held", note), self.field("note", "generation", note, 8), note

    def describe_note(self, note):
        text = lambda field: self.memory.text(note + self.at["note", "texts"] + self.field("note", field, note, 4))
        words = name_of(KINDS, self.field("note", "kind", note, 1))
        name, function, file = text("name"), text("function"), text("file")
        count = self.field("note", "count", note, 4)
        words += f" by {name}" if name else ""
        words += f" ({count})" if count != 1 else ""
        words += f", thread {self.field('note', 'thread', note, 8)}"
        words += f", {function}" if function else ""
        return words + (f" ({file.replace(chr(92), '/').split('/')[-1]}:{self.field('note', 'line', note, 4)})" if file else "")


class Module:
    def __init__(self, tenure, record):
        self.tenure = tenure
        self.record = record
        field = lambda name, size: tenure.field("record", name, record, size)
        self.references = field("refs", 8) & 0xFFFFFFFF
        self.pins = field("pins", 4)
        self.state = field("state", 1)
        self.kept_by = field("kept_by", 1)
        self.reason = field("reason", 1)
        self.loads = field("loads", 8)
        self.generation = field("generation", 8)
        self.is_static = tenure.link("record", "static_symbols", record) != 0
        if self.is_static:
            self.pins -= 1  # the manager's own

    def path(self):
        node = self.tenure.link("record", "names", self.record)
        return self.tenure.memory.text(node + self.tenure.at["name", "text"]) if node else "(no name)"

    def evidence(self):
        text = self.tenure.link("record", "evidence", self.record)
        return self.tenure.memory.text(text) if text else ""

    def state_in_words(self):
        if self.state == LINGERING:
            return f"lingering ({name_of(REASONS, self.reason)})"
        if self.state != OPEN:
            return name_of(STATES, self.state)
        return "active" if self.references else f"idle, {name_of(KEEPERS, self.kept_by)}"

    def line(self):
        plural = lambda n, word: f"{n} {word}{'' if n == 1 else 's'}"
        words = f"{self.path()}: {self.state_in_words()}, {plural(self.references, 'reference')}"
        words += f", {plural(self.pins, 'pin')}" if self.pins else ""
        words += ", part of the program" if self.is_static else ""
        evidence = self.evidence() if self.state in (OPEN, LINGERING) and not self.references else ""
        return words + (f": {evidence}" if evidence else "")

    def holders(self):
        own = [note for record, generation, note in self.tenure.notes() if (record, generation) == (self.record, self.generation)]
        own.sort(key=lambda note: self.tenure.field("note", "since", note, 8))
        return [self.tenure.describe_note(note) for note in own]


class HandlePrinter:
    """A module, a weak_module or a pin: its module's name, state and count, and in builds that track them its holders."""

    def __init__(self, value):
        self.record = int(value["record_"])
        if value.type.strip_typedefs().code == gdb.TYPE_CODE_REF:
            value = value.referenced_value()
        fields = [field.name for field in value.type.strip_typedefs().fields()]
        self.generation = int(value["generation_"]) if "generation_" in fields else None

    def module(self):
        module = Module(Tenure(), self.record)
        return module if module.state != ABSENT and self.generation in (None, module.generation) else None

    def to_string(self):
        if self.record == 0:
            return "(no module)"
        try:
            module = self.module()
            return showable(module.line()) if module is not None else "(gone)"
        except (gdb.error, gdb.GdbError) as problem:
            return showable(f"(record at {self.record:#x}: {problem})")

    def children(self):
        if self.record == 0:
            return
        try:
            module = self.module()
            for i, holder in enumerate(module.holders() if module is not None else []):
                yield f"[{i}]", showable(holder)
        except (gdb.error, gdb.GdbError):
            return  # to_string has said why


class ManagerPrinter:
    """A manager: its modules."""

    def __init__(self, value):
        self.registry = int(value["registry_"])

    def to_string(self):
        return "manager" if self.registry else "(no manager)"

    def children(self):
        try:
            for i, module in enumerate(Tenure().modules(self.registry) if self.registry else []):
                yield f"[{i}]", showable(module.line())
        except (gdb.error, gdb.GdbError) as problem:
            yield "[error]", showable(str(problem))


class InfoTenure(gdb.Command):
    """List all modules of all managers, and where it is known who holds them."""

    def __init__(self):
        super().__init__("info tenure", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        try:
            tenure = Tenure()
        except gdb.error as problem:
            raise gdb.GdbError(f"no Tenure here, or no process yet: {problem}") from problem
        managers = 0
        for registry in tenure.registries():
            managers += 1
            print(f"manager at {registry:#x}")
            for module in tenure.modules(registry):
                print(f"  {module.line()}")
                for holder in module.holders():
                    print(f"    {holder}")
        print(f"{managers} manager{'' if managers == 1 else 's'}")


def register(objfile):
    printers = gdb.printing.RegexpCollectionPrettyPrinter("tenure")
    name = r"^tenure::v1::(tracked::)?"
    printers.add_printer("handle", name + r"(module|weak_module|pin)$", HandlePrinter)
    printers.add_printer("manager", name + r"manager<.*>$", ManagerPrinter)
    gdb.printing.register_pretty_printer(objfile, printers, replace=True)


register(None)  # the types are the program's, and not the library's
InfoTenure()
