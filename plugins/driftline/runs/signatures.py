"""Detached signatures of plan files: who approved a plan, and that it still is what was approved, to the byte.

The signature of `PLAN` is the file `PLAN.sig`. It covers the plan's bytes as they stand in the file, so any tool
that knows Ed25519 or HMAC-SHA256 can check it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from driftline.engine import Plan
from driftline.engine.exceptions import PlanError, SettingsError
from driftline.engine.values import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

Algorithm = Literal["ed25519", "hmac-sha256"]

SHORTEST_SECRET = 32
"""Bytes; what is shorter than the digest weakens it."""
_LINE_END = b"\r\n"


class Signature(BaseModel):
    """What a signature file says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["driftline-signature"] = "driftline-signature"
    version: Literal[1] = 1
    algorithm: Algorithm
    key: str
    """The id of the key."""
    plan: str
    """The id of the plan."""
    signature: str
    """In base 64."""

    def to_bytes(self) -> bytes:
        """Return the signature as a file; there is only one way to write it."""
        return (canonical(self.model_dump(), indent=2) + "\n").encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Signature:
        """Read a signature file; raises PlanError when it is none, or is not written as driftline writes it."""
        try:
            signature = cls.model_validate_json(data)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise _malformed(f"{place + ': ' if place else ''}{first['msg']}") from error
        if signature.to_bytes() != data:
            raise _malformed("it was changed after it was made")
        return signature


class Key(Protocol):
    """What plans are signed or checked with."""

    @property
    def id(self) -> str:
        """What the key is called: a digest, which does not give it away."""

    @property
    def algorithm(self) -> Algorithm:
        """What it is for."""

    def sign(self, data: bytes) -> bytes:
        """Return the signature of some bytes; raises PlanError when the key can only check."""

    def fits(self, signature: bytes, data: bytes) -> bool:
        """Return whether this key made a signature of these bytes."""


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """A secret that whoever signs and whoever checks both have."""

    secret: bytes = field(repr=False)
    algorithm: Algorithm = "hmac-sha256"

    def __post_init__(self) -> None:
        """Refuse a secret that could be guessed."""
        if len(self.secret) < SHORTEST_SECRET:
            raise SettingsError(
                f"the secret for signatures has {len(self.secret)} bytes, and {SHORTEST_SECRET} are needed",
                code="SIGNATURE-KEY",
                hint="make one with: openssl rand -base64 48",
            )

    @property
    def id(self) -> str:
        """A digest, which does not give the secret away."""
        return self.sign(b"driftline key id").hex()[:16]

    def sign(self, data: bytes) -> bytes:
        """Return the HMAC of some bytes."""
        return hmac.digest(self.secret, data, "sha256")

    def fits(self, signature: bytes, data: bytes) -> bool:
        """Return whether this is the HMAC of these bytes."""
        return hmac.compare_digest(signature, self.sign(data))


@dataclass(frozen=True, slots=True)
class Ed25519Key:
    """A key pair, or its public half, which can only check."""

    public: Ed25519PublicKey
    private: Ed25519PrivateKey | None = field(default=None, repr=False)
    algorithm: Algorithm = "ed25519"

    @property
    def id(self) -> str:
        """A digest of the public key."""
        return hashlib.sha256(self.public.public_bytes_raw()).hexdigest()[:16]

    def sign(self, data: bytes) -> bytes:
        """Return the signature of some bytes; raises PlanError for a public key."""
        if self.private is None:
            raise PlanError("a public key can't sign", code="SIGNATURE-KEY", hint="give the private one")
        return self.private.sign(data)

    def fits(self, signature: bytes, data: bytes) -> bool:
        """Return whether the private key made a signature of these bytes."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415

        try:
            self.public.verify(signature, data)
        except InvalidSignature:
            return False
        return True


class Signing(BaseModel):
    """Which keys plans are signed and checked with, and whether they have to be signed.

    What signs is the private key, else the shared secret. What is trusted are the public keys listed and the shared
    secret; one's own public key only when it is listed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    private_key_file: Path | None = None
    """An Ed25519 key (PEM)."""
    private_key: SecretStr | None = None
    """The same as text, for the environment."""
    passphrase: SecretStr | None = None
    """Of the private key, where it has one."""
    trusted_keys: tuple[Path, ...] = ()
    """The public keys (PEM) of those who may approve plans."""
    hmac_secret_file: Path | None = None
    hmac_secret: SecretStr | None = None
    """The same as text, for the environment."""
    required: bool = False
    """Whether a plan without a valid signature is refused."""

    def signer(self, folder: Path = Path()) -> Key:
        """Return what to sign with; raises SettingsError when there is nothing, or it can't be read.

        Args:
            folder: what relative paths are relative to.
        """
        if self.private_key is not None:
            return private_key(self.private_key.get_secret_value().encode(), self.passphrase)
        if self.private_key_file is not None:
            return private_key(_read(folder, self.private_key_file), self.passphrase)
        secret = self._secret(folder)
        if secret is None:
            raise SettingsError(
                "there is no key to sign with",
                code="SIGNATURE-KEY",
                hint="set signing.private_key_file or signing.hmac_secret_file",
            )
        return secret

    def trusted(self, folder: Path = Path()) -> list[Key]:
        """Return what to check with; raises SettingsError when a key can't be read."""
        keys: list[Key] = [public_key(_read(folder, path)) for path in self.trusted_keys]
        secret = self._secret(folder)
        return keys if secret is None else [*keys, secret]

    def _secret(self, folder: Path) -> SharedSecret | None:
        if self.hmac_secret is not None:
            return SharedSecret(self.hmac_secret.get_secret_value().encode().rstrip(_LINE_END))
        if self.hmac_secret_file is not None:
            return SharedSecret(_read(folder, self.hmac_secret_file).rstrip(_LINE_END))
        return None


def sign(plan: bytes, key: Key) -> bytes:
    """Return the signature file of a plan file; raises PlanError when that is no plan."""
    made = Plan.from_json(plan)
    signature = base64.b64encode(key.sign(plan)).decode()
    return Signature(algorithm=key.algorithm, key=key.id, plan=made.id, signature=signature).to_bytes()


def verify(plan: bytes, signature: bytes, keys: Iterable[Key]) -> Signature:
    """Check the signature file of a plan file against the keys that are trusted.

    Raises PlanError: SIGNATURE-FORMAT, SIGNATURE-UNKNOWN-KEY or SIGNATURE-WRONG.
    """
    claimed = Signature.from_bytes(signature)
    made = _decoded(claimed.signature)
    fitting = [key for key in keys if (key.id, key.algorithm) == (claimed.key, claimed.algorithm)]
    if not fitting:
        raise PlanError(
            f"the plan is signed with the key {claimed.key} ({claimed.algorithm}), which is not trusted",
            code="SIGNATURE-UNKNOWN-KEY",
            hint="let somebody sign it whose key is in signing.trusted_keys",
        )
    if not any(key.fits(made, plan) for key in fitting) or Plan.from_json(plan).id != claimed.plan:
        raise PlanError(
            "the plan is not what was signed",
            code="SIGNATURE-WRONG",
            hint="it was changed after it was signed, or the signature is that of another plan",
        )
    return claimed


def signature_path(plan: Path) -> Path:
    """Return where the signature of a plan file is kept."""
    return plan.with_name(plan.name + ".sig")


def sign_file(plan: Path, signing: Signing, folder: Path = Path()) -> Signature:
    """Sign a plan file: write the signature beside it, and return what it says.

    Raises PlanError when it is no plan, SettingsError when there is no key.
    """
    made = sign(_read_plan(plan), signing.signer(folder))
    path = signature_path(plan)
    try:
        path.write_bytes(made)
    except OSError as error:
        message = f"the signature {path} can't be written: {error.strerror}"
        raise PlanError(message, code="SIGNATURE-WRITE", hint="sign where you may write") from error
    return Signature.from_bytes(made)


def read_signed(
    plan: Path, signing: Signing, folder: Path = Path(), *, required: bool = False
) -> tuple[bytes, Signature | None]:
    """Return a plan file's bytes, checked as the settings ask, and the signature that was checked.

    Use these bytes and no others: what is read a second time may be something else. A signature that is there is
    checked where any key is trusted, also when none is required.

    Raises PlanError: SIGNATURE-MISSING, or as `verify`.
    """
    data, path = _read_plan(plan), signature_path(plan)
    keys = signing.trusted(folder)
    if not path.exists():
        if required or signing.required:
            raise PlanError(
                f"the plan {plan} is not signed: there is no {path.name}",
                code="SIGNATURE-MISSING",
                hint="let somebody sign it who may approve plans",
            )
        return data, None
    if not keys and not required and not signing.required:
        return data, None
    return data, verify(data, _read_file(path), keys)


def unsigned(what: str, hint: str) -> PlanError:
    """Return the error for a plan without a signature where the settings require one."""
    return PlanError(f"the settings require signed plans, and {what}", code="SIGNATURE-MISSING", hint=hint)


def private_key(pem: bytes, passphrase: SecretStr | None = None) -> Ed25519Key:
    """Return a key that can sign; raises SettingsError when it is none or the passphrase is wrong."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    password = passphrase.get_secret_value().encode() if passphrase else None
    try:
        key = load_pem_private_key(pem, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unusable("the private key", "or its passphrase is missing or wrong") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable("the private key")
    return Ed25519Key(key.public_key(), key)


def public_key(pem: bytes) -> Ed25519Key:
    """Return a key that can only check; raises SettingsError when it is none."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _unusable("a trusted key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise _unusable("a trusted key")
    return Ed25519Key(key)


def _read(folder: Path, path: Path) -> bytes:
    place = folder / path.expanduser()
    try:
        return place.read_bytes()
    except OSError as error:
        message = f"the key {place} can't be read: {error.strerror}"
        raise SettingsError(message, code="SIGNATURE-KEY", hint="see signing in the settings") from error


def _read_plan(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PlanError(f"the plan {path} can't be read: {error.strerror}", code="PLAN-MISSING") from error


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _malformed(f"{path} can't be read: {error.strerror}") from error


def _decoded(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise _malformed("signature: not in base 64") from error
    if base64.b64encode(data).decode() != text:  # its last letter has bits that do not count
        raise _malformed("signature: it was changed after it was made")
    return data


def _malformed(why: str) -> PlanError:
    return PlanError(f"not a usable signature: {why}", code="SIGNATURE-FORMAT", hint="sign the plan again")


def _unusable(what: str, why: str = "") -> SettingsError:
    message = f"{what} is no Ed25519 key in PEM" + (f", {why}" if why else "")
    return SettingsError(
        message, code="SIGNATURE-KEY", hint="make one with: openssl genpkey -algorithm ed25519"
    )
