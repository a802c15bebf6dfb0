"""`canary`: will close every position at the exchange when nothing else is left. Closing is not available yet."""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

NOT_AVAILABLE = (
    "canary: closing positions is not available in this version, and nothing was closed. "
    "Close your positions by hand at the exchange, in its app or on its website."
)
"""What is said instead of pretending."""

EXIT_NOT_AVAILABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 2, because nothing can be closed yet.

    `--help` and `--version` leave with 0, arguments that do not exist with 2 (`SystemExit`, as argparse does).
    """
    parser = argparse.ArgumentParser(
        prog="canary",
        description="Emergency exit: will close every position at the exchange, needing no other part of the system. "
        "Closing is not available in this version; until it is, close positions by hand at the exchange.",
        epilog="Example: canary --version",
    )
    parser.add_argument("--version", action="version", version=f"canary {version('canary')}")
    parser.parse_args(arguments)
    print(NOT_AVAILABLE, file=sys.stderr)
    return EXIT_NOT_AVAILABLE


if __name__ == "__main__":
    sys.exit(main())
