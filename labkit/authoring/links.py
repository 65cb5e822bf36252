"""`labkit links OWNER/REPO`: says where the course is published, and makes every badge and link anew."""

import re

from packaging.version import InvalidVersion, Version

from labkit import __version__
from labkit.authoring.build import build, generated
from labkit.authoring.project import ADDRESS_FILE, NOWHERE, Project
from labkit.authoring.stamps import move_links
from labkit.files.safe_files import write_text
from labkit.messages import LabkitError
from labkit.messages.named import read_text

_REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_TAG = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_HUB = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:/[A-Za-z0-9._~/-]*)?")

BY_HAND = ("README.md", "pyproject.toml")  # files whose prose links to the course: clone lines, project URLs


def add_links_arguments(parser):
    """Declare the arguments of `labkit links` on an argparse parser."""
    parser.add_argument("repository", metavar="OWNER/REPO", help="where the course is published on GitHub")
    parser.add_argument(
        "--tag",
        default="",
        metavar="TAG",
        help="the release that notebooks install and badges open, such as "
        f"v{__version__}; without it, whatever is newest",
    )
    parser.add_argument(
        "--hub", default="", metavar="ADDRESS", help="your JupyterHub that has nbgitpuller: https://..."
    )
    parser.add_argument("--force", action="store_true", help="replace notebooks even if they hold work")


def run_links(args, project=None):
    """The command; returns its exit status."""
    project = project or Project.here()
    written, refused = restamp(project, args.repository, args.tag, args.hub, force=args.force)
    for path in written:
        print(f"wrote {path}")
    for path, reason in refused:
        print(f"kept {path} with its old address: {reason}. Save it under another name, or add --force.")
    if args.tag:
        print(f"Commit this, then: git tag {args.tag} && git push origin HEAD {args.tag}")
        print("Until the tag is on GitHub, the links and the notebooks' first cells lead nowhere.")
    else:
        print(f"The notebooks install what is newest on GitHub. For a term: --tag v{__version__}")
    return 1 if refused else 0


def restamp(project, repository, tag="", hub="", force=False):
    """Change the course's address and rebuild. Returns (files written, notebooks kept), as `build` does.

    Raises LabkitError, before anything is written, when `repository` isn't OWNER/REPO, the tag or the hub's
    address is none, or a source is faulty.
    """
    repository, tag, hub = check_repository(repository), check_tag(tag), check_hub(hub)
    generated(project)  # faults in the sources show here, while everything is as it was
    before = project.address().repository
    project.set_address(repository, tag, hub)
    moved = []
    for path in (project.root / name for name in BY_HAND):
        text = read_text(path) if path.is_file() else ""
        changed = move_links(text, before, repository)
        if changed != text:
            write_text(path, changed)
            moved.append(path.name)
    written, refused = build(project, force=force)
    return sorted({ADDRESS_FILE, *moved, *written}), refused


def check_repository(text):
    """`text` if it is OWNER/REPO as GitHub spells them; raises LabkitError otherwise."""
    if not _REPOSITORY.fullmatch(text):
        raise LabkitError(
            f"{text!r} is not a repository on GitHub: expected OWNER/REPO, as in ada/bert-labs "
            "(no https://, no .git, no branch)."
        )
    if text.endswith(".git"):
        raise LabkitError(f"{text!r}: leave out the .git at the end.")
    if text == NOWHERE:
        raise LabkitError(f"Write your own account and repository in place of {text}, as in ada/bert-labs.")
    return text


def check_tag(text, version=__version__):
    """`text` if it can be the tag of this release, or is "". Raises LabkitError otherwise."""
    if text and (not _TAG.fullmatch(text) or ".." in text or text.endswith(".lock")):
        raise LabkitError(
            f"{text!r} can't be the tag of a release: expected letters, digits, . _ and -, as in v{version}."
        )
    try:
        named = Version(text)
    except InvalidVersion:
        return text  # a name of another kind, such as autumn-2026
    if named != Version(version):
        raise LabkitError(
            f"{text} is not the tag of this release, which is labkit {version}: take v{version}, or first "
            "change the version in pyproject.toml, labkit/__init__.py and CITATION.cff."
        )
    return text


def check_hub(text):
    """A JupyterHub's address without what it may end with, or "". Raises LabkitError where it is none."""
    if text and not _HUB.fullmatch(text):
        raise LabkitError(f"{text!r} is no address of a JupyterHub: expected https:// and its name.")
    return re.sub(r"(/hub)?(/home|/login)?/*$", "", text)
