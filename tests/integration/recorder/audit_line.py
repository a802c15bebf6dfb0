"""`cio-audit`, run in this process."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from typer.testing import CliRunner, Result

from cio_strategist.adapters.mongo.chain_store import MongoChainStore
from cio_strategist.adapters.mongo.connection import connect
from cio_strategist.audit_cli import app
from cio_strategist.domain.record.entry import Entry
from tests.integration.recorder.recorders import DATABASE


class AuditLine:
    """Runs `cio-audit` and hands back what it printed."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)

    def run(self, *words: str) -> Result:
        result = CliRunner().invoke(app, list(words), env=self.environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def done(self, *words: str) -> str:
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def fails(self, *words: str, code: int = 1) -> str:
        result = self.run(*words)
        assert result.exit_code == code, result.output
        return result.stderr

    def as_json(self, *words: str, code: int = 0) -> Any:
        result = self.run(*words, "--json")
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)


def store_entries(uri: str, entries: Sequence[Entry]) -> None:
    """Put a chain into the store, as a recorder would."""

    async def work() -> None:
        async with connect(uri, DATABASE) as mongo:
            store = MongoChainStore(mongo)
            await store.prepare()
            assert (await store.insert(entries)).count == len(entries)

    asyncio.run(work())
