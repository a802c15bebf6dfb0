"""Where alerts go."""

from typing import Protocol

from petrosa_contracts import Alert


class AlertChannel(Protocol):
    """Takes alerts, and brings them out when it can."""

    def tell(self, alert: Alert) -> None:
        """Take an alert to publish, without waiting."""
        ...


class AlertOutlet(Protocol):
    """Where alerts go."""

    async def tell(self, alert: Alert) -> None:
        """Publish an alert. Raises `TransportUnavailableError` while it cannot leave."""
        ...
