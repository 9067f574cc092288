"""`tenure check --load`: a module is tried in a child process, which may crash, hang or leave."""
import sys
import unittest

import command
from command import check_one, module, oddity

# Instrumented code takes long; what hangs does so for ever.
PATIENCE = ["--timeout", "200"]


def trial(path, *arguments, env=None):
    report, status = check_one(path, "--load", *arguments, env=env)
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

    def test_all_of_them_at_once(self):
        names = ["crash_load", "hang_load", "exit_load", "noisy", "crash_unload"]
        result = command.tenure_json("check", "--load", "-j4", "--timeout", "5", *map(oddity, names))
        outcomes = [each["trial"]["outcome"] for each in result.json["files"]]
        self.assertEqual(outcomes[:3], ["crashed", "hung", "left"])
        self.assertEqual(result.status, 1)


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
