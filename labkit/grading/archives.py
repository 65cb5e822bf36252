"""Zip files, only read: what is in them, under names as the world writes them, and one member's bytes.

For the process that reads submissions (`reading`): how much a file unpacks to, and how long that takes, is
bounded there.
"""

import io
import stat
import unicodedata
import zipfile
import zlib
from pathlib import PurePosixPath

from labkit.grading.cells import LARGEST, Unreadable, too_large

MOST_MEMBERS = 20_000
ENCODINGS = ("utf-8", "gb18030", "cp1252", "cp437")
UTF8_FLAG, UNICODE_NAME = 0x800, 0x7075  # of a member; of Info-ZIP's extra field that holds the name again
LINK = "It is a link to another file; links are not read."


def members(file, known_names=()):
    """[[name, size in bytes unpacked, why it is not read or ""]] for each member but folders, in order.

    known_names: of people, to tell in which encoding an old program has written theirs.
    Raises Unreadable.
    """
    with _opened(file) as archive:
        listed = archive.infolist()
        if len(listed) > MOST_MEMBERS:
            raise Unreadable(f"The zip file holds {len(listed)} files; at most {MOST_MEMBERS} are read.")
        names = _names(listed, known_names)
        return [
            [name, member.file_size, "" if name.endswith("/") else _problem(member, name)]
            for member, name in zip(listed, names, strict=True)
        ]


def content(file, place):
    """The bytes of the member at this place of `members`. Raises Unreadable."""
    with _opened(file) as archive:
        member = archive.infolist()[place]
        if problem := _problem(member, member.filename):
            raise Unreadable(problem)
        try:
            with archive.open(member) as unpacked:
                data = unpacked.read(LARGEST + 1)
        except MemoryError:
            raise
        except Exception as error:  # zlib.error and lzma.LZMAError have no common parent
            raise Unreadable(
                f"It can't be read from the zip file: {error or type(error).__name__}."
            ) from None
    if len(data) > LARGEST:
        raise Unreadable("It is larger than it says.")
    return data


def inner(file, path):
    """The archive, as a file, that is reached through these places of archives within archives."""
    for place in path:
        file = io.BytesIO(content(file, place))
    return file


def _opened(file):
    try:
        return zipfile.ZipFile(file)
    except MemoryError:
        raise
    except Exception as error:
        raise Unreadable(f"The zip file is damaged: {error or type(error).__name__}.") from None


def _problem(member, name):
    if stat.S_ISLNK(member.external_attr >> 16):
        return LINK
    if ".." in PurePosixPath(name).parts or name.startswith("/"):
        return "Its name leads out of the zip file; it was not read."
    if member.flag_bits & 1:
        return "It is encrypted; it was not read."
    return too_large(member.file_size) if member.file_size > LARGEST else ""


def _names(listed, known_names):
    """The members' names as text, NUL and backslashes made harmless."""
    raw = [None if _own_name(m) else m.orig_filename.encode("cp437", "replace") for m in listed]
    old = [name for name in raw if name is not None and not name.isascii()]
    encoding = _encoding(old, known_names) if old else "cp437"
    found = []
    for member, name in zip(listed, raw, strict=True):
        text = _own_name(member) if name is None else name.decode(encoding, "replace")
        found.append(text.replace("\\", "/").replace("\0", "\ufffd"))  # as some Windows programs write it
    return found


def _own_name(member):
    """The name of a member that says in which encoding it is, or ""."""
    if member.flag_bits & UTF8_FLAG:
        return member.orig_filename or "\ufffd"
    extra = member.extra
    while len(extra) >= 4:
        kind, size = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == UNICODE_NAME and len(field) > 5:
            before = member.orig_filename.encode("cp437", "replace")
            if int.from_bytes(field[1:5], "little") == zlib.crc32(before):
                return field[5:].decode("utf-8", "replace")
    return ""


def _encoding(names, known_names):
    """The encoding in which names of one archive look most like names: all were written by one program."""
    known = [_plain(name) for name in known_names if not name.isascii()]

    def likeness(encoding):
        try:
            texts = [name.decode(encoding) for name in names]
        except UnicodeDecodeError:
            return (-1, 0.0)
        together = _plain("\n".join(texts))
        return (sum(name in together for name in known), sum(map(_looks, texts)) / len(texts))

    return max(ENCODINGS, key=likeness)  # of equal ones the first


def _plain(text):
    return unicodedata.normalize("NFC", text).casefold()


def _looks(text):
    """How much a name's letters beyond ASCII look like a name's, from 0 to 1."""
    strange = [sign for sign in unicodedata.normalize("NFC", text) if not sign.isascii()]
    scores = {"LATIN": 1.0, "CJK": 0.9, "HIRAGANA": 0.9, "KATAKANA": 0.8, "HANGUL": 0.9, "CYRILLIC": 0.9}
    scores |= {"GREEK": 0.6, "ARABIC": 0.9, "HEBREW": 0.9, "THAI": 0.9, "DEVANAGARI": 0.9}
    found = 0.0
    for sign in strange:
        script = unicodedata.name(sign, "?").split()[0]
        if unicodedata.category(sign)[0] in "LM":
            found += scores.get(script, 0.5)
    # A single character of another script among Latin letters is two Latin letters misread.
    lonely = len(strange) == 1 and not unicodedata.name(strange[0], "?").startswith("LATIN")
    return found / len(strange) / (2 if lonely else 1) if strange else 0.0
