"""`python -m labkit` is the same as `labkit`."""

import sys

from labkit.commands.cli import main

if __name__ == "__main__":
    sys.exit(main())
