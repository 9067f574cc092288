"""Files and names that are no modules, given to every subcommand: a clear message and status 2, never a signal.

The cases are those of the misuse corpus, part C, by its numbers. Not here: c08, as no command line holds a NUL; c22 to c26
and c27, c28, which ask for symbols or take resources away from a process that loads.
"""
import os
import pathlib
import random
import socket
import struct

import command
from command import check_one, module, oddity, tenure, tenure_json

SUBCOMMANDS = [["check"], ["check", "--load"], ["symbols"], ["symbols", "--imports"], ["deps"], ["deps", "--dot"], ["bench"]]
GOOD = pathlib.Path(module("basic")).read_bytes()
VARIANTS = 200
OTHER_MACHINE, TYPE, MACHINE, CLASS, ORDER = 43, 16, 18, 4, 5  # in the header of an ELF file


def patched(offset, new):
    return GOOD[:offset] + new + GOOD[offset + len(new):]


class Refused(command.Case):
    def refused(self, path, words, subcommands=SUBCOMMANDS, **options):
        for each in subcommands:
            result = tenure(*each, "--", path, **options)
            told = result.out + result.err
            self.assertEqual(result.status, 2, f"{each} {path!r}: {told}")
            self.assertIn(words, told, each)

    def test_c01_c03_c19_files_of_no_format(self):
        self.refused(self.write("libempty.so", b""), "empty")
        self.refused(self.write("libtext.so", b"This is no library.\n"), "text")
        self.refused(self.write("libzero.so", bytes(5000)), "zero bytes")
        self.refused(self.write("libscript.so", b"GROUP ( libc.so.6 )\n"), "linker script")
        self.refused(self.write("libpointer.so", b"version https://git-lfs.github.com/spec/v1\n"), "git lfs pull")

    def test_c02_a_directory(self):
        self.refused(str(self.folder), "no shared library", SUBCOMMANDS[:2])
        self.refused(str(self.folder), "not a regular file", SUBCOMMANDS[2:])

    def test_c04_names_that_lead_nowhere(self):
        self.refused(str(self.folder / "libno.so"), "no such file")
        os.symlink("libno.so", self.folder / "liblink.so")
        self.refused(str(self.folder / "liblink.so"), "no such file")
        os.symlink("libloop.so", self.folder / "libloop.so")
        self.refused(str(self.folder / "libloop.so"), "symbolic links")

    def test_c05_a_file_that_may_not_be_read(self):
        path = self.write("libsecret.so", GOOD)
        os.chmod(path, 0)
        self.refused(path, "ermission denied", **command.without_roots_rights())

    def test_c06_c07_what_is_no_regular_file(self):
        os.mkfifo(self.folder / "libfifo.so")
        self.refused(str(self.folder / "libfifo.so"), "not a regular file")
        self.refused("/dev/zero", "not a regular file")
        with socket.socket(socket.AF_UNIX) as one:
            os.chdir(self.folder)
            one.bind("libsocket.so")
            self.refused(str(self.folder / "libsocket.so"), "not a regular file")

    def test_c09_c10_names_that_are_none(self):
        self.refused("/" + "x" * 10000, "too long")
        self.refused("", "empty")

    def test_c14_other_class_and_byte_order(self):
        self.refused(self.write("libclass.so", patched(CLASS, bytes([3 - GOOD[CLASS]]))), "damaged at offset 0x2a: the file header")
        self.refused(self.write("liborder.so", patched(ORDER, bytes([3 - GOOD[ORDER]]))), "not a shared library: its file type")

    def test_c15_to_c19_programs_objects_and_archives(self):
        self.refused(str(command.ODDITIES / "cli_pie"), "executable")
        self.refused(str(command.ODDITIES / "cli_nopie"), "executable")
        self.refused(str(next(command.ODDITIES.glob("cli_pie.p/*.o"))), "object file")
        self.refused(str(command.ODDITIES / "libcli_archive.a"), "archive")
        self.refused(self.write("libcore.so", patched(TYPE, struct.pack("=H", 4))), "core file")

    def test_c29_headers_and_a_terabyte_of_nothing(self):
        path = self.write("libsparse.so", GOOD[:100])
        os.truncate(path, 1 << 40)
        self.refused(path, "damaged at offset 0x40: a segment")

    def test_c30_a_module_that_is_cut_off_anywhere(self):
        for size in range(512, len(GOOD), 512):
            self.write(f"libcut{size}.so", GOOD[:size])
        result = tenure_json("check", str(self.folder))
        self.assertEqual(result.status, 2)
        for report in result.json["files"]:
            self.assertEqual(report["verdict"], "unreadable", report)
            self.assertIn("cut off: ", report["error"])
        for path in random.Random(1).sample(sorted(self.folder.iterdir()), 8):
            self.refused(str(path), "cut off: ")


class Foreign(command.Case):
    def test_c13_a_library_for_another_machine_is_checked_and_cannot_be_tried(self):
        path = self.write("libforeign.so", patched(MACHINE, struct.pack("=H", OTHER_MACHINE)))
        report, status = check_one(path)
        self.assertEqual((report["verdict"], report["native"], status), ("unloads", False, 0))
        self.assertIn("SPARC V9", report["target"])
        for each in [["check", "--load"], ["bench"]]:
            result = tenure(*each, path)
            self.assertEqual(result.status, 2)
            self.assertIn("SPARC V9", result.out + result.err)

    def test_c20_a_missing_dependency_is_no_damage(self):
        path = self.copy(oddity("keeper"))
        for each, status in [(["check"], 1), (["check", "--load"], 1), (["deps"], 1), (["symbols"], 0), (["bench"], 2)]:
            self.assertEqual(tenure(*each, path).status, status, each)

    def test_c21_an_undefined_symbol_may_be_the_programs_until_it_is_tried(self):
        path = module("consumer")
        for each, status in [(["check"], 0), (["symbols"], 0), (["deps"], 0), (["check", "--load"], 1), (["bench"], 2)]:
            result = tenure(*each, path)
            self.assertEqual(result.status, status, each)
            if status != 0:
                self.assertIn("provided_value", result.out + result.err)

    def test_c11_c12_c35_whole_libraries_by_odd_names_pass(self):
        for name in ["lib with spaces .so", "libümläut 运行.so", b"lib\xff\xfe.so", "lib\nof two lines.so", "module", "-v"]:
            path = os.path.join(os.fsencode(self.folder), os.fsencode(name))
            pathlib.Path(os.fsdecode(path)).write_bytes(GOOD + b"?" * 5000)
            for each in SUBCOMMANDS[:6]:
                self.assertEqual(tenure(*each, "--", path).status, 0, (each, name))


class Damaged(command.Case):
    """Nobody can see every changed byte; but nobody may fall over one either."""

    def damage(self, count, below):
        dice = random.Random(count)
        for seed in range(VARIANTS):
            content = bytearray(GOOD)
            for _ in range(count):
                content[dice.randrange(min(below, len(GOOD)))] = dice.randrange(256)
            self.write(f"lib{count}_{seed}.so", bytes(content))

    def all_survived(self):
        result = tenure_json("check", str(self.folder), "--symbols")
        self.assertIn(result.status, [1, 2])
        unreadable = [each for each in result.json["files"] if each["verdict"] == "unreadable"]
        self.assertGreater(len(unreadable), 0)
        for report in unreadable:
            self.assertNotEqual(report["error"], "")
        for path in random.Random(2).sample(sorted(self.folder.iterdir()), 10):
            for each in [["symbols"], ["deps"]]:
                self.assertIn(tenure(*each, str(path)).status, [0, 1, 2])
        return result

    def test_c31_one_byte(self):
        self.damage(1, len(GOOD))
        self.all_survived()

    def test_c32_sixteen_bytes(self):
        self.damage(16, len(GOOD))
        self.all_survived()

    def test_c33_four_bytes_of_the_headers_also_when_they_are_loaded(self):
        self.damage(4, 2048)
        self.all_survived()
        result = tenure_json("check", "--load", "--timeout", "5", "-j2", str(self.folder))
        self.assertEqual(result.status, 2)
        self.assertEqual(len(result.json["files"]), VARIANTS)

    def test_c34_a_page_of_zeros(self):
        page = 4096
        for at in range(0, len(GOOD), page):
            self.write(f"libzeros{at}.so", patched(at, bytes(min(page, len(GOOD) - at))))
        result = tenure_json("check", str(self.folder))
        self.assertEqual(result.status, 2)


if __name__ == "__main__":
    command.main()
