"""Text for the cells of a spreadsheet: whatever a student wrote, it is no formula and fits into its cell."""

import csv
import io
import re

from labkit.grading.grades import printable

# A spreadsheet runs a cell that begins like a formula, and some split cells at more than commas.
FORMULA = re.compile(r"(^|[;,|]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
MOST = 32_767  # UTF-16 units that a cell of Excel holds
CUT = " \u2026 (cut: a cell holds no more)"


def cell(text):
    """A text that no spreadsheet takes for a formula, in one line, cut where a cell ends."""
    safe = FORMULA.sub(r"\1'", re.sub(r"\s+", " ", printable(text)).strip())
    units = safe.encode("utf-16-le")
    if len(units) <= 2 * MOST:
        return safe
    return units[: 2 * (MOST - len(CUT))].decode("utf-16-le", "ignore") + CUT


def csv_text(rows):
    """Rows of numbers and of texts that are safe already as the text of a CSV file."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()
