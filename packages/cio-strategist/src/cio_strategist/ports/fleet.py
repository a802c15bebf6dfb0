"""The bots' own config routes."""

from typing import Protocol

from cio_strategist.domain.fleet.bot import Bot
from cio_strategist.domain.fleet.call import BotCall, BotReply


class BotClient(Protocol):
    """Speaks with bots. Everything here raises `BotError` when a bot is away, too slow, or answers nonsense."""

    async def document(self, bot: Bot) -> object:
        """Return the JSON of its OpenAPI document, whatever that is."""
        ...

    async def send(self, bot: Bot, call: BotCall) -> BotReply:
        """Send a request once, to the address registered for the bot and no other, and return the reply."""
        ...
