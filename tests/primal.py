"""Approvers with keys of their own, and a file of primal limits that they sign: OpenSSH's own keys and signatures."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from petrosa_contracts.primal.file import PrimalStanding, parse
from petrosa_contracts.primal.signatures import NAMESPACE, signature_name

LIMITS = """\
revision = 3
order_notional_usd = 5000
leverage = 20
exposure_share = 0.8
daily_loss_share = 0.05
orders_per_second = 50
price_deviation_share = 0.05
quote_assets = ["USDT", "USDC"]
"""
SIGNED = PrimalStanding(parse(LIMITS.encode()), signers=("alice", "bob"))
"""What a process has that read these limits with a quorum."""
PEOPLE = ("alice", "bob", "carol@fund.example")


@dataclass(frozen=True)
class PrimalFolder:
    """A folder with limits, the list of approvers, and a private key of each of them and of a stranger."""

    path: Path

    @property
    def limits(self) -> Path:
        return self.path / "limits.toml"

    @property
    def approvers(self) -> Path:
        return self.path / "allowed_signers"

    def key(self, name: str) -> Path:
        return self.path / "keys" / name

    def signature(self, name: str) -> Path:
        return self.path / signature_name("limits.toml", name)

    def sign(self, *names: str, key: str | None = None, namespace: str = NAMESPACE) -> None:
        """Sign the limits as they are now, in the name of each; with the key of `key` instead of their own."""
        for name in names:
            self._sign(self.limits, name, key or name, namespace)

    def sign_list(self, *names: str) -> None:
        """Sign the list of approvers as it is now."""
        for name in names:
            self._sign(self.approvers, name, name, NAMESPACE)

    def _sign(self, signed: Path, name: str, key: str, namespace: str) -> None:
        command = ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", self.key(key)]
        done = subprocess.run(command, input=signed.read_bytes(), capture_output=True, check=True)
        signed.with_name(signature_name(signed.name, name)).write_bytes(done.stdout)

    def change(self, before: str, after: str) -> None:
        text = self.limits.read_text()
        assert before in text
        self.limits.write_text(text.replace(before, after))

    def line(self, name: str, *, key: str | None = None, options: str = f'namespaces="{NAMESPACE}" ') -> str:
        public = self.key(key or name).with_suffix(self.key(key or name).suffix + ".pub").read_text()
        return f"{name} {options}{public}"


def make_folder(path: Path) -> PrimalFolder:
    """Make such a folder; nobody has signed yet."""
    folder = PrimalFolder(path)
    (path / "keys").mkdir()
    for name in (*PEOPLE, "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder.key(name)], check=True)
    folder.limits.write_text(LIMITS)
    folder.approvers.write_text("# who may sign\n\n" + "".join(folder.line(name) for name in PEOPLE))
    return folder
