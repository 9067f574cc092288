"""`tenure check`: verdicts, evidence, cures and exit statuses, of files that nothing of is run."""
import os
import pathlib
import resource
import struct
import subprocess
import unittest

import command
from command import check_one, module, oddity, tenure, tenure_json


def kinds(report):
    return [each["kind"] for each in report["obstacles"]]


class Verdicts(command.Case):
    def test_a_plain_module_unloads(self):
        report, status = check_one(module("basic"))
        self.assertEqual((report["verdict"], report["obstacles"], report["unmet"], status), ("unloads", [], [], 0))
        self.assertTrue(report["native"])

    def test_a_module_linked_with_nodelete_stays_and_the_flag_is_named(self):
        report, status = check_one(module("linger_nodelete"))
        self.assertEqual((report["verdict"], kinds(report), status), ("stays", ["nodelete"], 1))
        self.assertIn("DF_1_NODELETE", report["obstacles"][0]["evidence"])
        self.assertIn("-z,nodelete", report["obstacles"][0]["cure"])

    def test_a_bound_unique_symbol_keeps_its_module_and_is_named(self):
        report, status = check_one(module("linger_unique"))
        self.assertEqual((report["verdict"], kinds(report), status), ("stays", ["unique-symbol"], 1))
        self.assertEqual(report["obstacles"][0]["symbols"][0]["name"], "lingering_unique")
        self.assertIn("-fno-gnu-unique", report["obstacles"][0]["cure"])

    def test_a_unique_symbol_that_nothing_binds_is_a_warning_only(self):
        report, status = check_one(oddity("unbound_unique"))
        self.assertEqual((report["verdict"], status), ("unloads", 0))
        self.assertEqual(len(report["warnings"]), 1)

    def test_thread_local_destructors_may_keep_it(self):
        report, status = check_one(module("linger_tls"))
        self.assertEqual((report["verdict"], kinds(report), status), ("may-stay", ["tls-destructor"], 1))

    def test_the_model_of_thread_local_storage_is_told(self):
        static, status = check_one(oddity("static_tls"))
        self.assertEqual((static["thread_locals"], status), ({"bytes": 400, "model": "initial-exec"}, 0))
        self.assertIn("400 bytes", static["warnings"][0])
        dynamic, _ = check_one(oddity("dynamic_tls"))
        self.assertEqual(dynamic["thread_locals"]["bytes"], 40)
        self.assertIn(dynamic["thread_locals"]["model"], ["dynamic", "descriptors"])
        self.assertEqual(dynamic["warnings"], [])

    def test_what_is_accepted_is_no_failure_and_is_still_told(self):
        report, status = check_one(module("linger_nodelete"), "--accept", "nodelete")
        self.assertEqual((report["verdict"], status), ("unloads", 0))
        self.assertTrue(report["obstacles"][0]["accepted"])
        _, status = check_one(module("linger_nodelete"), "--accept", "unique-symbol")
        self.assertEqual(status, 1)

    def test_a_library_that_one_that_stays_needs_stays_too(self):
        alone, status = check_one(oddity("kept"))
        self.assertEqual((alone["verdict"], status), ("unloads", 0))
        result = tenure_json("check", oddity("kept"), oddity("keeper"))
        kept, keeper = result.json["files"]
        self.assertEqual((kept["verdict"], kinds(kept)), ("stays", ["needed-by"]))
        self.assertEqual([os.path.basename(each) for each in kept["obstacles"][0]["chain"]],
                         ["libcli_keeper.so", "libcli_kept.so"])
        self.assertEqual(kinds(keeper), ["nodelete"])

    def test_initialisers_and_finalisers_are_counted(self):
        report, _ = check_one(module("throwing_end"))
        self.assertGreater(report["initialisers"], 0)
        self.assertGreater(report["finalisers"], 0)


class Plugins(command.Case):
    def test_a_plug_in_s_own_words_are_read_from_the_file(self):
        report, status = check_one(oddity("plugin"))
        self.assertEqual(status, 0)
        self.assertEqual(report["plugin"], {"name": "flac", "version": "1.4.2", "author": "Somebody",
                                            "description": "Reads and writes FLAC", "api_version": 1, "flags": 1,
                                            "offers": ["org.example.decoder 3: flac 2 (audio/flac)"]})
        shown = tenure("check", "-v", oddity("plugin")).out
        self.assertIn("plug-in flac 1.4.2", shown)
        self.assertIn("offers org.example.decoder 3: flac 2 (audio/flac)", shown)

    def test_words_that_do_not_begin_like_a_plug_in_s_are_a_warning(self):
        report, _ = check_one(oddity("no_plugin"))
        self.assertNotIn("plugin", report)
        self.assertIn("tenure_plugin_info", report["warnings"][0])

    def test_a_module_without_them_has_none(self):
        report, _ = check_one(module("basic"))
        self.assertNotIn("plugin", report)
        self.assertEqual(report["warnings"], [])


class Needs(command.Case):
    def test_a_missing_dependency_is_named(self):
        alone = self.copy(oddity("keeper"))
        report, status = check_one(alone, "--accept", "nodelete")
        self.assertEqual((report["verdict"], status), ("does-not-load", 1))
        self.assertTrue(any("libcli_kept.so" in each and "not found" in each for each in report["unmet"]), report["unmet"])

    def test_it_is_said_where_a_missing_one_was_looked_for(self):
        (self.folder / "apart").mkdir()
        report, _ = check_one(self.copy(module("dependent")))
        self.assertIn("is not found in $ORIGIN/apart", report["unmet"][0])
        self.assertIn("the system's folders", report["unmet"][0])

    def test_a_dependency_for_another_machine_is_named_with_its_machine(self):
        keeper, kept = self.copy(oddity("keeper")), self.copy(oddity("kept"))
        with open(kept, "r+b") as file:
            file.seek(18)
            file.write(struct.pack("=H", 43))
        report, status = check_one(keeper, "--accept", "nodelete", "-L", str(self.folder))
        self.assertEqual((report["verdict"], status), ("does-not-load", 1))
        self.assertTrue(any("SPARC V9" in each for each in report["unmet"]), report["unmet"])

    def test_a_damaged_dependency_is_named_with_its_damage(self):
        keeper = self.copy(oddity("keeper"))
        self.write("libcli_kept.so", pathlib.Path(oddity("kept")).read_bytes()[:2000])
        report, status = check_one(keeper, "--accept", "nodelete", "-L", str(self.folder))
        self.assertEqual(status, 1)
        self.assertTrue(any("cut off" in each for each in report["unmet"]), report["unmet"])

    def test_a_folder_on_the_command_line_is_searched_first(self):
        keeper = self.copy(oddity("keeper"))
        report, status = check_one(keeper, "--accept", "nodelete", "-L", str(command.ODDITIES))
        self.assertEqual((report["unmet"], status), ([], 0))


class Interfaces(command.Case):
    def test_an_interface_that_is_all_there_passes(self):
        wanted = self.write("api.txt", b"# a comment\n\ndo_nothing  # and another\nshop::counter::count(char const*, long) const\n")
        report, status = check_one(oddity("noisy"), "--api", wanted)
        self.assertEqual((report["lacking"], status), ([], 0))

    def test_what_an_interface_lacks_is_named(self):
        wanted = self.write("api.txt", b"do_nothing\nno_such_thing\nshop::counter::count(int) const\n")
        report, status = check_one(oddity("noisy"), "--api", wanted)
        self.assertEqual((report["verdict"], status), ("lacks-symbols", 1))
        self.assertEqual(report["lacking"], ["no_such_thing", "shop::counter::count(int) const"])

    def test_a_list_that_cannot_be_read_is_an_error(self):
        result = tenure("check", "--api", str(self.folder / "none.txt"), module("basic"))
        self.assertEqual(result.status, 2)
        self.assertIn("none.txt", result.err)

    def test_a_list_that_names_nothing_or_is_no_list_is_an_error_with_its_reason(self):
        os.mkfifo(self.folder / "fifo")
        os.truncate(self.write("huge.txt", b""), 20 << 20)
        for path, words in [(self.write("empty.txt", b"# nothing\n"), "names none"), (str(self.folder / "fifo"), "not a regular file"),
                            ("/dev/zero", "not a regular file"), (str(self.folder / "huge.txt"), "20 MiB")]:
            result = tenure("check", "--api", path, module("basic"))
            self.assertEqual(result.status, 2)
            self.assertIn(words, result.err)

    def test_exported_symbols_are_listed_demangled(self):
        report, _ = check_one(oddity("noisy"), "--symbols")
        names = {each.get("demangled", each["name"]) for each in report["symbols"]}
        self.assertIn("shop::counter::count(char const*, long) const", names)
        self.assertIn("do_nothing", names)
        self.assertEqual(len(report["symbols"]), report["exports"])


class Folders(command.Case):
    def test_a_folder_is_walked_and_what_is_no_library_is_left_out(self):
        (self.folder / "deep" / "er").mkdir(parents=True)
        for name in ["basic", "second"]:
            self.copy(module(name))
        self.copy(module("third"), "deep/er/third.plugin")
        self.write("notes.txt", b"text")
        self.write("libscript.so", b"GROUP ( libc.so.6 )\n")
        self.copy(command.ODDITIES / "cli_pie")
        os.symlink("libbasic.so", self.folder / "link.so")
        os.symlink(self.folder, self.folder / "deep" / "up")
        result = tenure_json("check", str(self.folder))
        self.assertEqual([os.path.basename(each["path"]) for each in result.json["files"]],
                         ["third.plugin", "libbasic.so", "libsecond.so"])
        self.assertEqual(result.status, 0)

    def test_a_damaged_library_in_a_folder_is_told_of(self):
        self.copy(module("basic"))
        self.write("libcut.so", pathlib.Path(module("second")).read_bytes()[:3000])
        self.write("libempty.so", b"")
        result = tenure_json("check", str(self.folder))
        self.assertEqual(result.status, 2)
        self.assertEqual([each["verdict"] for each in result.json["files"]], ["unloads", "unreadable", "unreadable"])
        self.assertIn("offset", result.json["files"][1])

    def test_one_file_under_two_names_is_told_of_once(self):
        one = self.copy(module("basic"))
        os.link(one, self.folder / "libother.so")
        self.assertEqual(len(tenure_json("check", str(self.folder)).json["files"]), 1)

    def test_the_result_does_not_depend_on_how_many_work_at_once(self):
        alone = tenure("check", "--json", "-j1", str(command.MODULES)).out
        for jobs in ["-j2", "-j8"]:
            self.assertEqual(alone, tenure("check", "--json", jobs, str(command.MODULES)).out)

    def test_a_folder_without_libraries_is_an_error(self):
        result = tenure("check", str(self.folder))
        self.assertEqual(result.status, 2)
        self.assertIn("no shared library", result.err)

    def test_a_folder_that_cannot_be_read_is_an_error_and_is_named(self):
        (self.folder / "secret").mkdir()
        self.copy(module("basic"), "secret/libbasic.so")
        self.copy(module("second"))
        os.chmod(self.folder / "secret", 0)
        for arguments, count in [([str(self.folder)], 1), ([str(self.folder / "secret")], 0)]:
            result = tenure_json("check", *arguments, **command.without_roots_rights())
            self.assertEqual((result.status, len(result.json["files"])), (2, count))
            self.assertIn("secret", result.json["problems"][0])
            self.assertIn("ermission denied", result.json["problems"][0])
            self.assertEqual(len(result.json["problems"]), 1)

    def test_a_link_to_a_library_that_is_not_there_is_told_of(self):
        self.copy(module("basic"))
        os.symlink("nowhere.so", self.folder / "libnear.so")
        os.symlink("/nowhere/at/all.so", self.folder / "libfar.so")
        os.symlink("nowhere.txt", self.folder / "notes.txt")
        result = tenure_json("check", str(self.folder))
        self.assertEqual(result.status, 2)
        self.assertEqual([(os.path.basename(each["path"]), each["verdict"]) for each in result.json["files"]],
                         [("libbasic.so", "unloads"), ("libfar.so", "unreadable"), ("libnear.so", "unreadable")])

    def test_more_threads_than_the_system_gives_are_no_error(self):
        if command.SANITIZED:
            self.skipTest("a sanitizer needs more memory than that")
        def little_memory():
            resource.setrlimit(resource.RLIMIT_AS, (400_000_000, 400_000_000))
        result = tenure("check", "-j3000", *[module("basic")] * 400, preexec_fn=little_memory)
        # Where the threads have taken all memory there is none for the files, and that is said.
        self.assertTrue(result.status == 0 or "bad_alloc" in result.out + result.err, result.err)

    def test_statuses_are_the_worst_of_all(self):
        bad = self.write("bad.so", b"no")
        self.assertEqual(tenure("check", module("basic"), module("second")).status, 0)
        self.assertEqual(tenure("check", module("basic"), module("linger_nodelete")).status, 1)
        self.assertEqual(tenure("check", module("linger_nodelete"), bad, module("basic")).status, 2)


class Text(command.Case):
    def test_people_read_verdict_evidence_and_cure(self):
        out = tenure("check", module("linger_unique"), module("basic")).out
        for word in ["stays", "lingering_unique", "-> compile it with -fno-gnu-unique", "unloads", "2 libraries: 1 unload, 1 stay"]:
            self.assertIn(word, out)

    def test_quiet_tells_only_of_what_does_not_unload(self):
        out = tenure("check", "-q", module("linger_unique"), module("basic")).out
        self.assertNotIn("libbasic.so", out)
        self.assertEqual(tenure("check", "-q", module("basic")).out, "")

    def test_colours_come_when_they_are_wanted_and_not_into_a_pipe(self):
        self.assertNotIn("\033", tenure("check", module("basic")).out)
        self.assertIn("\033[32m", tenure("check", "--color", "always", module("basic")).out)

    def test_a_file_name_cannot_write_on_the_terminal(self):
        evil = self.copy(module("basic"), "lib\033[31m\nevil.so")
        out = tenure("check", evil).out
        self.assertNotIn("\033", out)
        self.assertIn("\\x1b", out)
        evil = str(self.copy(module("basic"), "lib\033[31m\u009b\u202eevil\n.so"))
        for arguments in [["check", evil], ["check", "--json", evil], ["check", "-v", "--load", evil], ["symbols", "--json", evil],
                          ["deps", evil], ["deps", "--dot", evil], ["deps", "--json", evil], ["bench", "--count", "2", evil],
                          ["bench", "--call", evil, evil], ["check", evil, "--" + evil[-20:]], [evil], ["check", evil + "no"],
                          ["check", "--api", evil + "no", evil], ["check", "--accept", evil, evil]]:
            result = tenure(*arguments)
            told = result.out + result.err
            self.assertTrue(told)
            for each in ["\033", "\u009b", "\u202e", "evil\n"]:
                self.assertNotIn(each, told, arguments)

    def test_what_cannot_be_written_is_an_error(self):
        for arguments in [["check", module("basic")], ["check", "--json", module("basic")], ["symbols", module("basic")],
                          ["deps", module("basic")], ["bench", "--count", "2", module("basic")], ["--help"]]:
            with open("/dev/full", "wb") as full:
                ended = subprocess.run([command.COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, check=False,
                                       env=command.environment({}))
            self.assertEqual(ended.returncode, 2, arguments)
            self.assertIn(b"could not be written", ended.stderr)

    def test_files_that_cannot_be_answered_for_are_in_the_json_too(self):
        bad = self.write("bad.so", b"no library")
        for sub in ["symbols", "deps", "bench"]:
            result = tenure_json(sub, bad)
            self.assertEqual((result.status, result.json["status"], result.json["path"]), (2, 2, bad))
            self.assertNotEqual(result.json["error"], "")

    def test_a_time_that_is_no_number_is_refused(self):
        for time in ["nan", "-1", "0", "inf", "soon", "1e9"]:
            result = tenure("check", "--load", "--timeout", time, module("basic"))
            self.assertEqual(result.status, 2, time)
            self.assertIn("--timeout", result.err)

    def test_help_has_examples_and_the_version_is_told(self):
        for sub in ["check", "symbols", "deps", "bench"]:
            self.assertIn("Example", tenure(sub, "--help").out)
        self.assertIn("tenure ", tenure("--version").out)
        self.assertEqual(tenure("--version").status, 0)

    def test_an_argument_that_is_not_understood_is_named(self):
        for arguments, words in [(["chekc", "x"], "no subcommand chekc"), (["check", "--jsn"], "no option --jsn"), (["--jsn"], "no option --jsn"),
                                 (["check", "--cycles", "3", "x"], "requires --load"), (["check", "--timeout", "3", "x"], "requires --load")]:
            result = tenure(*arguments)
            self.assertEqual(result.status, 2)
            self.assertIn(words, result.err, arguments)

    def test_wrong_arguments_are_an_error(self):
        for arguments in [[], ["check"], ["chekc", "x"], ["check", "--accept", "everything", "x"]]:
            self.assertEqual(tenure(*arguments).status, 2)


if __name__ == "__main__":
    command.main()
