"""The command line: `labkit doctor`, `labkit grade`, `labkit build` and what else COMMANDS lists.

Only the module of the command that was asked for is imported: `labkit --help` answers at once, without
torch.
"""

import argparse
import difflib
import importlib
import sys

from labkit.messages import program

# Name -> (what it does, its module). The module has run_NAME(args), which returns the exit status, and
# add_NAME_arguments(parser) if there are options.
COMMANDS = {
    "doctor": ("say what is right with this machine and what to fix", "labkit.commands.doctor"),
    "fetch": ("download ahead of time what the labs would fetch when they need it", "labkit.commands.cli"),
    "pretrain": ("train a bert or a gpt from scratch on a text of yours", "labkit.pretraining.command"),
    "publish": ("make a finished pretrain run a bundled model, with its card", "labkit.pretraining.publish"),
    "compare": ("train small recipes side by side and print their table", "labkit.pretraining.compare"),
    "evaluate": ("measure the bundled models against their bars", "labkit.pretraining.bars"),
    "grade": ("grade a folder of submissions, in a sandbox", "labkit.grading.command"),
    "gradescope": ("write the autograder of a Gradescope assignment", "labkit.grading.gradescope"),
    "classroom": (
        "let an assignment's repository on GitHub, and its copies, grade itself",
        "labkit.grading.github",
    ),
    "kernel": ("tell Jupyter of kernels forked warm, or in a sandbox", "labkit.grading.kernel_specs"),
    "submit": ("put your answers into a fresh notebook that pytest grades", "labkit.grading.submit"),
    "export": ("write a lab or a notebook as one HTML page that needs no network", "labkit.export.command"),
    "new": ("write a new lab, or one more exercise, that works and is to be changed", "labkit.authoring.new"),
    "build": ("generate the notebooks from notebooks/source", "labkit.authoring.build"),
    "links": ("write the course's address into badges and set-up cells", "labkit.authoring.links"),
}


def main(argv=None):
    """Run one command; returns the exit status (labkit/messages/program.py says which there are).

    What a user can act on is said in one message on stderr; LABKIT_TRACEBACK=1 shows the traceback too. A bug
    of labkit's shows its traceback, and where to report it.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    named = next((word for word in argv if not word.startswith("-")), None)
    if named is not None and named not in COMMANDS:
        return _unknown(named)
    return program.run(f"labkit {named or ''}".strip(), lambda: _run(named, argv))


def _run(named, argv):
    args = _parser(named).parse_args(argv)
    if args.command is None:
        _parser(None).print_help()
        return program.MISUSED
    return _part(args.command, f"run_{args.command}")(args)


class _Parser(argparse.ArgumentParser):
    def _print_message(self, message, file=None):
        # argparse's own keeps still when a full disk takes nothing.
        if message and (file or sys.stderr) is not None:
            (file or sys.stderr).write(message)


def _parser(chosen):
    from labkit import __version__

    parser = _Parser(prog="labkit", description="The course's command line.")
    parser.add_argument("--version", action="version", version=f"labkit {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, (what, _) in COMMANDS.items():
        sub = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        if name == chosen:
            _part(name, f"add_{name}_arguments", lambda parser: None)(sub)
    return parser


def _part(command, name, *default):
    return getattr(importlib.import_module(COMMANDS[command][1]), name, *default)


def _unknown(word):
    close = difflib.get_close_matches(word, COMMANDS, n=1, cutoff=0.4)
    hint = f"Did you mean labkit {close[0]}?" if close else f"There is {', '.join(COMMANDS)}."
    print(f"labkit: there is no command {word!r}. {hint}", file=sys.stderr)
    return program.MISUSED


def run_fetch(args):
    """`labkit fetch`: fetch every item, whatever becomes of the others, and say what became of each."""
    from labkit.models.downloads import fetch_all

    outcomes = fetch_all()
    for outcome in outcomes:
        print(outcome)
    return 1 if any(outcome.error for outcome in outcomes) else 0
