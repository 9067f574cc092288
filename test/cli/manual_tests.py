"""The manual page and the completions know every option of the command, and no other."""
import pathlib
import re
import shutil
import subprocess

import command
from command import tenure

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "lib" / "cli"
SUBCOMMANDS = ["check", "symbols", "deps", "bench"]
LONG = re.compile(r"--[a-z][a-z-]+")


def options_of(subcommand):
    # Each option's own line begins with it; the texts behind may name others.
    lines = re.findall(r"^ {2}(-[^ ].*)$", tenure(subcommand, "--help").out, re.M)
    heads = [re.split(r"\s{2,}|:", line)[0] for line in lines]
    return {name for head in heads for name in LONG.findall(head)} - {"--help", "--colour"}


class Manual(command.Case):
    def test_the_manual_has_each_option_in_its_section(self):
        page = (SOURCES / "tenure.1").read_text(encoding="utf-8").replace("\\-", "-")
        for subcommand in SUBCOMMANDS:
            section = re.search(rf"^\.SH {subcommand.upper()}$(.*?)^\.SH ", page, re.M | re.S).group(1)
            heads = re.findall(r"^\.TP\n(.*)$", section, re.M)
            named = {name for head in heads for name in LONG.findall(head)} - {"--colour"}
            self.assertEqual(named, options_of(subcommand), subcommand)

    def test_the_manual_can_be_formatted_without_a_warning(self):
        if shutil.which("groff") is None:
            self.skipTest("no groff here")
        formatted = subprocess.run(["groff", "-man", "-ww", "-Tutf8", str(SOURCES / "tenure.1")], capture_output=True, text=True,
                                   check=True)
        self.assertEqual(formatted.stderr, "")

    def test_the_completions_know_all_options(self):
        everything = set().union(*map(options_of, SUBCOMMANDS))
        for name, prefix in [("tenure.bash", "--"), ("_tenure", "--"), ("tenure.fish", "-l ")]:
            text = (SOURCES / "completions" / name).read_text(encoding="utf-8")
            for option in everything:
                self.assertIn(prefix + option[2:], text, name)

    def test_bash_completes_subcommands_options_and_obstacles(self):
        if shutil.which("bash") is None:
            self.skipTest("no bash here")
        for words, expected in [(["tenure", "ch"], "check"), (["tenure", "deps", "--d"], "--dot"),
                                (["tenure", "check", "--accept", "uni"], "unique-symbol"), (["tenure", "bench", "--cou"], "--count")]:
            script = f"""source '{SOURCES}/completions/tenure.bash'
                COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _tenure; echo "${{COMPREPLY[*]}}" """
            got = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.strip()
            self.assertEqual(got, expected)

    def test_bash_completes_names_with_spaces(self):
        if shutil.which("bash") is None:
            self.skipTest("no bash here")
        self.write("lib of two words.so", b"")
        script = f"""source '{SOURCES}/completions/tenure.bash'; cd '{self.folder}'
            COMP_WORDS=(tenure check lib); COMP_CWORD=2; _tenure; printf '%s\\n' "${{#COMPREPLY[@]}}" "${{COMPREPLY[0]}}" """
        got = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout
        self.assertEqual(got, "1\nlib of two words.so\n")


if __name__ == "__main__":
    command.main()
