"""class.html: the class for its instructor, in numbers that open: behind each stand the students' names.

A page of HTML and CSS alone: no script, no network. Each bar has its number and its words beside it.
"""

from collections import Counter
from urllib.parse import quote

from labkit import exercises
from labkit.grading.feedback import feedback_file
from labkit.grading.tally import tally
from labkit.grading.web import counted, head, name, shown

STYLE = """body { max-width: 60rem; } h3 { margin: 2rem 0 .25rem; }
h4 { margin: .75rem 0 0; font-size: 1rem; }
section { border-top: 1px solid var(--line); margin-top: 2rem; }
.bar { display: block; width: 100%; height: 1.75rem; margin: .5rem 0; background: var(--soft); }
.bar text { font: 13px system-ui, sans-serif; }
.row > summary { display: grid; grid-template-columns: 1rem minmax(8rem, 24rem) 1fr; gap: 0 .6rem;
  align-items: start; list-style: none; border-radius: 4px; }
.row > summary::-webkit-details-marker { display: none; }
.row > summary::before { content: "\\25B8"; content: "\\25B8" / ""; }
.row[open] > summary::before { content: "\\25BE"; content: "\\25BE" / ""; }
.row > summary:hover { background: var(--soft); }
.row svg { width: 100%; height: 1.1rem; display: block; margin-top: .2rem; }
.row > :not(summary) { margin-left: 1.6rem; }
.names { columns: 15rem; margin: .25rem 0 .75rem; padding-left: 1.2rem; } .names li { break-inside: avoid; }
.none { padding-left: 1.6rem; margin: .25rem 0; } nav ul { columns: 18rem; padding-left: 1.2rem; }
.track { fill: var(--soft); } .plain { fill: var(--link); } .frame { stroke: var(--line); }
.defs { position: absolute; width: 0; height: 0; }
@media (max-width: 32rem) { .row > summary { grid-template-columns: 1rem 1fr; }
  .row > summary svg { grid-column: 2; } }
"""
BINS = 10  # bars of a lab's points, at most
WIDE = 3  # per cent of a bar that its number takes, for each digit


def class_page(grades, groups=()):
    """The page as HTML text.  groups: the answers that are alike, from `alike`."""
    from labkit.plotting.classroom import pattern_defs

    tallies = tally(grades)
    labs = sorted({one.lab for one in tallies})
    lost = [grade for grade in grades if grade.lab not in labs]
    parts = [
        head("The class, exercise by exercise", STYLE),
        f'<svg class="defs" aria-hidden="true">{pattern_defs()}</svg>',
        "<h1>The class, exercise by exercise</h1>",
        "<p>Every line with a triangle opens, and shows whose names stand behind its number; in the lists by "
        "outcome a name leads to that student\u2019s feedback page.</p>",
        _contents(tallies, groups, lost),
    ]
    for lab in labs:
        mine = [grade for grade in grades if grade.lab == lab]
        parts += [f'<section aria-labelledby="lab-{lab}">', *_lab(lab, mine)]
        parts += [_exercise(one) for one in tallies if one.lab == lab]
        parts.append("</section>")
    parts += [_lost(lost), _alike(groups), _footer(grades), "</main></body></html>\n"]
    return "\n".join(part for part in parts if part)


def _contents(tallies, groups, lost):
    items = []
    for one in tallies:
        share = f"{one.outcomes['passed']} of {one.students} passed"
        items.append(f'<li><a href="#{_anchor(one)}">{shown(_name(one))}</a>: {share}</li>')
    if lost:
        items.append(f'<li><a href="#lost">Of no lab</a>: {len(lost)}</li>')
    if groups:
        items.append(f'<li><a href="#alike">Answers that are alike</a>: {len(groups)}</li>')
    return '<nav aria-label="Exercises"><ul>' + "".join(items) + "</ul></nav>"


def _lab(lab, grades):
    """A lab's heading, its points from the lowest to the highest, and why some have none."""
    title = f": {exercises.get(lab).TITLE}" if lab in exercises.labs() else ""
    points = sorted(grade.points for grade in grades)
    most = max(grade.max_points for grade in grades)
    mean = sum(points) / len(points)
    yield f'<h2 id="lab-{lab}">Lab {shown(lab)}{shown(title)}</h2>'
    yield (
        f"<p>{counted(len(grades), 'student')}; points from {points[0]:g} to {points[-1]:g} of {most:g}, "
        f"{mean:.1f} on average, half have {points[len(points) // 2]:g} or more.</p>"
    )
    yield "<h3>Points</h3>"
    bins = _bins(grades, most)
    tallest = max(len(some) for _, some in bins)
    for label, some in bins:
        yield _row(label, some, tallest)
    reasons = {}
    for grade in grades:
        if grade.problem:
            reasons.setdefault(grade.problem, []).append(grade)
    if reasons:
        yield "<h3>Nothing to grade</h3>"
        for reason in sorted(reasons, key=lambda reason: (-len(reasons[reason]), reason)):
            yield _row(shown(reason, 500).rstrip(".:"), reasons[reason], len(grades))


def _bins(grades, most):
    """[(label, grades)] over the points of a lab from 0 up, none left out."""
    top = int(max([most, *(grade.points for grade in grades)]))
    width = -(-(top + 1) // BINS)
    found = []
    for low in range(0, top + 1, width):
        high = min(low + width - 1, top)
        label = counted(low, "point") if low == high else f"{low} to {high} points"
        found.append((label, [grade for grade in grades if low <= grade.points < low + width]))
    return found


def _exercise(one):
    """One exercise: the whole class as a bar, then a line for each outcome, property and known mistake."""
    from labkit.plotting.classroom import OUTCOMES

    task = _task(one)
    title = f"{task.title} " if task else ""
    parts = [f'<h3 id="{_anchor(one)}">{shown(title)}<code>{shown(one.exercise)}</code></h3>', _bar(one)]
    parts += [
        _row(outcome, one.who[outcome], one.students, outcome, links=True)
        for outcome in OUTCOMES
        if outcome in one.who
    ]
    parts.append("<h4>What holds</h4>")
    everybody = [grade for some in one.who.values() for grade in some]
    names = [prop.name for prop in task.properties] if task else []
    for prop in [*names, *(known for known in one.held if known not in names)]:
        parts.append(_property(shown(prop), one.held.get(prop, []), everybody))
    if one.erred:
        parts.append("<h4>Known mistakes</h4>")
        frequent = sorted(one.erred.items(), key=lambda item: (-len(item[1]), item[0]))
        parts += [_row(shown(mistake), some, one.students) for mistake, some in frequent]
    return "\n".join(parts)


def _bar(one):
    """The class as one bar, in parts by outcome; in words for who does not see it."""
    from labkit.plotting.classroom import HALO, OUTCOMES, pattern_fill

    counts = [(outcome, one.outcomes[outcome]) for outcome in OUTCOMES if one.outcomes[outcome]]
    words = f"{_name(one)}: {one.outcomes['passed']} of {one.students} passed"
    if rest := ", ".join(f"{outcome} {n}" for outcome, n in counts if outcome != "passed"):
        words += f"; {rest}"
    parts, at = [], 0.0
    for outcome, n in counts:
        width = 100 * n / one.students
        box = f'x="{at:.3f}%" width="{width:.3f}%" height="100%"'
        parts.append(f'<rect {box} fill="{pattern_fill(outcome)}" class="frame"/>')
        if width > WIDE * len(str(n)):
            middle = f'x="{at + width / 2:.3f}%" y="65%" text-anchor="middle" fill="#1f1f1f"'
            parts.append(f"<text {middle} {HALO}>{n}</text>")
        at += width
    return f'<svg class="bar" role="img" aria-label="{shown(words)}">{"".join(parts)}</svg>'


def _row(label, grades, of, outcome="", links=False):
    """A line with a label (safe HTML), a number of students and its bar; behind it their names.

    of: students that the whole bar stands for. links: to their feedback pages.
    """
    number = f"{label}: <strong>{counted(len(grades), 'student')}</strong>"
    if not grades:
        return f'<p class="none">{number}</p>'
    return _opening(number, _share(len(grades), of, outcome), _names(grades, links))


def _property(label, having, everybody):
    """The same for a property: who has it, and who has not."""
    number = f"{label}: <strong>{len(having)} of {len(everybody)} have it</strong>"
    known = {id(grade) for grade in having}
    others = [grade for grade in everybody if id(grade) not in known]
    lists = [
        f"<p>{word}: {len(some)}</p>{_names(some)}"
        for word, some in (("Have it", having), ("Do not", others))
        if some
    ]
    return _opening(number, _share(len(having), len(everybody)), "".join(lists))


def _opening(words, drawing, lists):
    summary = f"<summary><span>{words}</span>{drawing}</summary>"
    return f'<details class="row">{summary}<div>{lists}</div></details>'


def _share(number, of, outcome=""):
    """A bar of its own for a number, with the outcome's pattern."""
    from labkit.plotting.classroom import pattern_fill

    width = f'width="{100 * number / of if of else 0:.3f}%" height="100%"'
    fill = f'fill="{pattern_fill(outcome)}"' if outcome else 'class="plain"'
    track = '<rect class="track" width="100%" height="100%"/>'
    return f'<svg aria-hidden="true">{track}<rect {width} {fill}/></svg>'


def _names(grades, links=False):
    """The students' names as a list; where two read the same, with id or e-mail."""
    ordered = sorted(grades, key=lambda grade: (grade.student.casefold(), grade.student))
    same = Counter(name(grade.student) for grade in ordered)
    items = []
    for grade in ordered:
        text = name(grade.student)
        if same[text] > 1 and (grade.id or grade.email):
            text += f" ({shown(grade.id or grade.email, 100)})"
        if links:
            text = f'<a href="feedback/{quote(feedback_file(grade))}">{text}</a>'
        items.append(f"<li>{text}</li>")
    return f'<ul class="names">{"".join(items)}</ul>'


def _lost(grades):
    if not grades:
        return ""
    items = [f"<li>{name(grade.student)}: {shown(grade.problem, 500)}</li>" for grade in grades]
    return (
        '<section aria-labelledby="lost"><h2 id="lost">Of no lab</h2>'
        f"<p>Files that could not be read, or of which the lab cannot be told.</p><ul>{''.join(items)}</ul>"
        "</section>"
    )


def _alike(groups):
    if not groups:
        return ""
    parts = [
        '<section aria-labelledby="alike"><h2 id="alike">Answers that are alike</h2>',
        "<p>These answers are the same but for names, layout, comments and docstrings. That is a hint to "
        "look, and no verdict: work done together, an example of the lecture and chance lead to it, too, "
        "the sooner the shorter the answer and the larger the group. Students do not see this.</p>",
    ]
    for group in groups:
        label = f"Lab {shown(group.lab)}, <code>{shown(group.exercise)}</code>"
        names = "".join(f"<li>{name(student)}</li>" for student in group.students)
        words = f"{counted(len(group.students), 'student')}, {group.size} parts of the syntax tree alike"
        parts.append(f"<details><summary>{label}: <strong>{words}</strong></summary>")
        parts.append(f'<ul class="names">{names}</ul></details>')
    return "\n".join([*parts, "</section>"])


def _footer(grades):
    """When, with which seed and version: all that occur, as kept results may be older."""
    dates = sorted({grade.date for grade in grades if grade.date})
    made = Counter((grade.seed, grade.version) for grade in grades if grade.version)
    parts = [f"Graded on {shown(dates[0])}."] if len(dates) == 1 else []
    if len(dates) > 1:
        parts = [f"Graded from {shown(dates[0])} to {shown(dates[-1])}."]
    for (seed, version), n in made.most_common(3):
        results = f" ({counted(n, 'result')})" if len(made) > 1 else ""
        parts.append(f"Seed {seed}, version {shown(version, 80)}{results}.")
    return f"<footer><p>{' '.join(parts)}</p></footer>" if parts else ""


def _task(one):
    tasks = exercises.get(one.lab).EXERCISES if one.lab in exercises.labs() else ()
    return next((task for task in tasks if task.name == one.exercise), None)


def _name(one):
    return f"{one.lab} {one.exercise}"


def _anchor(one):
    return f"lab-{one.lab}-{one.exercise}"
