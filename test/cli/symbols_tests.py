"""`tenure symbols`: exports and imports."""
import command
from command import module, oddity, tenure, tenure_json


class Symbols(command.Case):
    def test_exports_are_listed_with_kind_and_meaning(self):
        result = tenure_json("symbols", oddity("noisy"))
        self.assertEqual(result.status, 0)
        by_name = {each.get("demangled", each["name"]): each for each in result.json["exports"]}
        self.assertEqual(by_name["do_nothing"]["kind"], "function")
        self.assertEqual(by_name["shop::counter::count(char const*, long) const"]["kind"], "function")
        self.assertNotIn("kept", by_name)

    def test_a_unique_symbol_is_marked(self):
        result = tenure_json("symbols", module("linger_unique"))
        (unique,) = [each for each in result.json["exports"] if each.get("unique")]
        self.assertEqual((unique["name"], unique["size"]), ("lingering_unique", 8))
        self.assertIn("unique", tenure("symbols", module("linger_unique")).out)

    def test_imports_are_listed_instead(self):
        result = tenure_json("symbols", "--imports", oddity("leaks"))
        names = {each["name"] for each in result.json["imports"]}
        self.assertLessEqual({"malloc", "pthread_key_create"}, names)

    def test_names_come_as_the_file_has_them_when_asked_for(self):
        self.assertIn("_ZNK4shop7counter5countEPKcl", tenure("symbols", "--mangled", oddity("noisy")).out)
        self.assertIn("shop::counter::count(char const*, long) const", tenure("symbols", oddity("noisy")).out)


if __name__ == "__main__":
    command.main()
