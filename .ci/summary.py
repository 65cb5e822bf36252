"""What CI says at its end: summary.py RESULTS.xml ... [--coverage COVERAGE.xml]

How many tests ran, and why others were skipped; and which lines of labkit they ran.
pytest fails when it finds no tests, but not when every one of them is skipped: this exits with 1 then.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

LEAST_COVERED = 12  # modules that are named


def say_results(path):
    """Say how many tests ran, and why others were skipped; returns how many ran."""
    cases = list(ElementTree.parse(path).getroot().iter("testcase"))
    reasons = Counter(skip.get("message") for case in cases for skip in case.findall("skipped"))
    ran = len(cases) - reasons.total()
    print(f"{path.stem}: {ran} tests ran, {reasons.total()} were skipped" + ("" if ran else ": NONE RAN"))
    for reason, count in reasons.most_common():
        print(f"  {count} skipped: {reason}")
    return ran


def say_coverage(path):
    """Say which part of the lines was run, in all and in the modules where it is least."""
    report = ElementTree.parse(path).getroot()
    print(
        f"coverage: {float(report.get('line-rate')):.1%} of {int(report.get('lines-valid')):,} lines, "
        "by `make test`, without what runs in processes that tests start"
    )
    modules = [(float(one.get("line-rate")), one.get("filename")) for one in report.iter("class")]
    for share, name in sorted(modules)[:LEAST_COVERED]:
        print(f"  {share:4.0%} {name}")


parser = argparse.ArgumentParser()
parser.add_argument("results", nargs="+", type=Path)
parser.add_argument("--coverage", type=Path)
options = parser.parse_args()
ran_at_all = sum([say_results(path) for path in options.results])
if options.coverage:
    say_coverage(options.coverage)
sys.exit(0 if ran_at_all else "No test ran.")
