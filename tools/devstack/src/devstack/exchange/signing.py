"""Who may see and move the account: the API key, the signature, and its time."""

import hashlib
import hmac
import re
from dataclasses import dataclass

from devstack.exchange.parameters import Parameters
from devstack.exchange.refusals import Reason, RefusedError

DEFAULT_RECV_WINDOW = 5000
LONGEST_RECV_WINDOW = 60000
MOST_AHEAD = 1000
"""Milliseconds that a client's clock may be ahead."""

_SIGNATURE = re.compile(r"(?:^|&)signature=[^&]*")


@dataclass(frozen=True, slots=True)
class Credentials:
    """The key that names the account and the secret that signs for it."""

    key: str
    secret: str

    def check(self, *, sent_key: str, query: str, body: str, parameters: Parameters, now: int) -> None:
        """Raise `RefusedError` unless a request (its raw query and body) is signed for this account and in time."""
        if not sent_key:
            raise RefusedError(Reason.BAD_API_KEY)
        if not hmac.compare_digest(sent_key.encode(), self.key.encode()):
            raise RefusedError(Reason.REJECTED_API_KEY)
        self._check_time(parameters, now)
        signature = parameters.text("signature")
        if not hmac.compare_digest(signature.encode(), self.sign(query, body).encode()):
            raise RefusedError(Reason.INVALID_SIGNATURE)

    def sign(self, query: str, body: str = "") -> str:
        """Return the HMAC-SHA256 of query and body, whatever signature they may already carry left out, in hex."""
        signed = _SIGNATURE.sub("", query) + _SIGNATURE.sub("", body)
        return hmac.new(self.secret.encode(), signed.encode(), hashlib.sha256).hexdigest()

    @staticmethod
    def _check_time(parameters: Parameters, now: int) -> None:
        sent = parameters.integer("timestamp")
        window = parameters.optional_integer("recvWindow")
        window = DEFAULT_RECV_WINDOW if window is None else window
        if window > LONGEST_RECV_WINDOW:
            raise RefusedError(Reason.RECV_WINDOW_TOO_LONG)
        if sent >= now + MOST_AHEAD:
            raise RefusedError(Reason.TIMESTAMP_AHEAD)
        if now - sent > window:
            raise RefusedError(Reason.INVALID_TIMESTAMP)
