"""What CI says at its end: how many tests ran, why others did not, that none did, and what they covered."""

import subprocess
import sys
from pathlib import Path

SUMMARY = Path(__file__).parents[1] / ".ci" / "summary.py"
RAN = '<testcase name="a"/><testcase name="b"/>'
SKIPPED = '<testcase name="c"><skipped message="no chromium here"/></testcase>'


def summary(tmp_path, **results):
    paths = []
    for name, cases in results.items():
        paths.append(tmp_path / f"{name}-results.xml")
        paths[-1].write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>", encoding="utf-8")
    return subprocess.run([sys.executable, SUMMARY, *paths], capture_output=True, text=True)


def test_skipped_browser_tests_are_not_passed_over_in_silence(tmp_path):
    done = summary(tmp_path, test=RAN, browser=2 * SKIPPED)
    assert done.returncode == 0
    assert "test-results: 2 tests ran, 0 were skipped" in done.stdout
    assert "browser-results: 0 tests ran, 2 were skipped: NONE RAN" in done.stdout
    assert "2 skipped: no chromium here" in done.stdout


def test_a_run_without_any_test_fails(tmp_path):
    assert summary(tmp_path, test=SKIPPED, browser=SKIPPED).returncode == 1


def test_coverage_is_said_in_all_and_where_it_is_least(tmp_path):
    results, coverage = tmp_path / "results.xml", tmp_path / "coverage.xml"
    results.write_text(f"<testsuites><testsuite>{RAN}</testsuite></testsuites>", encoding="utf-8")
    classes = "".join(f'<class filename="m{n}.py" line-rate="{n / 20}"/>' for n in range(20))
    coverage.write_text(f'<coverage line-rate="0.9271" lines-valid="12345">{classes}</coverage>', "utf-8")
    done = subprocess.run(
        [sys.executable, SUMMARY, results, "--coverage", coverage], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "coverage: 92.7% of 12,345 lines" in done.stdout
    assert "   0% m0.py\n" in done.stdout and "  55% m11.py" in done.stdout and "m12.py" not in done.stdout
