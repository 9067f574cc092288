"""Files of every format, class and byte order, whole and damaged, given to every subcommand.

What this machine cannot load it can still read: `check`, `symbols` and `deps` answer, and what would have to load the file
ends with status 2 and the machine that it is for. Damage ends with status 2 and the byte, whatever the format.
"""
import os
import pathlib
import random
import shutil
import subprocess

import command
from command import check_one, tenure, tenure_json

READING = [["check"], ["symbols"], ["symbols", "--imports"], ["deps"], ["deps", "--dot"]]
LOADING = [["check", "--load"], ["bench"]]
KINDS = {"elf": 8, "pe": 2, "macho": 5}  # each class and byte order, ELF's also with packed relocations, Mach-O's also universal


class Formats(command.Case):
    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(command.tempfile.mkdtemp(prefix="tenure-formats-"))
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        subprocess.run([os.environ["TENURE_CLI_SEEDS"], str(cls.home)], check=True, stdout=subprocess.DEVNULL)

    def files(self):
        for kind, count in KINDS.items():
            found = sorted((self.home / kind).iterdir())
            self.assertEqual(len(found), count, kind)
            yield from found

    def refused(self, path, subcommands=READING + LOADING):
        for each in subcommands:
            result = tenure(*each, "--", str(path))
            self.assertEqual(result.status, 2, f"{each} {path}: {result.out}{result.err}")
            self.assertIn(" ", (result.out + result.err).strip(), each)

    def test_whole_ones_are_read(self):
        for path in self.files():
            report, status = check_one(str(path))
            self.assertIn(report["verdict"], ["unloads", "may-stay", "stays", "does-not-load"], (path, report))  # the last: what it needs is not here
            self.assertEqual(status, 0 if report["verdict"] == "unloads" else 1)
            self.assertGreater(len(tenure_json("symbols", str(path)).json["exports"]), 0, path)
            self.assertIn(tenure("deps", str(path)).status, [0, 1], path)
            self.assertIn("digraph", tenure("deps", "--dot", str(path)).out)

    def test_of_a_universal_file_all_parts_are_named(self):
        targets = [check_one(str(path))[0]["target"] for path in (self.home / "macho").iterdir()]
        (universal,) = [each for each in targets if "universal" in each]
        self.assertRegex(universal, "^Mach-O .*, 64-bit, a part of a universal file for x86-64, AArch64$")

    def test_what_is_for_another_machine_is_not_tried_and_its_machine_is_named(self):
        foreign = 0
        for path in self.files():
            report, _ = check_one(str(path))
            if report["native"]:
                continue
            foreign += 1
            for each in LOADING:
                result = tenure(*each, str(path))
                self.assertEqual(result.status, 2, each)
                self.assertIn(report["target"].split(",")[0], result.out + result.err)
        self.assertGreaterEqual(foreign, 12)

    def test_a_file_that_is_cut_off_anywhere_is_refused_with_the_byte(self):
        for path in self.files():
            content = path.read_bytes()
            for size in range(1, len(content), max(1, len(content) // 24)):
                self.write("cut", content[:size])
                report, status = check_one(str(self.folder / "cut"))
                self.assertEqual((report["verdict"], status), ("unreadable", 2), (path, size))
                self.assertRegex(report["error"], r"\bbytes?\b|empty|text|not a|no ", (path, size))
            self.write("cut", content[: len(content) // 2])
            self.refused(self.folder / "cut")

    def test_four_changed_bytes_never_end_the_command(self):
        dice = random.Random(6)
        for path in self.files():
            content = path.read_bytes()
            for seed in range(40):
                changed = bytearray(content)
                for _ in range(4):
                    changed[dice.randrange(min(len(content), 2048))] = dice.randrange(256)
                (self.folder / f"lib{path.parent.name}-{path.name}-{seed}.so").write_bytes(bytes(changed))
        result = tenure_json("check", "--symbols", *map(str, self.folder.iterdir()))
        self.assertEqual(result.status, 2)
        self.assertEqual(len(result.json["files"]), 40 * sum(KINDS.values()))
        damaged = [each for each in result.json["files"] if each["verdict"] == "unreadable"]
        self.assertGreater(len(damaged), 0)
        for report in damaged:
            self.assertNotEqual(report["error"], "")
        for path in dice.sample(sorted(self.folder.iterdir()), 20):
            for each in READING[1:]:
                self.assertIn(tenure(*each, str(path)).status, [0, 1, 2])


if __name__ == "__main__":
    command.main()
