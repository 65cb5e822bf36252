"""Models of the Hugging Face hub: pinned commits, safetensors only, one message when something is missing.

Files go through `huggingface_hub` into the labkit cache, each checked against the hash that is pinned here
or that the hub announces. A download that breaks is taken up again at the file where it stopped.

File by file, and not with `snapshot_download`, which would save a dozen lines: into a scratch folder it
fetches whole files again after a break; into the folder itself it goes by a file's time and not by its bytes;
and it asks the hub for a list of files that we have already.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.files import paths, safe_files
from labkit.messages import LabkitError
from labkit.models import connection

_DATA_SET = "data set"
_COMMIT = "COMMIT"  # the file that notes which commit a data set's files are from
TIMEOUT = 5  # seconds to wait for the hub's first answer: offline must be noticed quickly


class OfflineError(LabkitError):
    """What was wanted can't be had for want of a network; says what still works."""


@dataclass(frozen=True)
class HubModel:
    """A hub repository at a pinned commit, and the sha256 of its weights."""

    repo: str
    revision: str
    sha256: str


# https://huggingface.co/<repo>/tree/<revision>: the head of each `main` when this was written
HUB = {
    "bert-base-uncased": HubModel(
        "google-bert/bert-base-uncased",
        "86b5e0934494bd15c9632b12f734a8a67f723594",
        "68d45e234eb4a928074dfd868cead0219ab85354cc53d20e772753c6bb9169d3",
    ),
    "gpt2": HubModel(
        "openai-community/gpt2",
        "607a30d783dfa663caf39e06633721c8d4cfcd7e",
        "248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707",
    ),
    "minilm": HubModel(
        "sentence-transformers/all-MiniLM-L6-v2",
        "1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
}


def hub_folder(repo: str, revision: str | None = None) -> Path:
    """Where a hub repository's files lie in the cache, fetched or not."""
    revision = revision or _pin(repo)[0]
    return paths.cache_dir() / "hub" / repo.replace("/", "--") / revision.replace("/", "--")


def fetch_hub(repo: str, revision: str | None = None, progress: bool = True) -> Path:
    """The folder with config, tokenizer and safetensors of the hub's `repo` ("owner/name").

    `revision` is a commit, tag or branch; None is the commit pinned in HUB, or else "main". What is in the
    cache is used without asking the hub again, a branch too: delete the folder to get its newest state.
    """
    if not re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", repo) or not re.fullmatch(r"\w[\w./-]*", revision or "main"):
        raise LabkitError(
            f"{repo!r} at revision {revision!r} can't be on the hub: expected owner/name and a revision."
        )
    folder = hub_folder(repo, revision)
    if _complete(folder):
        return folder
    pinned, sha256 = _pin(repo)
    revision = revision or pinned
    pinned_sha256 = sha256 if revision == pinned else None
    if folder_there := _shared_cache(repo, revision, pinned_sha256):
        return folder_there
    from huggingface_hub import HfApi

    where = f"{repo} (revision {revision})"
    with _hub_errors(where):
        info = HfApi().model_info(repo, revision=revision, files_metadata=True, timeout=TIMEOUT)
        files = [file for file in info.siblings if safe_files.MODEL_FILES.fullmatch(file.rfilename)]
    names = {file.rfilename for file in files}
    if "config.json" not in names:
        raise LabkitError(f"The hub's {repo} has no config.json, so it holds no transformers model.")
    if not any(name.endswith(".safetensors") for name in names):
        raise LabkitError(
            f"The hub's {repo} has no safetensors weights. labkit loads no others: a pickle can run any code."
        )
    for file in files:
        pin = pinned_sha256 if file.rfilename == "model.safetensors" else None
        if not _is_right(folder / file.rfilename, file, pin):
            _fetch_hub_file(repo, info.sha, file, pin, folder, progress, where)
    safe_files.write_checksums(folder)
    return folder


def fetch_dataset(repo: str, names: Sequence[str], revision: str = "main", progress: bool = True) -> Path:
    """The folder with the files `names` of the hub's data set `repo` ("owner/name").

    `revision` is a commit, tag or branch. A branch moves on; the first download notes where it stood (COMMIT)
    and each file's hash (SHA256SUMS), and from then on those bytes are used, without asking the hub. A file
    that is lost or damaged comes from the noted commit with the noted hash, or not at all. To have the branch
    as it is today, delete the folder.
    """
    folder = paths.cache_dir() / "hub" / "datasets" / repo.replace("/", "--") / revision.replace("/", "--")
    commit, known = _noted_commit(folder), safe_files.read_checksums(folder)
    if not commit:
        known = {}  # the first download was broken off
    if set(names) <= set(known) and not safe_files.wrong_files(folder, known):
        return folder
    from huggingface_hub import HfApi

    where = f"{_DATA_SET} {repo} (revision {commit or revision})"
    with _hub_errors(where):
        info = HfApi().dataset_info(repo, revision=commit or revision, files_metadata=True, timeout=TIMEOUT)
    files = {file.rfilename: file for file in info.siblings}
    if lacking := sorted(set(names) - set(files)):
        raise LabkitError(f"The hub's data set {repo} has no {', '.join(lacking)}; it has changed its form.")
    for name in dict.fromkeys([*known, *names]):
        pin = known.get(name)
        if not _is_right(folder / name, files[name], pin):
            _fetch_hub_file(repo, info.sha, files[name], pin, folder, progress, where, repo_type="dataset")
        known[name] = safe_files.file_sha256(folder / name)
    lines = [f"{sha256}  {name}\n" for name, sha256 in known.items()]
    safe_files.write_text(folder / safe_files.NAME, "".join(lines), newline="\n")
    safe_files.write_text(folder / _COMMIT, f"{info.sha}\n", newline="\n")  # last: all is there
    return folder


def _noted_commit(folder: Path) -> str | None:
    """The commit that a data set's folder was fetched from, or None."""
    try:
        text = (folder / _COMMIT).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return text if re.fullmatch(r"[0-9a-f]{40}", text) else None


def _pin(repo: str) -> tuple[str, str | None]:
    for model in HUB.values():
        if model.repo == repo:
            return model.revision, model.sha256
    return "main", None


def _complete(folder: Path) -> bool:
    """Whether a hub folder was fetched to the end (SHA256SUMS comes last) and still holds those bytes."""
    expected = safe_files.read_checksums(folder)
    return "config.json" in expected and not safe_files.wrong_files(folder, expected)


def _shared_cache(repo: str, revision: str, pin: str | None) -> Path | None:
    """The snapshot in huggingface_hub's own cache, where it lies there whole and right; else None.

    Other tools may have fetched the model already, and clusters fill that cache for nodes without a network.
    Its blobs are named by the sha256 that the hub announced.
    """
    from huggingface_hub import try_to_load_from_cache

    for name in (repo, repo.split("/")[1]) if pin else (repo,):  # a pinned model was once known without owner
        weights = try_to_load_from_cache(name, "model.safetensors", revision=revision)
        if not isinstance(weights, str):
            continue
        folder = Path(weights).parent
        vocabulary = any((folder / file).is_file() for file in ("tokenizer.json", "vocab.txt", "vocab.json"))
        if vocabulary and (folder / "config.json").is_file():
            if safe_files.file_sha256(weights) == (pin or Path(weights).resolve().name):
                return folder
    return None


def _fetch_hub_file(
    repo: str,
    commit: str,
    file: Any,
    pin: str | None,
    folder: Path,
    progress: bool,
    where: str,
    repo_type: str = "model",
) -> None:
    """One file, whole and right, or none: what was fetched before a break is not fetched again."""
    from huggingface_hub import hf_hub_download

    with safe_files.scratch_folder() as scratch:
        with _hub_errors(where), _hub_output(progress):
            # a cache_dir of its own: else huggingface_hub copies what is in the shared cache, damaged or not
            options = {
                "local_dir": scratch / "files",
                "cache_dir": scratch / "cache",
                "etag_timeout": TIMEOUT,
                "repo_type": repo_type,
            }
            got = Path(hf_hub_download(repo, file.rfilename, revision=commit, **options))
        if not _is_right(got, file, pin):
            raise LabkitError(
                f"{file.rfilename} of the hub's {where} arrived with other bytes than announced "
                "(its hash differs). It was deleted and not used. Try again, or from another network."
            )
        folder.mkdir(parents=True, exist_ok=True)
        os.replace(got, folder / file.rfilename)


def _is_right(path: Path, file: Any, pin: str | None = None) -> bool:
    """Whether `path` has the pinned hash, or else the listed one (LFS: sha256, others: git blob)."""
    if not path.is_file():
        return False
    announced = file.lfs.sha256 if file.lfs else None
    if pin or announced:
        return safe_files.file_sha256(path) == (pin or announced)
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest() == file.blob_id


@contextlib.contextmanager
def _hub_output(progress: bool) -> Iterator[None]:
    """huggingface_hub's bar if wanted, and none of its remarks about tries that failed: we say it once."""
    from huggingface_hub import utils

    bars = not utils.are_progress_bars_disabled()
    verbosity = utils.logging.get_verbosity()
    utils.logging.set_verbosity_error()
    if bars and not progress:
        utils.disable_progress_bars()
    try:
        yield
    finally:
        utils.logging.set_verbosity(verbosity)
        if bars and not progress:
            utils.enable_progress_bars()


@contextlib.contextmanager
def _hub_errors(where: str) -> Iterator[None]:
    """Turn what huggingface_hub raises into one message: what was wanted, why not, what works instead.

    An OSError of the disk's is let through.
    """
    from huggingface_hub import constants, errors

    what, instead = "model ", 'labkit.load("bert-mini") and labkit.load("gpt-mini") are bundled'
    if where.startswith(_DATA_SET):
        what, instead = "", "The course's own reviews, labkit.reviews.load(), are bundled"
    instead += " and need no network."
    if constants.HF_HUB_OFFLINE:
        raise OfflineError(
            f"Could not get {where} from the hub: HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set. {instead}"
        )
    connection.check_settings()
    _check_hub_settings(instead)
    try:
        yield
    except errors.GatedRepoError:
        raise LabkitError(
            f"The hub's {where} asks you to log in and accept its terms first. {instead}"
        ) from None
    except errors.RepositoryNotFoundError:
        raise LabkitError(
            f"The hub has no {what}{where}, or it is private. Check the spelling. {instead}"
        ) from None
    except errors.RevisionNotFoundError:
        raise LabkitError(
            f"The hub has {what}{where.split(' (')[0]}, but not this revision: {where}."
        ) from None
    except errors.RemoteEntryNotFoundError as error:
        missing = str(error.response.url).rsplit("/", 1)[-1]
        raise LabkitError(
            f"The hub lists {missing} for {where} but does not serve it. Try again later."
        ) from None
    except errors.LocalEntryNotFoundError as error:
        raise _no_hub(where, error.__cause__ or error, instead) from None
    except errors.HTTPError as error:
        raise _no_hub(where, error, instead) from None
    except (ValueError, errors.FileMetadataError):
        raise OfflineError(
            f"Could not get {where}: what answered is not the hub (a login page of your network?). {instead}"
        ) from None
    except OSError as error:
        if error.errno and not isinstance(error, ConnectionError):  # the disk, not the network
            raise
        raise _no_hub(where, error, instead) from None
    except RuntimeError as error:  # of hf_xet, which fetches large files and only quotes the system's errors
        quoted = re.search(r"\(os error (\d+)\)", str(error))
        if quoted and int(quoted[1]) in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            raise OSError(int(quoted[1]), os.strerror(int(quoted[1]))) from None
        raise _no_hub(where, error, instead) from None


def _check_hub_settings(instead: str) -> None:
    """Raises OfflineError where the hub's address or token can't be right. Asks nobody."""
    from huggingface_hub import constants, get_token

    if not re.fullmatch(r"https?://[^\s/][^\s]*", constants.ENDPOINT):
        raise OfflineError(
            f"HF_ENDPOINT is {constants.ENDPOINT!r}, and an address of the hub begins with https:// and the "
            f"name of a machine. Put it right, or remove it to have the hub itself. {instead}"
        )
    if not re.fullmatch(r"[!-~]*", get_token() or ""):
        raise OfflineError(
            "The token for the hub (HF_TOKEN, or the file that `hf auth login` wrote) holds characters that "
            f"no token has. Copy it again, or remove it: public models need none. {instead}"
        )


def _no_hub(where: str, error: Exception, instead: str) -> OfflineError:
    response = getattr(error, "response", None)
    if response is not None and response.status_code == 401:
        why = (
            "the hub does not know the token in HF_TOKEN (or in the file that `hf auth login` wrote); "
            "copy it again, or remove it: public models need none"
        )
    elif response is not None:
        why = f"the hub answered {response.status_code}"
    elif "Consistency check" in str(error) or "RemoteProtocol" in type(error).__name__:
        why = "the download broke off half-way; what is whole was kept, so run it again"
    else:
        why = connection.why_not(error)
    return OfflineError(f"Could not get {where} from the hub: {why}. {instead}")
