"""`labkit kernel`: tell Jupyter of the kernels that are forked from a warm Python."""

import json
import sys
from pathlib import Path

from labkit.files.safe_files import write_text
from labkit.messages import LabkitError
from labkit.messages.named import CannotWrite, reading

# Kernelspec and provisioner have the same name; the entry points are in pyproject.toml.
NAMES = {"labkit-warm": "Python 3 (labkit, warm)", "labkit-sandbox": "Python 3 (labkit, sandbox)"}


def add_kernel_arguments(parser):
    """Declare the options of `labkit kernel` on an argparse parser."""
    parser.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        help="a folder for JUPYTER_PATH, instead of this Python's own environment",
    )


def run_kernel(args):
    """The command: write the kernelspecs and say how to use and to remove them."""
    folder = args.folder or Path(sys.prefix) / "share" / "jupyter"
    for path in write_specs(folder):
        print(path)
    if args.folder:
        print(f"Jupyter finds them with JUPYTER_PATH={folder.resolve()}")
    print("python -m pytest --nbval-lax --nbval-kernel-name=labkit-warm NOTEBOOK ...")
    print(f"To remove them: jupyter kernelspec remove {' '.join(NAMES)}")
    return 0


def write_specs(folder, python=sys.executable):
    """Write both kernelspecs below `folder`, a Jupyter data folder; returns the files.

    python: what the kernels run on. A Jupyter too old for provisioners starts an ordinary kernel in place of
        the warm one, and nothing in place of the one in the sandbox.
    Raises LabkitError rather than writing over a kernelspec that is not ours.
    """
    written = []
    for name, shown in NAMES.items():
        path = Path(folder) / "kernels" / name / "kernel.json"
        start = ["-m", "ipykernel_launcher"]
        if name == "labkit-sandbox":
            start = ["-c", "raise SystemExit('labkit-sandbox: this Jupyter does not know its provisioner')"]
        spec = {
            "argv": [str(python), *start, "-f", "{connection_file}"],
            "display_name": shown,
            "language": "python",
            "metadata": {"kernel_provisioner": {"provisioner_name": name}},
        }
        with reading(path):
            taken = path.exists() and f'"provisioner_name": "{name}"'.encode() not in path.read_bytes()
        if taken:
            raise LabkitError(
                f"{path} is a kernelspec that labkit has not made: remove it, or choose --folder."
            )
        try:
            write_text(path, json.dumps(spec, indent=1) + "\n")
        except CannotWrite as error:
            raise LabkitError(
                f"{error} With --folder DIR the kernels go to a folder of yours, for JUPYTER_PATH."
            ) from None
        written.append(path)
    return written
