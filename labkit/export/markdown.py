"""Prose as HTML: as JupyterLab shows it, but with formulas in MathML, which browsers draw by themselves."""

import html
import re

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

_DELIMITED = re.compile(r"\$\$(.*)\$\$|\$(.*)\$|\\\[(.*)\\\]|\\\((.*)\\\)", re.DOTALL)


class Prose:
    """Turns the Markdown of one notebook into HTML, and collects its headings.

    folder: where pictures named in the prose lie. headings: [(level, id, HTML), ...], in order.
    """

    def __init__(self, folder):
        self.folder = str(folder)
        self.headings = []

    def html(self, source, attachments=None):
        """HTML of one cell. attachments: the cell's pictures, as the notebook file has them."""
        renderer = _Renderer(
            self.headings, escape=False, embed_images=True, path=self.folder, attachments=attachments or {}
        )
        return MarkdownWithMath(renderer=renderer).render(source)


class _Renderer(IPythonRenderer):
    def __init__(self, headings, **options):
        super().__init__(**options)
        self.headings = headings

    def heading(self, text, level, **_):
        words = re.sub(r"<[^>]*>", "", text)
        name = re.sub(r"\W+", "-", html.unescape(words).lower()).strip("-") or "section"
        taken = {known for _, known, _ in self.headings}
        name = next(k for k in (name, *(f"{name}-{n}" for n in range(2, len(taken) + 3))) if k not in taken)
        self.headings.append((level, name, words))
        return f'<h{level} id="{name}">{text}</h{level}>\n'

    def inline_math(self, body):
        return formula(body)

    def block_math(self, body):
        return formula(body, "block")

    def latex_environment(self, name, body):
        return formula(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")


def formula(tex, display="inline"):
    """TeX as MathML; what can't be understood stays as it was written."""
    from latex2mathml.converter import convert

    try:
        return convert(tex, display=display)
    except Exception:  # a formula is a student's own text: whatever is wrong with it, the page goes on
        return f"<code>{html.escape(tex)}</code>"


def latex_output(text):
    r"""An output of the kind text/latex: a formula between $, $$, \[ or \(, or a bare environment."""
    found = _DELIMITED.fullmatch(text.strip())
    if not found:
        return formula(text.strip(), "block")
    inside = next(part for part in found.groups() if part is not None)
    return formula(inside, "inline" if text.strip().startswith((r"\(",)) else "block")
