"""Reads one file that was handed in, in a process of its own with limits on memory and time.

A file is somebody's bytes: it may unpack to gigabytes, nest a million brackets, or take for ever to parse.
Whatever goes wrong here, the process ends, and the one submission has a reason instead of a grade.
"""

import io
import os
import platform
from dataclasses import replace

from labkit.grading import archives, isolation
from labkit.grading.cells import LARGEST, Unreadable, too_large
from labkit.grading.submissions import WrongLab, read_submissions

LIMITS = isolation.Limits(memory=1536 * 1024**2, seconds=20, file_size=1024**2, scratch=1)
TOO_MUCH = "Reading it takes more {what} than a notebook ever does; it was not graded."


def serve(request, channel, file):
    """Serve one request about the open file `file` (a descriptor) and end.

    request: {"path": places of members, to an archive within archives; and "members": names of people}, for
        what is in an archive, or {"path": to a notebook, "labs": their facts, "wanted": numbers or null}.
    "seconds": of own time that it may take.
    Says {"ready": true}, and {"members": [...]}, {"submissions": [...]} or {"problem", "lab", "other_lab"}.
    """
    if platform.system() == "Linux":
        isolation.limit(replace(LIMITS, seconds=request["seconds"]))
    channel.send({"ready": True})
    try:
        channel.send(_answer(request, file))
    except Unreadable as error:
        said = {"problem": str(error), "lab": error.lab, "other_lab": isinstance(error, WrongLab)}
        channel.send(said)
    except MemoryError:
        channel.send({"problem": TOO_MUCH.format(what="memory"), "lab": None, "other_lab": False})
    except RecursionError:
        said = "It is nested more deeply than a notebook ever is; it was not graded."
        channel.send({"problem": said, "lab": None, "other_lab": False})
    except Exception as error:  # a fault of ours, which costs this one file
        said = f"The grader could not read it ({type(error).__name__}). Please tell your instructor."
        channel.send({"problem": said, "lab": None, "other_lab": False})


def _answer(request, descriptor):
    path = request["path"]
    with os.fdopen(descriptor, "rb") as file:
        if "members" in request:
            return {"members": archives.members(archives.inner(file, path), request["members"])}
        if path:
            data = archives.content(archives.inner(file, path[:-1]), path[-1])
        else:
            data = file.read(LARGEST + 1)
            if len(data) > LARGEST:
                size = file.seek(0, io.SEEK_END)
                raise Unreadable(too_large(size))
    found = read_submissions(data, request["labs"], request["wanted"])
    return {"submissions": [submission.plain for submission in found]}
