"""What `canary watch` reads from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from canary.errors import RefusedError

SMTP_PORTS = {"starttls": 587, "implicit": 465, "off": 587}
WATCH_ENVIRONMENT_HELP = """environment of watch, beside that of `canary --help`:
  NATS_URL                                  where governance is reached (nats://user:password@host:4222, tls://)
  CANARY_WEBHOOK_URL                        gets a POST of {"text", "subject"}; https, or http on this machine
  CANARY_SMTP_HOST, CANARY_SMTP_PORT        mail server (port 587, or 465 with implicit TLS)
  CANARY_SMTP_TLS                           starttls (default), implicit, or off
  CANARY_SMTP_USER, CANARY_SMTP_PASSWORD    its login, if it wants one
  CANARY_MAIL_FROM, CANARY_MAIL_TO          sender and receivers (several: separated by commas)

The account's credentials are needed with --close-all only.
"""


@dataclass(frozen=True, slots=True)
class Mail:
    """How email is sent."""

    host: str
    port: int
    tls: str
    """starttls, implicit, or off."""
    user: str = field(repr=False)
    password: str = field(repr=False)
    sender: str
    to: str


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """Where governance is reached, and who is told when it is gone."""

    nats_url: str = field(repr=False)
    mail: Mail | None
    webhook: str | None = field(repr=False)

    @property
    def ways(self) -> int:
        """How many ways there are to tell people."""
        return (self.mail is not None) + (self.webhook is not None)


def read_watch_settings(environment: Mapping[str, str]) -> WatchSettings:
    """Return the settings; raises `RefusedError` if NATS is not named or nobody can be told."""
    nats_url = environment.get("NATS_URL")
    if not nats_url:
        raise RefusedError("NATS_URL is not set: where is governance to be reached?")
    webhook = environment.get("CANARY_WEBHOOK_URL") or None
    if webhook is not None and not webhook.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise RefusedError("CANARY_WEBHOOK_URL has to begin with https://")
    mail = _mail(environment)
    if mail is None and webhook is None:
        raise RefusedError("nobody would be told: set CANARY_WEBHOOK_URL, or CANARY_SMTP_HOST and CANARY_MAIL_TO")
    return WatchSettings(nats_url, mail, webhook)


def _mail(environment: Mapping[str, str]) -> Mail | None:
    host, to = environment.get("CANARY_SMTP_HOST"), environment.get("CANARY_MAIL_TO")
    if not host and not to:
        return None
    if not host or not to:
        raise RefusedError("email needs both CANARY_SMTP_HOST and CANARY_MAIL_TO")
    tls = environment.get("CANARY_SMTP_TLS") or "starttls"
    if tls not in SMTP_PORTS:
        raise RefusedError(f"CANARY_SMTP_TLS has to be one of {', '.join(SMTP_PORTS)}")
    port = environment.get("CANARY_SMTP_PORT") or str(SMTP_PORTS[tls])
    if not (port.isascii() and port.isdigit()):
        raise RefusedError("CANARY_SMTP_PORT has to be a number")
    return Mail(
        host=host,
        port=int(port),
        tls=tls,
        user=environment.get("CANARY_SMTP_USER", ""),
        password=environment.get("CANARY_SMTP_PASSWORD", ""),
        sender=environment.get("CANARY_MAIL_FROM") or f"canary@{host}",
        to=to,
    )
