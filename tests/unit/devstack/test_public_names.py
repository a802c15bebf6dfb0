import devstack
from devstack import DevstackError


def test_exactly_these_names_are_public() -> None:
    assert devstack.__all__ == [
        "ControlError",
        "DevStack",
        "DevstackError",
        "Exchange",
        "ExchangeControl",
        "FolderError",
        "Mongo",
        "Nats",
        "NotInstalledError",
        "NotRunningError",
        "PortTakenError",
        "Redis",
        "Server",
        "StartError",
        "StartTimeoutError",
    ]
    assert all(hasattr(devstack, name) for name in devstack.__all__)


def test_every_error_has_the_one_root() -> None:
    errors = [getattr(devstack, name) for name in devstack.__all__ if name.endswith("Error")]
    assert len(errors) == 8
    assert all(issubclass(error, DevstackError) for error in errors)
