"""`tenure deps`: what is needed, and where it is found."""
import os
import pathlib
import platform

import command
from command import module, oddity, tenure, tenure_json


class Needs(command.Case):
    def test_a_dependency_is_found_by_the_runpath_of_who_needs_it(self):
        result = tenure_json("deps", module("dependent"))
        self.assertEqual(result.status, 0)
        root = result.json["libraries"][0]
        (need,) = [each for each in root["needs"] if each["name"] == "libneeded.so"]
        self.assertEqual(need["state"], "found")
        self.assertTrue(os.path.samefile(need["path"], command.MODULES / "apart" / "libneeded.so"))
        self.assertIn("$ORIGIN", need["how"])

    def test_where_it_was_found_cannot_write_on_the_terminal(self):
        path = self.folder / "libodd.so"
        path.write_bytes(pathlib.Path(module("dependent")).read_bytes().replace(b"$ORIGIN/apart", b"$ORIGIN/ap\033rt"))
        (self.folder / "ap\033rt").mkdir()
        self.copy(command.MODULES / "apart" / "libneeded.so", "ap\033rt/libneeded.so")
        out = tenure("deps", str(path)).out
        self.assertIn("RUNPATH $ORIGIN/ap\\x1brt", out)
        self.assertNotIn("\033", out)

    def test_the_loader_s_tokens_and_folders_for_processors_are_searched(self):
        dependent = pathlib.Path(module("dependent")).read_bytes()
        for written, folders in [(b"$ORIGIN/$LIB/", ["lib64", "lib"]), (b"$ORIGIN/apart", ["apart", "apart/glibc-hwcaps/x86-64-v2"])]:
            path = self.folder / "libtokens.so"
            path.write_bytes(dependent.replace(b"$ORIGIN/apart", written))
            for folder in folders:
                if "hwcaps" in folder and platform.machine() != "x86_64":
                    continue  # other processors' are not known
                (self.folder / folder).mkdir(parents=True)
                self.copy(command.MODULES / "apart" / "libneeded.so", folder + "/libneeded.so")
                (need,) = [each for each in tenure_json("deps", str(path)).json["libraries"][0]["needs"] if each["name"] == "libneeded.so"]
                if folder != "lib":  # lib64 is there already, and comes first
                    self.assertEqual(need["path"], str(self.folder / folder / "libneeded.so"))
                self.assertEqual(need["how"], "RUNPATH " + written.decode())

    def test_the_tree_names_each_library_and_where_it_is(self):
        out = tenure("deps", module("dependent")).out
        self.assertIn("-- libneeded.so => ", out)
        self.assertIn("RUNPATH $ORIGIN", out)

    def test_a_missing_dependency_is_told_and_is_a_failure(self):
        result = tenure_json("deps", self.copy(oddity("keeper")))
        self.assertEqual(result.status, 1)
        states = {each["name"]: each["state"] for each in result.json["libraries"][0]["needs"]}
        self.assertEqual(states["libcli_kept.so"], "missing")
        self.assertIn("missing", tenure("deps", self.copy(oddity("keeper"))).out)

    def test_the_environment_and_the_command_line_are_searched(self):
        alone, place = self.copy(oddity("keeper")), str(command.ODDITIES)
        by_option = tenure_json("deps", alone, "-L", place)
        by_environment = tenure_json("deps", alone, env={"LD_LIBRARY_PATH": place})
        for result, how in [(by_option, "-L"), (by_environment, "LD_LIBRARY_PATH")]:
            needs = {each["name"]: each for each in result.json["libraries"][0]["needs"]}
            self.assertIn(how, needs["libcli_kept.so"]["how"])

    def test_a_library_that_stays_is_marked(self):
        result = tenure_json("deps", oddity("keeper"))
        stays = {os.path.basename(each["path"]): each["stays"] for each in result.json["libraries"]}
        self.assertTrue(stays["libcli_keeper.so"])
        self.assertFalse(stays["libcli_kept.so"])

    def test_a_graph_for_graphviz_has_an_edge_for_each_need(self):
        out = tenure("deps", "--dot", module("dependent")).out
        self.assertTrue(out.startswith("digraph"))
        self.assertRegex(out, r'libdependent\.so" -> ".*libneeded\.so"')
        self.assertTrue(out.endswith("}\n"))

    def test_a_name_with_quotes_stays_one_name_in_the_graph(self):
        odd = self.copy(module("dependent"), 'lib"odd\\.so')
        self.assertIn('lib\\"odd\\\\.so" ->', tenure("deps", "--dot", odd, "-L", str(command.MODULES / "apart")).out)

    def test_all_that_the_program_itself_needs_is_found(self):
        # Some library of this system that is linked with the C library, found as the loader would.
        result = tenure_json("deps", oddity("leaks"))
        self.assertEqual(result.status, 0)
        for library in result.json["libraries"]:
            self.assertTrue(os.path.exists(library["path"]), library)


if __name__ == "__main__":
    command.main()
