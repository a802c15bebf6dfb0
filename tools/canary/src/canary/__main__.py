"""`canary`: cancels every order and closes every USD-M futures position, needing nothing but the exchange."""

import argparse
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from canary import VERSION, commands, rehearsing, watching
from canary.commands import GIVE_UP_AFTER_SECONDS, environment_of_process
from canary.console import Console, prepare_process, standard_console
from canary.errors import CanaryError
from canary.report import EXIT_REFUSED, EXIT_WRONG_USAGE
from canary.settings import ENVIRONMENT_HELP, FUTURES_URLS, PRODUCTION, REHEARSAL_ENVIRONMENT_HELP
from canary.watch_settings import WATCH_ENVIRONMENT_HELP

EXIT_CODES_HELP = """exit codes:
  0 done (close-all: proved flat)   1 refused or failed, nothing was changed   2 wrong usage
  3 not flat: something is left     4 not known: the exchange could not be read
"""
Command = Callable[[argparse.Namespace, Mapping[str, str], Console], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code, see --help; argparse leaves with `SystemExit` 0 or 2."""
    options = _parser().parse_args(arguments)
    console = standard_console()
    if options.command is None:
        _parser().print_help()
        return EXIT_WRONG_USAGE
    command: Command = options.run
    unattended = "close_all" if options.command == "watch" else "yes"
    if getattr(options, unattended, False) != getattr(options, "i_understand", False):
        console.say(f"canary: --{unattended.replace('_', '-')} and --i-understand go together, or not at all")
        return EXIT_WRONG_USAGE
    try:
        return command(options, environment_of_process(), console)
    except CanaryError as error:
        console.say(f"canary: {error}")
        return EXIT_REFUSED
    except KeyboardInterrupt:
        console.say("canary: interrupted. Nothing was changed.")
        return EXIT_REFUSED


def run() -> NoReturn:
    """Run the command line and leave with its exit code."""
    prepare_process()
    sys.exit(main())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="canary",
        description="Emergency exit: cancels all orders and closes all USD-M futures positions of one Binance account.",
        epilog=f"{ENVIRONMENT_HELP}\n{EXIT_CODES_HELP}\nexample:\n  canary close-all",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"canary {VERSION}")
    commands_of = parser.add_subparsers(dest="command", title="commands", metavar="COMMAND")
    planning = _add(
        commands_of,
        "plan",
        commands.plan,
        "show what close-all would do; changes nothing",
        example="canary plan --credentials ~/canary.key",
    )
    _add_target(planning)
    closing = _add(
        commands_of,
        "close-all",
        commands.close_all,
        "cancel and close everything, after you confirm",
        example="canary close-all --coin-m --sell-spot USDT",
    )
    _add_target(closing)
    _add_confirmation(closing)
    closing.add_argument("--dry-run", action="store_true", help="show the plan and stop (exit 1 unless it is flat)")
    closing.add_argument("--report", type=Path, metavar="FILE", help="where the JSON report goes")
    drilling = _add(
        commands_of,
        "rehearse",
        rehearsing.rehearse,
        "drill everything against a simulated exchange",
        environment=REHEARSAL_ENVIRONMENT_HELP,
        example="canary rehearse",
    )
    _add_confirmation(drilling)
    sealing = _add(
        commands_of,
        "seal",
        commands.seal,
        "ask for key, secret and passphrase, and write them to an encrypted file",
        environment="",
        example="canary seal ~/canary.key",
    )
    sealing.add_argument("file", type=Path, metavar="FILE", help="the file to write")
    watch = _add(
        commands_of,
        "watch",
        watching.watch,
        "alert, and close if told to, when governance is gone",
        environment=WATCH_ENVIRONMENT_HELP,
        example="canary watch --after 5 --close-all --i-understand",
    )
    _add_target(watch)
    watching.add_arguments(watch)
    return parser


def _add(
    parsers: "argparse._SubParsersAction[argparse.ArgumentParser]",  # pyright: ignore[reportPrivateUsage]
    name: str,
    command: Command,
    words: str,
    *,
    environment: str = ENVIRONMENT_HELP,
    example: str,
) -> argparse.ArgumentParser:
    parser = parsers.add_parser(
        name,
        help=words,
        description=words[0].upper() + words[1:] + ".",
        epilog=f"{environment}\nexample:\n  {example}".lstrip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=command)
    return parser


def _add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--testnet", action="store_true", help="the exchange's test network instead of production")
    parser.add_argument(
        "--base-url",
        metavar="URL",
        help=f"another address of the futures exchange (default {FUTURES_URLS[PRODUCTION]})",
    )
    parser.add_argument("--credentials", type=Path, metavar="FILE", help="encrypted file made by `canary seal`")
    parser.add_argument(
        "--mode", choices=["hedge", "one-way"], help="the position mode, only if the exchange does not tell it"
    )
    parser.add_argument("--no-others", action="store_true", help="do not list spot balances and COIN-M positions")
    parser.add_argument("--coin-m", action="store_true", help="close the COIN-M futures positions too")
    parser.add_argument("--sell-spot", metavar="ASSET", help="sell all spot balances at market too, for ASSET (USDT)")


def _add_confirmation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask; needs --i-understand too")
    parser.add_argument("--i-understand", action="store_true", help="everything is closed at market, at any price")
    parser.add_argument(
        "--give-up-after",
        type=_seconds,
        default=GIVE_UP_AFTER_SECONDS,
        metavar="SECONDS",
        help="end after so long, and say what is left (default %(default)g)",
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError("has to be more than zero")
    return seconds


if __name__ == "__main__":
    run()
