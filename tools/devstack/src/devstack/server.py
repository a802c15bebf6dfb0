"""What all servers have in common: how they are started, watched and ended."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

from devstack.attendant import Attendant
from devstack.errors import NotInstalledError, NotRunningError, PortTakenError, StartError, StartTimeoutError
from devstack.ports import ReservedPort, is_listened_on

_POLL_INTERVAL = 0.01
_END_POLL_INTERVAL = 0.05
_ATTEMPTS_AT_A_PORT = 5
_GUARD_MARGIN = 5.0
_LOG_TAIL_BYTES = 16384


class Server(ABC):
    """One real server on 127.0.0.1, in a process that cannot outlive this one.

    All files are below `folder`, which is made if need be and never removed here. `port` None means any free port; it
    is chosen at the first start and stays the same ever after, like the data. `executable` replaces the program that
    the wheel brings. `start_timeout` and `stop_grace` are seconds: how long the server may take to answer, and to end
    before it is killed. `held_fds` are file descriptors that the server's processes inherit and hold while they live.

    The methods block; in asyncio, call them from a synchronous fixture or through `asyncio.to_thread`. A server belongs
    to the process that made it, and to one thread at a time. Also a context manager: started on entry, stopped on exit.
    """

    name: ClassVar[str]
    """What messages and log files call it."""
    variable: ClassVar[str]
    """The environment variable that tells programs its address."""
    program: ClassVar[str]
    """The file name of its program."""
    distribution: ClassVar[str]
    """The wheel that brings the program."""
    ends_with_next_connection: ClassVar[bool] = False
    """Whether the server heeds SIGTERM late unless somebody connects to it; its guard does so then."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        executable: Path | None = None,
        start_timeout: float = 30.0,
        stop_grace: float = 5.0,
        held_fds: Sequence[int] = (),
    ) -> None:
        self.folder = folder.absolute()
        self._wanted_port = port
        self._executable = executable
        self._start_timeout = start_timeout
        self._stop_grace = stop_grace
        self._held_fds = tuple(held_fds)
        self._reserved: list[ReservedPort] = []
        self._port_is_known = port is not None
        self._attempts = 0
        self._launched_at = 0.0
        self._guard: Attendant | None = None
        self._pid: int | None = None
        self._version: str | None = None
        self._start_seconds: float | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self.stop()

    @property
    @abstractmethod
    def url(self) -> str:
        """The address for clients."""

    @abstractmethod
    def find_program(self) -> Path | None:
        """Return the path of the server's program, or None if it is not installed."""

    @abstractmethod
    def command(self, program: Path) -> list[str]:
        """Return the command line that runs the server in the foreground on `ports`, with its data in `data_folder`."""

    @abstractmethod
    def probe(self) -> str:
        """Ask the server something that only a ready one can answer, and return its version.

        Raises OSError or ValueError while it is not ready.
        """

    @property
    def ports_needed(self) -> int:
        """How many ports the server listens on; the first is for clients."""
        return 1

    @property
    def ports(self) -> tuple[int, ...]:
        """All its ports, the one for clients first; raises `NotRunningError` before the first start."""
        if not self._reserved:
            raise NotRunningError(f"{self.name} has no port yet: start it first")
        return tuple(reserved.number for reserved in self._reserved)

    @property
    def port(self) -> int:
        """The port for clients; raises `NotRunningError` before the first start."""
        return self.ports[0]

    @property
    def data_folder(self) -> Path:
        """Where the server keeps what survives `stop` and `start`."""
        return self.folder / "data"

    @property
    def log_path(self) -> Path:
        """The file with everything the server has written, over all its starts."""
        return self.folder / f"{self.name}.log"

    @property
    def running(self) -> bool:
        """Whether the server's process lives (a paused one does), whoever may have ended it."""
        return self._guard is not None and self._guard.alive

    @property
    def pid(self) -> int:
        """The id of the server's own process; raises `NotRunningError` if there is none."""
        guard = self._running_guard()
        if self._pid is None:
            word, rest = guard.read_reply()
            if word != "pid":
                raise NotRunningError(f"{self.name} is not running: {rest or 'it has ended'}")
            self._pid = int(rest)
        return self._pid

    @property
    def version(self) -> str | None:
        """The version that the server told at its last start."""
        return self._version

    @property
    def start_seconds(self) -> float | None:
        """Seconds from launch to the first answer at the last start."""
        return self._start_seconds

    def log_tail(self, lines: int = 20) -> str:
        """Return the last `lines` lines of the log; empty if there is none."""
        if not self.log_path.exists():
            return ""
        with self.log_path.open("rb") as log:
            log.seek(max(0, self.log_path.stat().st_size - _LOG_TAIL_BYTES))
            text = log.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def start(self) -> None:
        """Start the server and wait until it answers; does nothing if it runs.

        Raises `NotInstalledError`, `StartError` or one of its children; nothing is left running then.
        """
        start_together([self])

    def launch(self) -> None:
        """Begin to start the server without waiting; `poll` tells how it goes. Raises like `start`."""
        if self.running:
            return
        self._attempts = 0
        self._launch_once()

    def poll(self) -> bool:
        """Look once whether a launched server answers by now.

        Raises `StartError` when it has ended, unless it lost a port that nobody knows yet to another process: then it
        is launched anew on another port, a few times. Raises `StartTimeoutError` when its time is up.
        """
        if self._start_seconds is not None and self.running:
            return True
        try:
            version = self.probe()
        except (OSError, ValueError) as error:
            self._go_on_after(error)
            return False
        if not self.running:
            # Somebody else answered on this port.
            self._relaunch_or_fail()
            return False
        self._start_seconds = time.monotonic() - self._launched_at
        self._version = version
        self._port_is_known = True
        return True

    def request_stop(self) -> None:
        """Ask the server to end, without waiting; `stop` waits."""
        if self._guard is not None:
            self._guard.order(b"t")

    def stop(self) -> None:
        """End the server gracefully and wait for that; it is killed when its grace is over. Works on a paused one too.

        Does nothing if it does not run. Port and data are kept for the next `start`.
        """
        self.request_stop()
        self._await_end(self._stop_grace + _GUARD_MARGIN)

    def kill(self) -> None:
        """End the server with SIGKILL, as a crash would, and wait for that. Port and data are kept."""
        if self._guard is not None:
            self._guard.order(b"k")
        self._await_end(_GUARD_MARGIN)

    def pause(self) -> None:
        """Suspend the server (SIGSTOP): it keeps its connections and answers nothing. Raises `NotRunningError`."""
        self._order_and_await(b"s")

    def resume(self) -> None:
        """Let a suspended server go on (SIGCONT). Raises `NotRunningError`."""
        self._order_and_await(b"c")

    def release_ports(self) -> None:
        """Give the ports of a stopped server back; the next start chooses new ones unless `port` was given."""
        for reserved in self._reserved:
            reserved.release()
        self._reserved = []
        self._port_is_known = self._wanted_port is not None

    def _launch_once(self) -> None:
        program = self._executable or self.find_program()
        if program is None:
            raise NotInstalledError(server=self.name, program=self.program, distribution=self.distribution)
        self._reserve_ports()
        self._forget_guard()
        self._attempts += 1
        self._launched_at = time.monotonic()
        self._start_seconds = None
        if self._port_is_lost():
            self._try_another_port()
            return
        try:
            self._guard = self._spawn_guard(program)
        except OSError as error:
            raise self._failure(StartError, f"its files or its process cannot be made ({error})") from error

    def _spawn_guard(self, program: Path) -> Attendant:
        self.data_folder.mkdir(parents=True, exist_ok=True)
        held = ",".join(str(number) for number in self._held_fds)
        knock = str(self.port if self.ends_with_next_connection else 0)
        orders = ["_guard.py", str(self._stop_grace), held, knock, *self.command(program)]
        with self.log_path.open("ab") as log:
            return Attendant(*orders, folder=self.folder, log=log, held_fds=self._held_fds)

    def _reserve_ports(self) -> None:
        if self._reserved:
            return
        wanted = self._wanted_port or 0
        try:
            self._reserved = [ReservedPort(wanted), *(ReservedPort() for _ in range(1, self.ports_needed))]
        except OSError as error:
            raise self._failure(PortTakenError, f"port {wanted} cannot be used ({error.strerror})") from error

    def _go_on_after(self, error: Exception) -> None:
        if not self.running:
            self._relaunch_or_fail()
        elif time.monotonic() - self._launched_at > self._start_timeout:
            reason = f"it did not answer within {self._start_timeout:g} s ({error})"
            raise self._failure(StartTimeoutError, reason) from error

    def _relaunch_or_fail(self) -> None:
        word, rest = ("", "") if self._guard is None or self._pid is not None else self._guard.read_reply()
        code = None if self._guard is None else self._guard.exit_code
        if word == "error":
            raise self._failure(StartError, f"its program cannot be run ({rest})")
        if not self._port_is_lost():
            raise self._failure(StartError, f"it ended with exit code {code}")
        self._try_another_port()

    def _port_is_lost(self) -> bool:
        return any(is_listened_on(reserved.number) for reserved in self._reserved)

    def _try_another_port(self) -> None:
        if self._port_is_known or self._attempts >= _ATTEMPTS_AT_A_PORT:
            raise self._failure(PortTakenError, f"another process listens on port {' or '.join(map(str, self.ports))}")
        self.release_ports()
        self._launch_once()

    def _failure(self, kind: type[StartError], reason: str) -> StartError:
        advice = {
            StartError: f"see what the log says; {self.program} was to run in {self.folder}.",
            PortTakenError: "end the process that has the port, or choose another port.",
            StartTimeoutError: "try again when the machine is less busy, or allow more with start_timeout.",
        }[kind]
        return kind(server=self.name, reason=reason, log_tail=self.log_tail(), advice=advice)

    def _running_guard(self) -> Attendant:
        if self._guard is None or not self._guard.alive:
            raise NotRunningError(f"{self.name} is not running: start it first")
        return self._guard

    def _order_and_await(self, order: bytes) -> None:
        guard = self._running_guard()
        # The line with the process id comes before any answer to an order.
        _ = self.pid
        guard.order(order)
        if guard.read_reply() != ("done", ""):
            raise NotRunningError(f"{self.name} is not running: it has just ended")

    def _await_end(self, patience: float) -> None:
        if self._guard is None:
            return
        deadline = time.monotonic() + patience
        while not self._guard.wait(_END_POLL_INTERVAL):
            if time.monotonic() > deadline:
                # The server goes with its guard.
                self._guard.kill()
        self._forget_guard()

    def _forget_guard(self) -> None:
        if self._guard is not None:
            self._guard.close()
        self._guard = None
        self._pid = None


def start_together(servers: Sequence[Server]) -> None:
    """Start several servers side by side and wait until all answer.

    When one fails, its error is raised and all are ended; if several cannot even be launched, the first error carries
    the others as notes.
    """
    try:
        _launch(servers)
        pending = list(servers)
        while pending := [server for server in pending if not server.poll()]:
            time.sleep(_POLL_INTERVAL)
    except BaseException:
        for server in servers:
            server.kill()
        raise


def _launch(servers: Sequence[Server]) -> None:
    failures: list[NotInstalledError | StartError] = []
    for server in servers:
        try:
            server.launch()
        except (NotInstalledError, StartError) as error:
            failures.append(error)
    if failures:
        for other in failures[1:]:
            failures[0].add_note(str(other))
        raise failures[0]
