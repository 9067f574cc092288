"""Reads what `meson test` wrote (testlog.json, one object a line) for test/run, which is a shell script.

    python3 results.py LOG           prints "PASSED FAILED SKIPPED"
    python3 results.py LOG --tell    prints each skipped test with its reason, and each failed one with the end of its output
"""

import json
import signal
import sys

PASSED = {'OK', 'EXPECTEDFAIL'}
SKIPPED = {'SKIP'}
REPORTS = ('Sanitizer:', 'runtime error:')  # how a sanitizer's report begins
SHOWN_LINES = 30  # enough for a doctest failure or a sanitizer's stack, and still one screen


def read(path):
    try:
        with open(path, encoding='utf-8', errors='replace') as log:
            return [json.loads(line) for line in log if line.strip()]
    except FileNotFoundError:
        return []


def output(test):
    return [line.rstrip() for line in (test['stdout'] + test.get('stderr', '')).splitlines() if line.strip()]


def counts(tests):
    passed = sum(test['result'] in PASSED for test in tests)
    skipped = sum(test['result'] in SKIPPED for test in tests)
    return passed, len(tests) - passed - skipped, skipped


def ended(test):
    code = test['returncode']
    if test['result'] == 'TIMEOUT':
        return f"timeout after {test['duration']:.0f} s"
    if code < 0:
        return signal.Signals(-code).name
    return f'exit code {code}'


def telling(lines):
    """A sanitizer's report is told from its head on, everything else by its end."""
    for number, line in enumerate(lines):
        if any(report in line for report in REPORTS):
            return lines[number:number + SHOWN_LINES]
    return lines[-SHOWN_LINES:]


def tell(test):
    lines = output(test)
    if test['result'] in SKIPPED:
        reason = lines[-1] if lines else 'it gave no reason'
        print(f"  skipped: {test['name']}: {reason.removeprefix('skipped: ')}")
    elif test['result'] not in PASSED:
        print(f"  FAILED: {test['name']} ({ended(test)})")
        for line in telling(lines):
            print(f'    {line}')


def main():
    sys.stdout.reconfigure(errors='replace')
    tests = read(sys.argv[1])
    if '--tell' in sys.argv:
        for test in tests:
            tell(test)
    else:
        print(*counts(tests))


main()
