"""The exchange's process: `python -m devstack.exchange SETTINGS PORT FOLDER [NATS_URL]`, run by `Exchange`."""

import sys
from pathlib import Path

from aiohttp import web

from devstack.exchange.app import Door
from devstack.exchange.settings import Settings
from devstack.exchange.signing import Credentials
from devstack.exchange.streaming import streaming
from devstack.exchange.world import Store
from devstack.ports import LOOPBACK

_PATIENCE_AT_THE_END = 0.2
"""Seconds that open requests have once SIGTERM came; those that hang on purpose would never end."""


async def _application(settings: Settings, folder: Path, nats_url: str | None) -> web.Application:
    store = Store(folder)
    world = store.load(settings)
    store.save(world)
    application = Door(world, store, Credentials(settings.api_key, settings.api_secret)).application()
    if nats_url is not None:
        application.cleanup_ctx.append(streaming(world, nats_url))
    return application


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM."""
    settings, port, folder = Settings.read(Path(arguments[0])), int(arguments[1]), Path(arguments[2])
    nats_url = next(iter(arguments[3:]), None)
    web.run_app(
        _application(settings, folder, nats_url),
        host=LOOPBACK,
        port=port,
        reuse_address=True,
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=_PATIENCE_AT_THE_END,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
