"""A program that is started and watched like the servers, and that serves `/readyz` over HTTP."""

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import ClassVar

from devstack.ports import LOOPBACK
from devstack.programs import find_script
from devstack.server import Server

_PATIENCE_SECONDS = 2.0


class Service(Server):
    """One process of an installed program, ready when `/readyz` on its HTTP port says so.

    It is told its port by the variable `variable`, and what `environment` says; of this process's variables it gets
    PATH alone. `arguments` follow the program's name. Its version is what `/readyz` answered.
    """

    variable: ClassVar[str]
    """The environment variable that tells it which port to serve on."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        *,
        arguments: Sequence[str] = (),
        start_timeout: float = 30.0,
    ) -> None:
        super().__init__(folder, start_timeout=start_timeout)
        self._environment = {"PATH": os.environ.get("PATH", os.defpath), **environment}
        self._arguments = arguments

    @property
    def url(self) -> str:
        """The address of its HTTP side."""
        return f"http://{LOOPBACK}:{self.port}"

    def find_program(self) -> Path | None:
        """Return the installed console script."""
        return find_script(self.program)

    def command(self, program: Path) -> list[str]:
        """Return the command line, its environment included."""
        variables = {**self._environment, self.variable: str(self.port)}
        return ["env", "-i", *(f"{name}={value}" for name, value in variables.items()), str(program), *self._arguments]

    def probe(self) -> str:
        """Return what `/readyz` says once that is yes."""
        with closing(HTTPConnection(LOOPBACK, self.port, timeout=_PATIENCE_SECONDS)) as connection:
            try:
                connection.request("GET", "/readyz")
                response = connection.getresponse()
                told = response.read().decode()
            except HTTPException as error:
                raise ValueError(f"no HTTP answer: {error!r}") from error
        if response.status != HTTPStatus.OK:
            raise ValueError(f"not ready: {told}")
        return told
