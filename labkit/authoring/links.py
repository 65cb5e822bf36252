"""`labkit links OWNER/REPO`: says where the course is published, and makes every badge and link anew."""

import re

from labkit.authoring.build import build, generated
from labkit.authoring.project import ADDRESS_FILE, Project
from labkit.authoring.stamps import move_links
from labkit.files.safe_files import write_text
from labkit.messages import LabkitError
from labkit.messages.named import read_text

_REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")

BY_HAND = ("README.md", "pyproject.toml")  # files whose prose links to the course: clone lines, project URLs


def add_links_arguments(parser):
    """Declare the arguments of `labkit links` on an argparse parser."""
    parser.add_argument("repository", metavar="OWNER/REPO", help="where the course is published on GitHub")
    parser.add_argument("--force", action="store_true", help="replace notebooks even if they hold work")


def run_links(args, project=None):
    """The command; returns its exit status."""
    project = project or Project.here()
    written, refused = restamp(project, args.repository, force=args.force)
    for path in written:
        print(f"wrote {path}")
    for path, reason in refused:
        print(f"kept {path} with its old address: {reason}. Save it under another name, or add --force.")
    return 1 if refused else 0


def restamp(project, repository, force=False):
    """Change the course's address and rebuild. Returns (files written, notebooks kept), as `build` does.

    Raises LabkitError, before anything is written, when `repository` isn't OWNER/REPO or a source is faulty.
    """
    repository = check_repository(repository)
    generated(project)  # faults in the sources show here, while everything is as it was
    before = project.address().repository
    project.set_repository(repository)
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
    return text
