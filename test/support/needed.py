"""Which targets the tests of some suites need, for test/run: a leg that runs a part compiles a part.

    python3 needed.py BUILD-FOLDER WITH WITHOUT [ALSO]

WITH and WITHOUT are suites, separated by spaces; an empty WITH is all. ALSO are folders of the sources, all of whose targets
are wanted, too. Prints what ninja calls them, a line each.
"""

import json
import os
import subprocess
import sys


def introspect(build, what):
    return json.loads(subprocess.check_output(['meson', 'introspect', '--' + what, build]))


def runs(test, chosen, left_out):
    suites = {name.split(':')[-1] for name in test['suite']}
    return not suites & left_out and (not chosen or bool(suites & chosen))


def main():
    build = sys.argv[1]
    chosen, left_out, also = (set(words.split()) for words in (sys.argv[2:] + [''])[:3])
    targets = introspect(build, 'targets')
    root = os.path.dirname(introspect(build, 'buildsystem-files')[0])
    needed = {name for test in introspect(build, 'tests') if runs(test, chosen, left_out) for name in test['depends']}
    for target in targets:
        if target['id'] in needed or os.path.relpath(os.path.dirname(target['defined_in']), root) in also:
            for file in target['filename']:
                print(os.path.relpath(file, build))


if __name__ == '__main__':
    main()
