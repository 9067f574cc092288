"""Which targets the tests of some suites need, for test/run: a leg that runs a part compiles a part.

    python3 needed.py BUILD-FOLDER WITH WITHOUT ALSO

WITH and WITHOUT are suites, separated by spaces; an empty WITH is all. ALSO are folders of the sources, all of whose targets
are wanted, too. To be run where these are. Prints what ninja calls the targets, separated by commas.
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


def main(build, *words):
    chosen, left_out, also = (set(each.split()) for each in words)
    needed = {name for test in introspect(build, 'tests') if runs(test, chosen, left_out) for name in test['depends']}
    wanted = [target for target in introspect(build, 'targets')
              if target['id'] in needed or os.path.relpath(os.path.dirname(target['defined_in'])) in also]
    print(','.join(os.path.relpath(file, build) for target in wanted for file in target['filename']))


if __name__ == '__main__':
    main(*sys.argv[1:])
