"""`tenure bench`: what the steps cost, beside the bare calls."""
import command
from command import module, oddity, tenure, tenure_json


class Bench(command.Case):
    def test_each_step_has_a_figure_by_both_ways(self):
        result = tenure_json("bench", "--count", "5", "--call", "answer", module("basic"))
        self.assertEqual(result.status, 0)
        self.assertEqual([each["name"] for each in result.json["steps"]], ["load", "open again", "look up", "call", "unload"])
        for each in result.json["steps"]:
            for way in ["raw", "tenure"]:
                self.assertGreater(each[f"{way}_p50_ns"], 0)
                self.assertGreaterEqual(each[f"{way}_p99_ns"], each[f"{way}_p50_ns"])

    def test_a_module_that_stays_is_told_of(self):
        result = tenure_json("bench", "--count", "2", module("linger_nodelete"))
        self.assertEqual(result.status, 1)
        self.assertIn("DF_1_NODELETE", result.json["stays"])

    def test_what_is_not_exported_cannot_be_called(self):
        result = tenure("bench", "--call", "no_such_thing", module("basic"))
        self.assertEqual(result.status, 2)
        self.assertIn("no_such_thing", result.err)

    def test_a_refused_library_is_an_error(self):
        result = tenure("bench", self.copy(oddity("keeper")))
        self.assertEqual(result.status, 2)
        self.assertIn("libcli_kept.so", result.err)


class Ends(command.Case):
    def test_a_module_that_crashes_leaves_or_hangs_ends_no_more_than_its_child(self):
        for name, words in [("crash_load", "crashed"), ("exit_load", "exit status 0"), ("hang_load", "hung"), ("closer", "closed file")]:
            result = tenure_json("bench", "--timeout", "2", oddity(name))
            self.assertEqual((result.status, result.json["status"]), (2, 2), name)
            self.assertIn(words, result.json["error"])
            self.assertIn(words, result.err)

    def test_figures_that_a_module_writes_are_not_taken_for_ours(self):
        result = tenure_json("bench", "--count", "3", oddity("liar"))
        self.assertEqual((result.status, len(result.json["steps"])), (0, 4))


if __name__ == "__main__":
    command.main()
