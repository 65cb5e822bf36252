"""A student's feedback page: what holds, what does not, the hints. Never a reference solution.

Everything that comes from a submission is escaped, and the page allows no script at all.
"""

from html import escape

from labkit import exercises
from labkit.exercises.report import NO, YES

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1f1f1f; --paper: #fff; --soft: #f2f2f2; --line: #767676;
  --yes: #00704f; --no: #a84300; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #eee; --paper: #1b1b1b; --soft: #2b2b2b; --line: #999; --yes: #4fd1a5; --no: #ff9d5c; }} }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 1.5rem auto; padding: 0 1rem;
  color: var(--ink); background: var(--paper); overflow-wrap: anywhere; }}
h1 {{ font-size: 1.5rem; line-height: 1.25; }} h2 {{ font-size: 1.15rem; margin-bottom: .25rem; }}
section {{ border-top: 1px solid var(--line); margin-top: 1.5rem; }}
.total {{ font-size: 1.25rem; }} .yes {{ color: var(--yes); }} .no {{ color: var(--no); }}
ul {{ padding-left: 0; list-style: none; }} li {{ margin: .25rem 0; }}
pre {{ white-space: pre-wrap; background: var(--soft); padding: .5rem .75rem; font-size: .9rem; }}
summary {{ cursor: pointer; }} .problem {{ white-space: pre-line; }}
</style></head>
<body><main>
<h1>{heading}</h1>
<p class="total"><strong>{points} of {max_points} points</strong>,
{passed} of {exercises} exercises passed</p>
{body}
</main></body></html>
"""


def feedback(grade):
    """The page for one student and lab, as HTML text that needs nothing else."""
    lab = f"Lab {grade.lab}" if grade.lab in exercises.labs() else "No lab was recognised"
    return PAGE.format(
        title=escape(f"{lab}: {grade.student}"),
        heading=f"{escape(lab)}: <bdi>{escape(grade.student)}</bdi>",
        points=grade.points,
        max_points=grade.max_points,
        passed=sum(report["status"] == "passed" for report in grade.exercises),
        exercises=len(grade.exercises),
        body="\n".join([*_notes(grade), *(_section(grade, report) for report in grade.exercises)]),
    )


def _notes(grade):
    if grade.problem:
        yield f"<p><strong>{escape(grade.problem)}</strong></p>"
    if grade.notes:
        yield "<ul>" + "".join(f"<li>{escape(note)}</li>" for note in grade.notes) + "</ul>"


def _section(grade, report):
    passed = report["status"] == "passed"
    sign = f'<span class="{"yes" if passed else "no"}">{YES if passed else NO}</span>'
    verdict = "passed" if passed else "not passed"
    points = f"{report['points']} of {report['max_points']} points"
    parts = [f"<section>\n<h2>{sign} {escape(report['exercise'])}: {verdict}, {points}</h2>"]
    if title := _title(grade.lab, report["exercise"]):
        parts.append(f"<p>{escape(title)}</p>")
    if report["problem"]:
        if report["problem"] != grade.problem:  # said once, above
            parts.append(f'<p class="problem">{escape(report["problem"])}</p>')
    else:
        parts.append("<ul>" + "".join(map(_property, report["properties"])) + "</ul>")
        if shown := next((p["message"] for p in report["properties"] if p["message"]), ""):
            parts.append(f"<p>The first that does not hold:</p>\n<pre>{escape(shown)}</pre>")
    parts += [_hint(number, hint) for number, hint in enumerate(report["hints"], 1)]
    if report.get("printed"):
        lines = "\n".join(report["printed"].splitlines()[:20])
        parts.append(f"<details><summary>What your function printed</summary>\n<pre>{escape(lines)}</pre>")
        parts.append("</details>")
    return "\n".join([*parts, "</section>"])


def _property(result):
    kind, sign, word = ("yes", YES, "holds") if result["passed"] else ("no", NO, "does not hold")
    worth = f"{result['points']} point{'' if result['points'] == 1 else 's'}"
    return f'<li><span class="{kind}">{sign} {word}</span>: {escape(result["name"])} ({worth})</li>'


def _hint(number, hint):
    """The first hint is there to be read, the plainer ones to be opened."""
    if number == 1:
        return f"<p><strong>Hint.</strong> {escape(hint)}</p>"
    return f"<details><summary>A plainer hint ({number})</summary>\n<p>{escape(hint)}</p></details>"


def _title(lab, name):
    tasks = exercises.get(lab).EXERCISES if lab in exercises.labs() else ()
    return next((task.title for task in tasks if task.name == name), "")
