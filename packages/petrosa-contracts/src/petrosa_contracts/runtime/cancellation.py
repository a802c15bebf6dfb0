"""Cancellation that client libraries lose."""

import asyncio


def heed_cancellation() -> None:
    """Raise `CancelledError` if the running task has been asked to end.

    Before Python 3.12 `asyncio.wait_for`, which the clients for NATS, Redis and MongoDB use, swallows a cancellation
    that comes together with the result. Without this, the task would go on for ever and the process would not end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
