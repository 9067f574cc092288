"""What only a terminal is shown: the bar while many files are read, and colours."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

import command
from command import module

FILES = 60


class Terminal(command.Case):
    def setUp(self):
        super().setUp()
        self.paths = [self.copy(module("basic"), f"lib{i}.so") for i in range(FILES)]

    def shown(self, stream, *arguments, columns=80, **variables):
        """What the command writes to a terminal that is its standard output or its standard error output."""
        ours, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: its}
        running = subprocess.Popen([command.COMMAND, *arguments], stdin=subprocess.DEVNULL,
                                   env=command.environment({"TERM": "xterm", **variables}), **streams)
        os.close(its)
        text = b""
        while True:
            try:
                text += os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
        os.close(ours)
        self.assertEqual(running.wait(), 0, text)
        return text.decode()

    def test_many_files_have_a_bar_that_goes_to_the_end_and_away(self):
        text = self.shown("stderr", "check", "-q", *self.paths)
        drawn = re.findall(r"\r\[(=*)( *)\] (\d+) of (\d+)", text)
        self.assertEqual(int(drawn[-1][2]), FILES)
        self.assertEqual({(len(done) + len(left), int(of)) for done, left, _, of in drawn}, {(40, FILES)})
        self.assertEqual([int(n) for _, _, n, _ in drawn], sorted(int(n) for _, _, n, _ in drawn))
        self.assertTrue(text.endswith("\r\033[K"), text)

    def test_a_narrow_terminal_has_a_narrow_bar(self):
        text = self.shown("stderr", "check", "-q", *self.paths, columns=20)
        lines = text.replace("\033[K", "").split("\r")
        self.assertGreater(len(lines), 2)
        self.assertLess(max(map(len, lines)), 20)

    def test_few_files_and_a_terminal_that_cannot_have_none(self):
        self.assertEqual(self.shown("stderr", "check", "-q", *self.paths[:20]), "")
        self.assertEqual(self.shown("stderr", "check", "-q", *self.paths, TERM="dumb"), "")

    def test_colours_are_for_a_terminal_whose_user_has_not_declined(self):
        self.assertIn("\033[", self.shown("stdout", "check", self.paths[0]))
        self.assertNotIn("\033[", self.shown("stdout", "check", self.paths[0], NO_COLOR="1"))
        self.assertNotIn("\033[", self.shown("stdout", "check", self.paths[0], TERM="dumb"))
        self.assertNotIn("\033[", command.tenure("check", self.paths[0]).out)


if __name__ == "__main__":
    command.main()
