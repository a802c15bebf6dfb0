"""The second factor: six digits from an authenticator, by time (TOTP, RFC 6238: SHA-1, 30 seconds)."""

import asyncio
import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from pydantic import SecretStr
from pyotp.totp import TOTP

from cio_strategist.errors import SecondFactorError
from cio_strategist.ports import Clock, SecondFactorStore
from cio_strategist.service.access.totp_secret import readable_secret

_log: structlog.stdlib.BoundLogger = structlog.get_logger()

TRIES = 5
"""Wrong codes within `WINDOW` that lock."""
WINDOW = timedelta(minutes=15)
LOCK = timedelta(minutes=15)
"""How long a lock lasts, from the wrong code that caused it."""
DRIFT_STEPS = 1
"""Time steps before and after the present one whose codes are taken as well.

An authenticator's clock may be a few seconds off, and a code read at the end of its step is sent at the beginning of
the next; RFC 6238 section 5.2 allows for one step. More would only help whoever guesses: three codes of a million are
right at any time, and five tries in fifteen minutes hit one of them about once in two years of trying without a pause.
"""
_CODE = re.compile(r"[0-9]{6}")
_LONGEST_CODE = 32  # characters looked at, blanks included


class SecondFactor:
    """Verifies codes of one secret, which the operators share; each code counts once.

    Wrong codes are counted in `store`, over all callers, processes and restarts. Within this process one code is
    verified after the other, so that guesses sent at once are counted as if sent in turn; processes do not wait for
    each other, so each further one that guesses at that very moment may get one try more.
    """

    def __init__(self, secret: SecretStr | None, store: SecondFactorStore, clock: Clock) -> None:
        """Take a secret that `readable_secret` accepts, or None: then nothing is ever accepted."""
        self._totp = None if secret is None else TOTP(readable_secret(secret.get_secret_value()))
        self._store = store
        self._clock = clock
        self._turn = asyncio.Lock()

    async def verify(self, code: str | None, *, caller: str) -> None:
        """Use up a code, for `caller`, whose name is logged.

        Raises `SecondFactorError`, whose sentence says what to do: no secret is configured, the code is missing,
        malformed, wrong or used already, or wrong codes have locked the factor, for right codes too. Only wrong ones
        count towards the lock. Raises `StoreUnreachableError` when it cannot be remembered; then nothing is accepted.
        """
        if self._totp is None:
            raise _refusal(
                caller,
                "not_configured",
                "this needs a second factor and none is configured: make a secret with cio-policy totp new and set "
                "STRATEGIST_TOTP_SECRET",
            )
        digits = _digits(code, caller)
        async with self._turn:
            await self._verify(self._totp, digits, caller)

    async def _verify(self, totp: TOTP, digits: str, caller: str) -> None:
        now = self._clock.now()
        failures = sorted(await self._store.failures_since(now - WINDOW - LOCK))
        locked_until = _locked_until(failures)
        if locked_until is not None and now < locked_until:
            raise _refusal(caller, "locked", f"too many wrong codes: none is taken until {_said(locked_until)}")
        step = _step_of(totp, digits, now)
        if step is None:
            await self._store.fail(now)
            raise _refusal(caller, "wrong", _after_wrong([*failures, now], now))
        if not await self._store.spend(step):
            raise _refusal(
                caller, "used", "this code, or a later one, was used already: wait for the next one, at most a minute"
            )
        if failures:
            await self._store.forgive()
        _log.info("second_factor_accepted", caller=caller)


def _digits(code: str | None, caller: str) -> str:
    if code is None or not code.strip():
        raise _refusal(caller, "missing", "this needs a second factor: send the code that the authenticator shows")
    digits = code[:_LONGEST_CODE].replace(" ", "")  # authenticators show 123 456
    if len(code) > _LONGEST_CODE or _CODE.fullmatch(digits) is None:
        raise _refusal(caller, "malformed", "the code must be six digits, as the authenticator shows them")
    return digits


def _step_of(totp: TOTP, digits: str, now: datetime) -> int | None:
    """Return the latest step near `now` that has this code: two may have the same, and then both are used up."""
    present = totp.timecode(now)
    steps = range(present + DRIFT_STEPS, present - DRIFT_STEPS - 1, -1)
    # All are compared, and each whole, so that the time taken says nothing of the right code.
    found = [step for step in steps if hmac.compare_digest(totp.generate_otp(step), digits)]
    return found[0] if found else None


def _locked_until(failures: Sequence[datetime]) -> datetime | None:
    """Return when the latest lock that these wrong codes caused ends; None if they never were too many."""
    ends = [last + LOCK for first, last in zip(failures, failures[TRIES - 1 :], strict=False) if last - first < WINDOW]
    return max(ends, default=None)


def _after_wrong(failures: Sequence[datetime], now: datetime) -> str:
    locked_until = _locked_until(sorted(failures))
    if locked_until is not None and now < locked_until:
        return f"the code is wrong, one time too many: none is taken until {_said(locked_until)}"
    left = TRIES - sum(now - at < WINDOW for at in failures)
    tries = "try is" if left == 1 else "tries are"
    return (
        f"the code is wrong: give the one shown now, and see that the authenticator's clock is right; {left} {tries} "
        f"left before codes are refused for {LOCK // timedelta(minutes=1)} minutes"
    )


def _said(moment: datetime) -> str:
    # Rounded up: at the second that is named, codes are taken again.
    shown = moment if moment.microsecond == 0 else moment.replace(microsecond=0) + timedelta(seconds=1)
    return f"{shown:%Y-%m-%d %H:%M:%S}Z"


def _refusal(caller: str, why: str, sentence: str) -> SecondFactorError:
    _log.warning("second_factor_refused", caller=caller, why=why)
    return SecondFactorError(sentence, why=why)
