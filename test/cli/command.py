"""Runs the command, for the tests of this folder."""
import ctypes
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

COMMAND = os.environ["TENURE"]
MODULES = pathlib.Path(os.environ["TENURE_TEST_MODULES"])
ODDITIES = pathlib.Path(os.environ["TENURE_CLI_MODULES"])
SANITIZED = os.environ.get("TENURE_SANITIZERS", "none") != "none"


def module(name):
    return str(MODULES / f"lib{name}.so")


def oddity(name):
    return str(ODDITIES / f"libcli_{name}.so")


def without_roots_rights():
    """For the process to be started: root reads what is nobody's to read, unless it is without these two rights (capabilities(7))."""
    if os.geteuid() != 0:
        return {}
    system = ctypes.CDLL(None, use_errno=True)
    drop_from_bounding_set, override, read_and_search = 24, 1, 2

    def drop():
        for right in (override, read_and_search):
            if system.prctl(drop_from_bounding_set, right, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "prctl")

    return {"preexec_fn": drop}


def environment(changes):
    # A sanitizer's handlers would turn the crash of a module into an exit.
    settings = {
        "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":handle_segv=0:handle_abort=0:detect_leaks=0",
        "TSAN_OPTIONS": os.environ.get("TSAN_OPTIONS", "") + ":handle_segv=0:handle_abort=0:report_thread_leaks=0",
    }
    # Meson adds the folders of our modules, in which dependencies are then found that shall be missing.
    inherited = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
    return {**inherited, **settings, **changes}


class Result:
    def __init__(self, ended):
        self.status = ended.returncode
        self.out = ended.stdout.decode(errors="replace")
        self.err = ended.stderr.decode(errors="replace")


def tenure(*arguments, env=None, **options):
    """No time limit here: a loaded machine breaks those, and meson has one."""
    ended = subprocess.run([COMMAND, *arguments], capture_output=True, stdin=subprocess.DEVNULL, env=environment(env or {}),
                           check=False, **options)
    result = Result(ended)
    if result.status < 0 or "Sanitizer" in result.err or "runtime error" in result.err:
        raise AssertionError(f"tenure {arguments[:8]} ends with {result.status}:\n{result.out}\n{result.err}")
    return result


def tenure_json(*arguments, **options):
    result = tenure(*arguments, "--json", **options)
    result.json = json.loads(result.out)
    return result


def check_one(path, *arguments, **options):
    """What `check` says of one file, and its exit status."""
    result = tenure_json("check", path, *arguments, **options)
    (report,) = result.json["files"]
    assert result.json["status"] == result.status
    return report, result.status


class Case(unittest.TestCase):
    """With a folder of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tenure-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def copy(self, path, name=None):
        return shutil.copy(path, self.folder / (name or pathlib.Path(path).name))

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return str(path)


def main():
    unittest.main(verbosity=1, argv=[sys.argv[0]])
