"""Alerts on NATS."""

from cio_strategist.adapters.nats.connection import NatsConnection
from petrosa_contracts import Alert


class NatsAlerts:
    """`AlertOutlet` on a connection."""

    def __init__(self, connection: NatsConnection) -> None:
        self._connection = connection

    async def tell(self, alert: Alert) -> None:
        """Publish an alert on its subject."""
        await self._connection.publish(alert.subject, alert.model_dump_json().encode())
