"""`python -m labkit` is the same as `labkit`."""

import sys

# Started so, Python looks for modules in the working folder first, where a file of the user's may be called
# like one of them (`argparse.py`). The command `labkit` does not. Last, for labkit itself may lie there.
if not getattr(sys.flags, "safe_path", False):
    sys.path.append(sys.path.pop(0))

from labkit.commands.cli import main

if __name__ == "__main__":
    sys.exit(main())
