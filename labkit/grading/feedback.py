"""A student's feedback page: what holds, what does not, the hints. Never a reference solution.

Everything that comes from a submission is bounded and escaped, and the page allows no script at all.
"""

from labkit import exercises
from labkit.exercises.report import NO, YES
from labkit.grading.grades import file_name, printable
from labkit.grading.tally import ENDED
from labkit.grading.web import counted, head, name, shown, shown_lines

STYLE = """section { border-top: 1px solid var(--line); margin-top: 1.5rem; }
.total { font-size: 1.25rem; }
ul { padding-left: 0; list-style: none; } li { margin: .25rem 0; }
.problem { white-space: pre-wrap; } .code { max-height: 32rem; overflow-y: auto; }
@media print { .code { max-height: none; } }
 .hint { border-left: 4px solid var(--line); padding-left: .75rem; }
footer { border-top: 1px solid var(--line); margin-top: 2rem; font-size: .9rem; }
"""
CODE_LINES, CODE = 400, 20_000  # lines and characters of a student's code that the page shows
PRINTED = 20  # lines of what it printed
NOTES = 30


def feedback_file(grade):
    """The name of the page's file: different for any two students, and on every system."""
    return f"{file_name(grade.student)}-{grade.lab.replace('?', '_')}.html"


def feedback(grade):
    """The page for one student and lab, as HTML text that needs nothing else."""
    known = grade.lab in exercises.labs()
    lab = f"Lab {grade.lab}" if known else "No lab was recognised"
    passed = sum(report["status"] == "passed" for report in grade.exercises)
    parts = [
        head(f"{lab}: {printable(grade.student)[:100]}", STYLE),
        f"<h1>{shown(lab)}: {name(grade.student)}</h1>",
        f"<p>{shown(exercises.get(grade.lab).TITLE)}</p>" if known else "",
        f'<p class="total"><strong>{grade.points} of {grade.max_points} points</strong>,',
        f"{passed} of {len(grade.exercises)} exercises passed</p>",
        *_notes(grade),
        *(_section(grade, report, number) for number, report in enumerate(grade.exercises, 1)),
        _footer(grade),
        "</main></body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _notes(grade):
    if grade.problem:
        yield f'<p class="problem"><strong>{shown_lines(grade.problem)}</strong></p>'
    if grade.notes:
        notes = [shown(note, 1000) for note in grade.notes[:NOTES]]
        if len(grade.notes) > NOTES:
            notes.append(f"({len(grade.notes) - NOTES} more notes are left out.)")
        yield "<ul>" + "".join(f"<li>{note}</li>" for note in notes) + "</ul>"


def _section(grade, report, number):
    passed = report["status"] == "passed"
    sign = f'<span class="{"yes" if passed else "no"}">{YES if passed else NO}</span>'
    verdict = "passed" if passed else "not passed"
    if not passed and (ended := ENDED.get(report.get("ended", ""))):
        verdict += f" ({ended.split(' ', 1)[1]})"
    points = f"{report['points']} of {report['max_points']} points"
    function = report["exercise"]
    parts = [
        f'<section aria-labelledby="e{number}">',
        f'<h2 id="e{number}">{shown(_title(grade.lab, function) or function)}</h2>',
        f"<p>{sign} <strong>{shown(function)}: {verdict}, {points}</strong></p>",
    ]
    if report["problem"]:
        if report["problem"] != grade.problem:  # said once, above
            parts.append(f'<p class="problem">{shown_lines(report["problem"])}</p>')
    else:
        parts.append("<ul>" + "".join(map(_property, report["properties"])) + "</ul>")
        if message := next((p["message"] for p in report["properties"] if p["message"]), ""):
            parts.append(f"<p>The first that does not hold:</p>\n<pre>{shown_lines(message)}</pre>")
    parts += [_hints(report["hints"]), _code(report.get("code", ""), passed)]
    if report.get("printed"):
        lines = shown_lines("\n".join(printable(report["printed"], lines=True).split("\n")[:PRINTED]))
        parts.append(f"<details><summary>What your function printed</summary>\n<pre>{lines}</pre></details>")
    return "\n".join([*(part for part in parts if part), "</section>"])


def _property(result):
    kind, sign, word = ("yes", YES, "holds") if result["passed"] else ("no", NO, "does not hold")
    worth = counted(result["points"], "point")
    return f'<li><span class="{kind}">{sign} {word}</span>: {shown(result["name"])} ({worth})</li>'


def _hints(hints):
    """Each hint folded inside the one before: who opens the plainer one has read the first."""
    page = ""
    for number in range(len(hints), 0, -1):
        title = f"A plainer hint ({number} of {len(hints)})" if number > 1 else "A hint"
        text = f"<p>{shown_lines(hints[number - 1])}</p>"
        page = f'<details class="hint"><summary>{title}</summary>\n{text}{page}</details>'
    return page


def _code(code, passed):
    """The student's own code, open where something is to be found in it."""
    if not code.strip():
        return ""
    lines = printable(code, lines=True, mark="\ufffd").strip("\n").split("\n")
    text = "\n".join(lines[:CODE_LINES])
    cut = ""
    if len(lines) > CODE_LINES or len(text) > CODE:
        text = text[:CODE]
        cut = f"<p>It is longer: {text.count(chr(10)) + 1} of {len(lines)} lines are shown.</p>"
    start = "<details>" if passed else "<details open>"
    return (
        f"{start}<summary>Your code as it was graded</summary>\n"
        f'<pre class="code" tabindex="0" translate="no"><code>{shown_lines(text, CODE)}</code></pre>'
        f"{cut}</details>"
    )


def _footer(grade):
    """When it was graded, and what is needed to grade it in the same way again."""
    parts = []
    if grade.date:
        parts.append(f"Graded on {shown(grade.date, 40)}.")
    if grade.version:
        parts.append(
            f"Inputs drawn with seed {grade.seed}. Version of the course: {shown(grade.version, 80)}."
        )
    return f"<footer><p>{' '.join(parts)}</p></footer>" if parts else ""


def _title(lab, function):
    tasks = exercises.get(lab).EXERCISES if lab in exercises.labs() else ()
    return next((task.title for task in tasks if task.name == function), "")
