"""`labkit build`: writes the notebooks and the README's tables of labs from the sources."""

from labkit.authoring.complete import missing
from labkit.authoring.notebook import solution_notebook, student_notebook, to_text
from labkit.authoring.overview import overview
from labkit.authoring.package import Package
from labkit.authoring.project import Project
from labkit.authoring.protect import work_in
from labkit.authoring.reference import (
    code_stamp,
    key_figures,
    measure_texts,
    read_stamp,
    read_texts,
    write_texts,
)
from labkit.authoring.stamps import stamp_readme
from labkit.files.safe_files import write_text
from labkit.messages import LabkitError
from labkit.messages.named import read_text
from labkit.models.loading import load


def add_build_arguments(parser):
    """Declare the options of `labkit build` on an argparse parser."""
    parser.add_argument(
        "--lab",
        action="append",
        metavar="NN",
        help="this lab alone, and its references tried on their own cases; may be repeated",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 naming each stale file")
    parser.add_argument(
        "--reference",
        action="store_true",
        help="first run the solution notebooks whose code has changed, and renew their key figures' texts",
    )
    parser.add_argument(
        "--all", action="store_true", help="with --reference: run every lab, after a change of labkit itself"
    )
    parser.add_argument("--force", action="store_true", help="replace notebooks even if they hold work")


def run_build(args, project=None):
    """The command; returns its exit status. project: None for the checkout that one is in."""
    project = project or Project.here()
    numbers = sorted({number.zfill(2) for number in args.lab}) if args.lab else None
    if args.check:
        stale = stale_files(project, numbers)
        for line in stale:
            print(line)
        print(f"{len(stale)} to rebuild: run labkit build" if stale else "All generated files are current.")
        return 1 if stale else 0
    if numbers:
        try_references(project, numbers)
    if args.reference:
        renew_references(project, numbers, everything=args.all or bool(numbers))
    written, refused = build(project, args.force, numbers)
    for path in written:
        print(f"wrote {path}")
    for path, reason in refused:
        print(
            f"kept {path}: {reason}, so this may be somebody's work. Save it under another name, or run "
            "labkit build --force to replace it."
        )
    if not written and not refused:
        print("Everything is current.")
    return 1 if refused else 0


def read_labs(project, numbers=None):
    """The labs, read and validated. Raises LabkitError naming each fault of all of them."""
    labs, faults = [], []
    for number in numbers or ():
        project.slug(number)  # a number that no lab has is said before anything else
    faults = missing(project, numbers)
    for slug in project.slugs():
        if numbers is None or slug[:2] in numbers:
            try:
                labs.append(project.lab(slug))
            except LabkitError as error:
                faults.append(str(error))
    if faults:
        raise LabkitError("\n".join(faults))
    return labs


def try_references(project, numbers):
    """Call each reference on its own cases. Raises LabkitError naming those that fail, with their place."""
    faults = []
    for lab in read_labs(project, numbers):
        faults += Package(project.root, lab.number).trial_problems(lab.module)
    if faults:
        raise LabkitError("\n".join(faults))


def generated(project, numbers=None):
    """Every generated file: path -> text. Raises LabkitError naming each fault in the sources.

    numbers: of the labs that are wanted; None for all.
    """
    address, labs, texts, faults = project.address(), read_labs(project, numbers), {}, []
    for lab in labs:
        try:
            texts[lab.slug] = _texts(lab, project)
        except LabkitError as error:
            faults.append(str(error))
    if faults:
        raise LabkitError("\n".join(faults))
    files = {}
    for lab in labs:
        files[project.student_path(lab.slug)] = to_text(student_notebook(lab, address))
        solution = solution_notebook(lab, address, texts[lab.slug], project.passing)
        files[project.solution_path(lab.slug)] = to_text(solution)
    modules = _modules(project, numbers)
    if modules and project.readme_path.is_file():
        readme = read_text(project.readme_path)
        files[project.readme_path] = stamp_readme(readme, address, modules)
    return files


def build(project, force=False, numbers=None):
    """Write what is not current. Returns (paths written, [(path kept, why)]), relative to the root.

    A student notebook that may hold work is kept unless `force`; the others are still written.
    numbers: of the labs that are wanted; None for all.
    """
    written, refused = [], []
    students = {project.student_path(slug) for slug in project.slugs()}
    for path, text in generated(project, numbers).items():
        shown, now = path.relative_to(project.root).as_posix(), _read(path)
        if now == text:
            continue
        reason = work_in(now) if path in students and now is not None else ""
        if reason and not force:
            refused.append((shown, reason))
            continue
        write_text(path, text, newline="\n")
        written.append(shown)
    return written, refused


def stale_files(project, numbers=None):
    """A line for each generated file that is not what the sources give (of all labs, or of `numbers`).

    Solution notebooks are not committed: one that was never built isn't stale.
    """
    solutions = {project.solution_path(slug) for slug in project.slugs()}
    lines = []
    for path, text in generated(project, numbers).items():
        now = _read(path)
        if now == text or (now is None and path in solutions):
            continue
        shown = path.relative_to(project.root).as_posix()
        lines.append(f"{shown}: " + ("missing" if now is None else "not what its source gives"))
    return lines


def renew_references(project, numbers=None, everything=True):
    """Run solution notebooks and write the texts of their key figures for nbval to compare with.

    numbers: of the labs that are wanted. None for all: then the README's picture, which shows the models'
        answers too, is drawn anew.
    everything: False for those alone whose code, or whose key figures, are others than when they were run.
    """
    labs = read_labs(project, numbers)
    picture = project.root / "notebooks" / "images" / "overview.svg"
    if numbers is None and picture.exists():
        write_text(picture, overview(load("bert-mini"), load("gpt-mini")))
    for lab in labs:
        path, names = project.reference_path(lab.number), {cell.name for cell in key_figures(lab)}
        if not names:
            continue
        if not everything and read_stamp(path) == code_stamp(lab.cells) and set(read_texts(path)) == names:
            print(f"{lab.slug}: not run, its code is as it was (--all or --lab {lab.number} runs it)")
            continue
        print(f"running {lab.slug} ...", flush=True)
        write_texts(path, measure_texts(lab, project), code_stamp(lab.cells))


def _modules(project, numbers):
    """The packages of all labs, for the README; none when another lab than those wanted is broken."""
    try:
        return [project.module(number) for number in project.numbers()]
    except LabkitError:
        if numbers is None:
            raise
        return []


def _texts(lab, project):
    """The committed texts of a lab's key figures; raises LabkitError when they are not one for each."""
    path = project.reference_path(lab.number)
    texts, names = read_texts(path), {cell.name for cell in key_figures(lab)}
    if set(texts) != names:
        differing = ", ".join(sorted(set(texts) ^ names))
        raise LabkitError(
            f"{path.relative_to(project.root).as_posix()}: expected one text for each key figure of "
            f"{lab.slug}; these are in only one of the two: {differing}. Run labkit build --reference "
            f"--lab {lab.number}."
        )
    return texts


def _read(path):
    return read_text(path) if path.is_file() else None
