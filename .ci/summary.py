"""How many tests ran, and why others were skipped: summary.py RESULTS.xml ...

pytest fails when it finds no tests, but not when every one of them is skipped: this exits with 1 then.
"""

import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

ran_at_all = 0
for path in map(Path, sys.argv[1:]):
    cases = list(ElementTree.parse(path).getroot().iter("testcase"))
    reasons = Counter(skip.get("message") for case in cases for skip in case.findall("skipped"))
    ran = len(cases) - reasons.total()
    ran_at_all += ran
    print(f"{path.stem}: {ran} tests ran, {reasons.total()} were skipped" + ("" if ran else ": NONE RAN"))
    for reason, count in reasons.most_common():
        print(f"  {count} skipped: {reason}")
sys.exit(0 if ran_at_all else "No test ran.")
