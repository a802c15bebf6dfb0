"""The project's commands, as a person runs them at a console."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from dataclasses import dataclass

from devstack.programs import find_script


class CommandError(Exception):
    """A command of the project could not be run or did not end well."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that ended by itself."""

    code: int
    told: str
    complained: str


async def run(name: str, *words: str, environment: Mapping[str, str]) -> Ended:
    """Run a command to its end, with variables added to ours. Raises `CommandError` if it is not installed."""
    program = find_script(name)
    if program is None:
        raise CommandError(f"{name} is not installed")
    process = await asyncio.create_subprocess_exec(
        program, *words, env={**os.environ, **environment}, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    try:
        told, complained = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ended(process.returncode or 0, told.decode().strip(), complained.decode().strip())


async def told(name: str, *words: str, environment: Mapping[str, str]) -> str:
    """Run a command and return what it told. Raises `CommandError` unless it ended well."""
    ended = await run(name, *words, environment=environment)
    if ended.code:
        raise CommandError(f"{name} ended with exit code {ended.code}: {ended.complained}")
    return ended.told
