"""Takes out of a piece of HTML whatever would ask another machine for something."""

import re

from bs4 import BeautifulSoup

_ELSEWHERE = re.compile(r"\s*(https?:)?//", re.IGNORECASE)
_SUSPECT = re.compile(
    r"""(src|srcset|data|href|poster)\s*=\s*["']?\s*(https?:)?//|@import|url\(""", re.IGNORECASE
)
_ASKING = ("src", "srcset", "data", "poster")
# Links are for the reader to follow; these elements fetch by themselves.
_LINKS = ("a", "area")


def offline(html):
    """The same HTML without what it would fetch; a picture becomes its words, a frame a link."""
    if not _SUSPECT.search(html):
        return html
    soup = BeautifulSoup(html, "html.parser")
    for element in soup.find_all(True):
        if element.name in _LINKS or element.decomposed:
            continue
        address = next(filter(None, map(element.get, (*_ASKING, "href"))), "")
        if not _ELSEWHERE.match(address):
            continue
        words = element.get("alt") or element.get("title")
        if element.name in ("script", "link", "source", "use", "image") or (
            element.name == "img" and words == ""
        ):
            element.decompose()
        else:
            link = soup.new_tag("a", href=address)
            link.string = words or address
            element.replace_with(link)
    return str(soup)
