"""`labkit build`: writes the notebooks and the README's table of labs from the sources."""

from labkit.authoring.notebook import solution_notebook, student_notebook, to_text
from labkit.authoring.overview import overview
from labkit.authoring.project import Project
from labkit.authoring.protect import work_in
from labkit.authoring.reference import key_figures, measure_texts, read_texts, write_texts
from labkit.authoring.stamps import stamp_readme
from labkit.files.safe_files import write_text
from labkit.messages import LabkitError
from labkit.models.loading import load


def add_build_arguments(parser):
    """Declare the options of `labkit build` on an argparse parser."""
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 naming each stale file")
    parser.add_argument(
        "--reference", action="store_true", help="run the solution notebooks and renew the key figures' texts"
    )
    parser.add_argument("--force", action="store_true", help="replace notebooks even if they hold work")


def run_build(args, project=None):
    """The command; returns its exit status. project: None for the checkout that one is in."""
    project = project or Project.here()
    if args.check:
        stale = stale_files(project)
        for line in stale:
            print(line)
        print(f"{len(stale)} to rebuild: run labkit build" if stale else "All generated files are current.")
        return 1 if stale else 0
    if args.reference:
        renew_references(project)
    written, refused = build(project, force=args.force)
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


def generated(project):
    """Every generated file: path -> text. Raises LabkitError naming each fault in the sources."""
    address, labs, texts, faults = project.address(), [], {}, []
    for slug in project.slugs():
        try:
            lab = project.lab(slug)
            texts[slug] = _texts(lab, project)
            labs.append(lab)
        except LabkitError as error:
            faults.append(str(error))
    if faults:
        raise LabkitError("\n".join(faults))
    files = {}
    for lab in labs:
        files[project.student_path(lab.slug)] = to_text(student_notebook(lab, address))
        solution = solution_notebook(lab, address, texts[lab.slug], project.passing)
        files[project.solution_path(lab.slug)] = to_text(solution)
    if project.readme_path.is_file():
        readme = project.readme_path.read_text(encoding="utf-8")
        files[project.readme_path] = stamp_readme(readme, address, labs)
    return files


def build(project, force=False):
    """Write what is not current. Returns (paths written, [(path kept, why)]), relative to the root.

    A student notebook that may hold work is kept unless `force`; the others are still written.
    """
    written, refused = [], []
    students = {project.student_path(slug) for slug in project.slugs()}
    for path, text in generated(project).items():
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


def stale_files(project):
    """A line for each generated file that is not what the sources give.

    Solution notebooks are not committed: one that was never built isn't stale.
    """
    solutions = {project.solution_path(slug) for slug in project.slugs()}
    lines = []
    for path, text in generated(project).items():
        now = _read(path)
        if now == text or (now is None and path in solutions):
            continue
        shown = path.relative_to(project.root).as_posix()
        lines.append(f"{shown}: " + ("missing" if now is None else "not what its source gives"))
    return lines


def renew_references(project):
    """Run every solution notebook and write the texts of its key figures for nbval to compare with.

    The README's picture shows the models' answers too, and is drawn anew.
    """
    picture = project.root / "notebooks" / "images" / "overview.svg"
    if picture.exists():
        write_text(picture, overview(load("bert-mini"), load("gpt-mini")))
    for slug in project.slugs():
        lab = project.lab(slug)
        if key_figures(lab):
            print(f"running {slug} ...", flush=True)
            write_texts(project.reference_path(lab.number), measure_texts(lab, project))


def _texts(lab, project):
    """The committed texts of a lab's key figures; raises LabkitError when they are not one for each."""
    path = project.reference_path(lab.number)
    texts, names = read_texts(path), {cell.name for cell in key_figures(lab)}
    if set(texts) != names:
        differing = ", ".join(sorted(set(texts) ^ names))
        raise LabkitError(
            f"{path.relative_to(project.root).as_posix()}: expected one text for each key figure of "
            f"{lab.slug}; these are in only one of the two: {differing}. Run labkit build --reference."
        )
    return texts


def _read(path):
    return path.read_text(encoding="utf-8") if path.is_file() else None
