"""``python -m sim`` is ``detente``."""

import sys

from sim.cli.commands import main

if __name__ == "__main__":
    sys.exit(main())
