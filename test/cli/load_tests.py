"""`tenure check --load`: a module is tried in a child process, which may crash, hang or leave."""
import os
import select
import signal
import subprocess
import sys
import unittest

import command
from command import check_one, module, oddity

# Instrumented code takes long; what hangs does so for ever.
PATIENCE = ["--timeout", "200"]


def trial(path, *arguments, **options):
    report, status = check_one(path, "--load", *arguments, **options)
    return report, report["trial"], status


class Ends(command.Case):
    def test_a_plain_module_is_gone(self):
        report, tried, status = trial(module("basic"), *PATIENCE)
        self.assertEqual((report["verdict"], tried["outcome"], tried["cycles"], status), ("unloads", "gone", 1, 0))
        self.assertGreater(tried["load_us"], 0)

    def test_a_lingering_module_says_why(self):
        for name, reason in [("linger_nodelete", "nodelete_flag"), ("linger_unique", "unique_symbol")]:
            report, tried, status = trial(module(name), *PATIENCE)
            self.assertEqual((report["verdict"], tried["outcome"], tried["reason"], status), ("stays", "lingering", reason, 1))
            self.assertNotEqual(tried["detail"], "")

    def test_the_report_has_the_outcome_and_says_nothing_twice(self):
        out = command.tenure("check", "--load", *PATIENCE, module("basic"), module("linger_unique")).out
        self.assertIn("tried: 1 cycle, gone,", out)
        self.assertIn("tried: 1 cycle, lingering,", out)
        self.assertEqual(out.count("lingering_unique"), 1)

    def test_one_that_lingers_for_an_accepted_reason_passes(self):
        report, tried, status = trial(module("linger_nodelete"), "--accept", "nodelete", *PATIENCE)
        self.assertEqual((report["verdict"], tried["outcome"], status), ("unloads", "lingering", 0))

    def test_a_crash_is_told_with_the_moment(self):
        for name, moment in [("crash_load", "loaded"), ("crash_unload", "unloaded")]:
            report, tried, status = trial(oddity(name), *PATIENCE)
            self.assertEqual((report["verdict"], tried["outcome"], status), ("misbehaves", "crashed", 1))
            self.assertIn(f"while it was {moment}", tried["detail"])

    def test_what_a_module_left_behind_for_the_end_of_the_process_is_explained(self):
        report, tried, status = trial(oddity("after_its_end"), *PATIENCE)
        self.assertEqual((report["verdict"], tried["outcome"], status), ("misbehaves", "crashed", 1))
        self.assertIn("at the end of the process", tried["detail"])
        self.assertIn("libcli_after_its_end.so", tried["output"])

    def test_a_module_that_hangs_is_ended(self):
        for name, moment in [("hang_load", "loaded"), ("hang_unload", "unloaded")]:
            # Whether the child gets so far in this time is the machine's affair: it hangs all the same.
            _, tried, status = trial(oddity(name), "--timeout", "2")
            self.assertEqual((tried["outcome"], status), ("hung", 1))
            if tried["cycles"] == 0 and name == "hang_unload":
                continue
            self.assertIn(moment, tried["detail"])

    def test_a_module_that_ends_the_process_is_told_with_its_status(self):
        for name, code, moment in [("exit_load", 0, "loaded"), ("exit_unload", 7, "unloaded")]:
            report, tried, status = trial(oddity(name), *PATIENCE)
            self.assertEqual((report["verdict"], tried["outcome"], status), ("misbehaves", "left", 1))
            self.assertIn(f"exit status {code} while it was {moment}", tried["detail"])

    def test_an_initialiser_that_throws_is_a_refusal(self):
        report, tried, status = trial(module("throwing"), *PATIENCE)
        self.assertEqual((report["verdict"], tried["outcome"], status), ("does-not-load", "refused", 1))

    def test_a_missing_dependency_is_a_refusal(self):
        report, tried, status = trial(self.copy(oddity("keeper")), "--accept", "nodelete", *PATIENCE)
        self.assertEqual((report["verdict"], tried["outcome"], status), ("does-not-load", "refused", 1))
        self.assertIn("libcli_kept.so", tried["detail"])

    @unittest.skipUnless(sys.platform == "linux", "the check of threads is Linux's")
    def test_a_module_whose_thread_still_runs_is_in_use(self):
        if command.SANITIZED:
            self.skipTest("a sanitizer stands between us and the thread")
        report, tried, status = trial(oddity("own_thread"), *PATIENCE)
        self.assertEqual((report["verdict"], tried["outcome"], status), ("stays", "in-use", 1))
        self.assertIn("thread", tried["detail"])

    def test_what_a_module_prints_is_not_taken_for_our_words(self):
        report, tried, status = trial(oddity("noisy"), "--cycles", "3", *PATIENCE)
        self.assertEqual((report["verdict"], tried["outcome"], tried["cycles"], status), ("unloads", "gone", 3, 0))

    def test_words_that_only_look_like_ours_are_left_out(self):
        report, tried, status = trial(oddity("liar"), *PATIENCE)
        self.assertEqual((report["verdict"], tried["outcome"], tried["cycles"], status), ("unloads", "gone", 1, 0))
        result = command.tenure_json("check", "--load", oddity("liar"), module("basic"), *PATIENCE)
        self.assertEqual([each["verdict"] for each in result.json["files"]], ["unloads", "unloads"])

    def test_what_never_ends_is_neither_kept_nor_waited_for(self):
        _, tried, status = trial(oddity("flood"), "--timeout", "2")
        self.assertEqual((tried["outcome"], tried["cycles"], status), ("hung", 0, 1))

    def test_a_module_that_closes_our_descriptors_is_told_of_that(self):
        report, tried, status = trial(oddity("closer"), *PATIENCE)
        self.assertEqual((report["verdict"], tried["outcome"], status), ("misbehaves", "cut-off", 1))
        self.assertIn("closed file descriptors", tried["detail"])

    def test_the_time_limit_is_for_each_step_and_not_for_all_cycles(self):
        # Each load takes a tenth of a second: together they take longer than the limit.
        _, tried, status = trial(oddity("slow"), "--cycles", "60", "--timeout", "5")
        self.assertEqual((tried["outcome"], tried["cycles"], status), ("gone", 60, 0))

    def test_a_refusal_has_its_reason_by_name_and_the_step(self):
        _, tried, _ = trial(self.copy(oddity("keeper")), *PATIENCE)
        self.assertEqual((tried["reason"], tried["step"]), ("missing_dependency", "at the end"))
        _, tried, _ = trial(oddity("crash_load"), *PATIENCE)
        self.assertEqual(tried["step"], "loading")

    def test_a_folder_on_the_command_line_is_searched_by_the_child_too(self):
        alone = self.copy(oddity("keeper"))
        report, tried, status = trial(alone, "--accept", "nodelete", "-L", str(command.ODDITIES), *PATIENCE)
        self.assertEqual((report["verdict"], tried["outcome"], status), ("unloads", "lingering", 0))

    def test_what_the_command_itself_is_linked_with_is_not_tried(self):
        libc = [each["path"] for each in command.tenure_json("deps", oddity("leaks")).json["libraries"]
                if os.path.basename(each["path"]).startswith("libc.")]
        if not libc:
            self.skipTest("no C library of its own here")
        report, tried, _ = trial(libc[0], *PATIENCE)
        self.assertEqual(tried["outcome"], "resident", report)

    def test_all_of_them_at_once(self):
        names = ["crash_load", "hang_load", "exit_load", "noisy", "crash_unload"]
        result = command.tenure_json("check", "--load", "-j4", "--timeout", "5", *map(oddity, names))
        outcomes = [each["trial"]["outcome"] for each in result.json["files"]]
        self.assertEqual(outcomes[:3], ["crashed", "hung", "left"])
        self.assertEqual(result.status, 1)


class Names(command.Case):
    def test_a_name_without_a_folder_is_the_file_here_and_not_one_of_the_system_s(self):
        self.copy(module("basic"), "plain.so")
        self.copy(oddity("crash_load"), "libz.so.1")
        report, tried, status = trial("plain.so", *PATIENCE, cwd=self.folder)
        self.assertEqual((report["verdict"], tried["outcome"], status), ("unloads", "gone", 0))
        report, tried, status = trial("libz.so.1", *PATIENCE, cwd=self.folder)
        self.assertEqual((report["verdict"], tried["outcome"], status), ("misbehaves", "crashed", 1))


class Circumstances(command.Case):
    """Whoever starts the command may have odd ways."""

    def test_children_that_the_caller_ignores_are_told_of_all_the_same(self):
        _, tried, status = trial(oddity("crash_load"), *PATIENCE, preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.assertEqual((tried["outcome"], status), ("crashed", 1))

    def test_closed_standard_streams_do_not_mix_up_the_child_s(self):
        def close():
            os.close(0)
            os.close(2)
        report, tried, status = trial(module("basic"), *PATIENCE, preexec_fn=close)
        self.assertEqual((report["verdict"], tried["outcome"], status), ("unloads", "gone", 0))

    @unittest.skipUnless(hasattr(os, "pidfd_open"), "ends of other processes cannot be waited for")
    def test_no_child_outlives_the_command_that_is_ended(self):
        for number in [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL]:
            fifo = str(self.folder / f"fifo{number}")
            os.mkfifo(fifo)
            # As from a terminal: where the tests run in the background, SIGINT is ignored.
            parent = subprocess.Popen([command.COMMAND, "check", "--load", "--timeout", "1000", oddity("hang_load")],
                                      env=command.environment({"TENURE_TEST_FIFO": fifo}), stdout=subprocess.DEVNULL,
                                      preexec_fn=lambda: [signal.signal(each, signal.SIG_DFL) for each in [signal.SIGINT, signal.SIGHUP]])
            with open(fifo, encoding="ascii") as told:
                child = os.pidfd_open(int(told.read()))
            parent.send_signal(number)
            self.assertEqual(parent.wait(), -number)
            ended = select.poll()
            ended.register(child, select.POLLIN)
            ended.poll()  # without a limit here: meson has one
            os.close(child)


class Growth(command.Case):
    CYCLES = 11

    @unittest.skipUnless(sys.platform == "linux", "other systems do not tell")
    def test_what_grows_with_every_cycle_is_counted(self):
        if command.SANITIZED:
            self.skipTest("a sanitizer has threads, keys and memory of its own")
        _, tried, _ = trial(oddity("leaks"), "--cycles", str(self.CYCLES), *PATIENCE)
        self.assertEqual(tried["outcome"], "gone")
        grown = tried["growth"]
        for what in ["threads", "descriptors", "tls_keys"]:
            self.assertEqual(grown[what], self.CYCLES - 1, what)
        self.assertGreaterEqual(grown["resident_bytes"], (self.CYCLES - 1) * (1 << 18))

    @unittest.skipUnless(sys.platform == "linux", "other systems do not tell")
    def test_a_module_that_leaves_nothing_behind_does_not_grow(self):
        _, tried, _ = trial(module("basic"), "--cycles", str(self.CYCLES), *PATIENCE)
        self.assertEqual(tried["cycles"], self.CYCLES)
        for what in ["threads", "descriptors", "tls_keys", "images", "tls_bytes"]:
            self.assertEqual(tried["growth"][what], 0, what)

    def test_one_cycle_has_no_growth(self):
        _, tried, _ = trial(module("basic"), *PATIENCE)
        self.assertNotIn("growth", tried)


if __name__ == "__main__":
    command.main()
