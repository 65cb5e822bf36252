"""What the grader's pages share: a head that allows no script, colours for light and dark, safe text."""

from html import escape

from labkit.grading.grades import bounded, printable

HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1f1f1f; --paper: #fff; --soft: #f2f2f2; --line: #767676;
  --yes: #00704f; --no: #a84300; --link: #0b57a4; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #eee; --paper: #1b1b1b; --soft: #2b2b2b;
  --line: #999; --yes: #4fd1a5; --no: #ff9d5c; --link: #8fc1ff; }} }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 1.5rem auto; padding: 0 1rem;
  color: var(--ink); background: var(--paper); overflow-wrap: anywhere; }}
h1 {{ font-size: 1.5rem; line-height: 1.25; }} h2 {{ font-size: 1.2rem; margin-bottom: .25rem; }}
.yes {{ color: var(--yes); }} .no {{ color: var(--no); }} a {{ color: var(--link); }}
pre {{ white-space: pre-wrap; background: var(--soft); padding: .5rem .75rem; font-size: .9rem; }}
summary {{ cursor: pointer; padding: .25rem 0; }}
:focus-visible {{ outline: 3px solid var(--link); outline-offset: 2px; }}
{style}</style></head>
<body><main>
"""
NAME = 1000  # characters of a name that a page shows


def head(title, style=""):
    """The page up to its content, from <!doctype> to <main>.  title: a text as it stands."""
    return HEAD.format(title=shown(title), style=style)


def shown(text, most=4000):
    """A text of anybody's in one line, safe in HTML."""
    return escape(bounded(printable(text), most))


def shown_lines(text, most=4000):
    """The same with its lines; what a page may not hold (escape codes and the like) is seen as U+FFFD."""
    return escape(bounded(printable(text, lines=True, mark="\ufffd"), most))


def name(text):
    """A student's name, whichever way it is written."""
    return f"<bdi>{shown(text, NAME).strip() or '(no name)'}</bdi>"


def counted(number, thing):
    """1 point, 2 points."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
