"""Entry point of the `devstack` command, also as `python -m devstack`."""

import sys

from devstack.cli import app


def main() -> None:
    """Run the command line and exit: 0 done, 1 refused or failed, 2 wrong usage."""
    sys.exit(app())


if __name__ == "__main__":
    main()
