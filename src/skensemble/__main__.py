"""``python -m skensemble`` is ``skensemble``."""

import sys

from skensemble.cli import main

if __name__ == "__main__":
    sys.exit(main())
