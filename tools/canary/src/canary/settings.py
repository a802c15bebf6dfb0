"""What the environment and the command line say, in one place."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from canary.errors import RefusedError

PRODUCTION = "production"
TESTNET = "testnet"
FUTURES_URLS = {PRODUCTION: "https://fapi.binance.com", TESTNET: "https://demo-fapi.binance.com"}
OTHER_MARKETS = {
    PRODUCTION: {"spot": "https://api.binance.com", "COIN-M": "https://dapi.binance.com"},
    TESTNET: {"spot": "https://demo-api.binance.com", "COIN-M": "https://demo-dapi.binance.com"},
}
OTHER_MARKETS_VARIABLES = {"spot": "CANARY_SPOT_URL", "COIN-M": "CANARY_COINM_URL"}

_HOME_HELP = "  CANARY_HOME                        folder of logs and reports (default ~/.local/state/canary)\n"
REHEARSAL_ENVIRONMENT_HELP = f"environment:\n{_HOME_HELP}"
ENVIRONMENT_HELP = f"""environment:
  CANARY_API_KEY, CANARY_API_SECRET  the account's key (or BINANCE_API_KEY, BINANCE_API_SECRET)
  CANARY_CREDENTIALS                 path of an encrypted file made by `canary seal`, used when there is no key above
  CANARY_PASSPHRASE                  its passphrase; without it, you are asked
  CANARY_BASE_URL                    the futures exchange, instead of --testnet or --base-url
  CANARY_SPOT_URL, CANARY_COINM_URL  the spot and COIN-M markets, if not at the same place or address
{_HOME_HELP}"""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to go, what to remember and where."""

    base_url: str
    place: str
    """What the person calls it: production, testnet, or the address itself."""
    home: Path
    other_markets: Mapping[str, str]


def read_settings(environment: Mapping[str, str], *, base_url: str | None = None, testnet: bool = False) -> Settings:
    """Return the settings; the command line wins over the environment. Raises `RefusedError` if it says two things."""
    if base_url and testnet:
        raise RefusedError("--testnet and --base-url contradict each other: use one")
    place = TESTNET if testnet else PRODUCTION
    chosen = base_url or (None if testnet else environment.get("CANARY_BASE_URL"))
    url = (chosen or FUTURES_URLS[place]).rstrip("/")
    place = next((name for name, known in FUTURES_URLS.items() if known == url), url)
    others = dict(OTHER_MARKETS.get(place) or dict.fromkeys(OTHER_MARKETS_VARIABLES, url))
    others |= {name: environment[key] for name, key in OTHER_MARKETS_VARIABLES.items() if environment.get(key)}
    return Settings(base_url=url, place=place, home=_home(environment), other_markets=others)


def _home(environment: Mapping[str, str]) -> Path:
    if environment.get("CANARY_HOME"):
        return Path(environment["CANARY_HOME"])
    state = environment.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")  # noqa: PTH111 - never fails
    return Path(state) / "canary"
