"""`canary watch`: the dead man's switch outside the cluster."""

import argparse
import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

from canary.alerts import send_alert
from canary.clock import Clock, SystemClock
from canary.commands import close_without_asking, target_of
from canary.console import Console
from canary.errors import CanaryError, UnavailableError
from canary.nats_wire import NatsAddress, request
from canary.report import EXIT_DONE, EXIT_UNKNOWN
from canary.settings import read_settings
from canary.transport import HttpTransport
from canary.vigil import Act, Vigil
from canary.watch_settings import read_watch_settings

PING_SUBJECT = "cio.ping"
SERVICE = "petrosa-cio"
TIMEOUT_SECONDS = 5.0
MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the watch looks at and does; each probe returns why it failed, None if it did not."""

    governance: Callable[[], str | None]
    exchange: Callable[[], str | None]
    alert: Callable[[str, str], bool]
    """Tells people, and returns whether any of the ways to them worked."""
    close: Callable[[], bool]
    """Closes everything, and returns whether the account is flat."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only `watch` has."""
    parser.add_argument("--after", type=_span, default=5.0, metavar="MINUTES", help="silence that counts (default 5)")
    parser.add_argument("--every", type=_span, default=10.0, metavar="SECONDS", help="between checks (default 10)")
    parser.add_argument("--close-all", action="store_true", help="close everything when governance is gone")
    parser.add_argument("--i-understand", action="store_true", help="needed with --close-all: nobody is asked then")


def _span(text: str) -> float:
    given = float(text)
    if not 0 < given < math.inf:
        raise argparse.ArgumentTypeError("it has to be more than zero, and finite")
    return given


def watch(options: argparse.Namespace, environment: Mapping[str, str], console: Console) -> int:
    """Watch until interrupted; raises `RefusedError` if it is set up wrongly, before anything begins."""
    settings = read_watch_settings(environment)
    addresses = NatsAddress.parse_all(settings.nats_url)
    place = read_settings(environment, base_url=options.base_url, testnet=options.testnet)
    target = target_of(options, environment, console) if options.close_all else None
    clock = SystemClock()

    def alert(subject: str, text: str) -> bool:
        console.say(f"{subject}: {text}")
        failures = send_alert(settings, f"canary: {subject}", text)
        for failure in failures:
            console.say(failure)
        return len(failures) < settings.ways

    around = Surroundings(
        governance=lambda: probe_governance(addresses),
        exchange=lambda: probe_exchange(place.base_url),
        alert=alert,
        close=lambda: target is not None and close_without_asking(options, target, console),
    )
    now = clock.monotonic()
    console.say(
        f"Watching {', '.join(address.host for address in addresses)} and {place.place} every {options.every:g} s; "
        f"after {options.after:g} min of silence: alert{' and CLOSE EVERYTHING' if options.close_all else ''}."
    )
    vigil = Vigil(options.after * MINUTE, options.close_all, now, now)
    try:
        keep_watch(vigil, around, clock, every=options.every)
    except KeyboardInterrupt:
        console.say("The watch has ended.")
    return EXIT_UNKNOWN if vigil.tried_at is not None and not vigil.closed else EXIT_DONE


def probe_governance(addresses: Sequence[NatsAddress]) -> str | None:
    """Ask governance for its pulse, at one address after the other; return why none has it, None if one has."""
    failures: list[str] = []
    for address in addresses:
        failure = _pulse(address)
        if failure is None:
            return None
        failures.append(failure)
    return "; ".join(failures)


def _pulse(address: NatsAddress) -> str | None:
    """Return why governance is not there, None if it is: any mode of it counts."""
    try:
        answer = json.loads(request(address, PING_SUBJECT, b"{}", TIMEOUT_SECONDS))
    except UnavailableError as error:
        return str(error)
    except ValueError:
        return "an answer that is no JSON"
    if not isinstance(answer, dict) or cast("dict[str, object]", answer).get("service") != SERVICE:
        return "an answer from something else"
    return None


def probe_exchange(base_url: str) -> str | None:
    """Ask the exchange for a sign of life; return why there is none, None if there is."""
    try:
        with closing(HttpTransport(base_url)) as transport:
            answer = transport.send("GET", "/fapi/v1/ping", {"User-Agent": "canary"}, TIMEOUT_SECONDS)
    except UnavailableError as error:
        return str(error)
    return None if answer.status == HTTPStatus.OK else f"HTTP {answer.status}"


def keep_watch(vigil: Vigil, around: Surroundings, clock: Clock, *, every: float, checks: int | None = None) -> None:
    """Check again and again, `checks` times or for ever; a failure of one check never ends the watch."""
    done = 0
    while checks is None or done < checks:
        done += 1
        governance, exchange = around.governance(), around.exchange()
        now = clock.monotonic()
        acts = vigil.check(now, governed=governance is None, reached=exchange is None)
        for act in acts:
            found = f"Governance: {governance or 'answers'}. Exchange: {exchange or 'answers'}."
            if act is Act.CLOSE:
                _close(vigil, around, found)
            elif not around.alert(act.value, found):
                vigil.unheard(now)
        clock.sleep(every)


def _close(vigil: Vigil, around: Surroundings, found: str) -> None:
    try:
        vigil.closed = around.close()
    except CanaryError as error:
        around.alert("closing FAILED, trying again in a minute", f"{error}. {found}")
        return
    if vigil.closed:
        around.alert("everything was closed, the account is proved flat", found)
    else:
        around.alert("the account is NOT FLAT, trying again in a minute", f"Look at the report and in the app. {found}")
