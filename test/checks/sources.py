"""What the checks of this folder share: the project's own source files."""
import pathlib
import sys

SUFFIXES = {".hpp", ".h", ".cpp"}


def files(root, *folders):
    """All sources below the folders, as (path, name relative to root, lines)."""
    for folder in folders:
        for path in sorted(pathlib.Path(root, folder).rglob("*")):
            if path.suffix in SUFFIXES:
                yield path, path.relative_to(root).as_posix(), path.read_text(encoding="utf-8").splitlines()


def finish(complaints):
    """Prints them, and ends the program."""
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)
