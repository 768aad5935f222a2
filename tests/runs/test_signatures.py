"""Signatures: a plan is applied as it was approved, to the byte, or not at all."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from driftline.engine import Plan
from driftline.engine.exceptions import DriftlineError, PlanError, SettingsError
from driftline.engine.plan import Step, Target
from driftline.runs.signatures import (
    Ed25519Key,
    SharedSecret,
    Signature,
    Signing,
    private_key,
    public_key,
    read_signed,
    sign,
    sign_file,
    signature_path,
    verify,
)

if TYPE_CHECKING:
    from pathlib import Path

    from driftline.runs.signatures import Key

PLAN = Plan(
    source="intent",
    target=Target("devices", "devices"),
    inputs="0",
    steps=(Step("1", "delete", "vlan", {"device": "sw1", "vid": 9}, "9", "sw1", None, {"name": "é"}, None),),
)
TEXT = PLAN.to_json().encode()
PAIR = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OURS = Ed25519Key(PAIR.public_key(), PAIR)
SECRET = SharedSecret(b"s" * 32)
KEYS: list[Key] = [OURS, SECRET]
BOTH = pytest.mark.parametrize("key", KEYS, ids=lambda key: key.algorithm)


def pem(key: Any, passphrase: bytes | None = None) -> bytes:
    encryption = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def public_pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a plan and the keys of those who approve."""
    (tmp_path / "plan.json").write_bytes(TEXT)
    (tmp_path / "approver.key").write_bytes(pem(PAIR))
    (tmp_path / "approver.pub").write_bytes(public_pem(PAIR))
    (tmp_path / "secret").write_bytes(b"s" * 32 + b"\n")
    return tmp_path


OWN = Signing(private_key_file="approver.key")
TRUSTING = Signing(trusted_keys=("approver.pub",), required=True)
SHARING = Signing(hmac_secret_file="secret", required=True)


def code_of(*arguments: object, **options: object) -> str:
    with pytest.raises(DriftlineError) as caught:
        read_signed(*arguments, **options)  # type: ignore[arg-type]
    return caught.value.code


# A signed plan --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("signer", "checker"), [(OWN, TRUSTING), (SHARING, SHARING)], ids=["pair", "secret"])
def test_signed_by_one_and_checked_by_another(folder: Path, signer: Signing, checker: Signing) -> None:
    """Who has the public key, or the shared secret, can tell that a plan is what was approved, and by which key."""
    plan = folder / "plan.json"
    made = sign_file(plan, signer, folder)

    data, checked = read_signed(plan, checker, folder)

    assert (data, checked) == (TEXT, made)
    assert (made.plan, made.key) == (PLAN.id, signer.signer(folder).id)
    assert signature_path(plan).name == "plan.json.sig"


def test_any_tool_can_check_it() -> None:
    """What is signed are the bytes of the file, and nothing else."""
    signature = json.loads(sign(TEXT, OURS))

    assert signature["algorithm"] == "ed25519"
    PAIR.public_key().verify(base64.b64decode(signature["signature"]), TEXT)


@BOTH
def test_same_plan_same_signature(key: Key) -> None:
    """A signature is as deterministic as the plan."""
    assert sign(TEXT, key) == sign(TEXT, key)


def test_only_plans_are_signed() -> None:
    """What is no plan, or was edited, can't be signed."""
    with pytest.raises(PlanError) as caught:
        sign(TEXT.replace(b'"9"', b'"8"'), OURS)

    assert caught.value.code == "PLAN-FORMAT"


# Flipped bytes --------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("bit", [0, 5, 7])
def test_every_byte_of_the_plan_counts(key: Key, bit: int) -> None:
    """Whichever byte of the plan is flipped, it is refused."""
    signature = sign(TEXT, key)
    for place in range(len(TEXT)):
        flipped = bytearray(TEXT)
        flipped[place] ^= 1 << bit
        with pytest.raises(PlanError) as caught:
            verify(bytes(flipped), signature, KEYS)
        assert caught.value.code == "SIGNATURE-WRONG"


@BOTH
@pytest.mark.parametrize("bit", range(8))
def test_every_byte_of_the_signature_counts(key: Key, bit: int) -> None:
    """Whichever byte of the signature file is flipped, the plan is refused: there is only one way to write it."""
    signature = sign(TEXT, key)
    for place in range(len(signature)):
        flipped = bytearray(signature)
        flipped[place] ^= 1 << bit
        with pytest.raises(PlanError) as caught:
            verify(TEXT, bytes(flipped), KEYS)
        assert caught.value.code in ("SIGNATURE-FORMAT", "SIGNATURE-WRONG", "SIGNATURE-UNKNOWN-KEY")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(KEYS), st.data())
def test_any_other_bytes_are_refused(key: Key, data: st.DataObject) -> None:
    """Bytes may be replaced, inserted, cut out or appended, in the plan or in its signature: it is refused."""
    files = {"plan": TEXT, "signature": sign(TEXT, key)}
    which = data.draw(st.sampled_from(sorted(files)))
    text = files[which]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 4, len(text))))
    files[which] = text[:start] + data.draw(st.binary(max_size=4)) + text[end:]

    if files[which] == text:
        verify(files["plan"], files["signature"], KEYS)
        return
    with pytest.raises(PlanError):
        verify(files["plan"], files["signature"], KEYS)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_as_a_signature(data: bytes) -> None:
    """Whatever stands in the signature file, it is refused with a code."""
    with pytest.raises(PlanError) as caught:
        verify(TEXT, data, KEYS)

    assert caught.value.code == "SIGNATURE-FORMAT"


# Refusals -------------------------------------------------------------------------------------------------


def test_missing(folder: Path) -> None:
    """Where signatures are required, by the settings or for this run, a plan without one is refused."""
    plan = folder / "plan.json"

    assert code_of(plan, TRUSTING, folder) == "SIGNATURE-MISSING"
    assert code_of(plan, Signing(), folder, required=True) == "SIGNATURE-MISSING"
    assert read_signed(plan, Signing(), folder) == (TEXT, None)


def test_key_that_is_not_trusted(folder: Path) -> None:
    """A signature by somebody else is refused; so is one's own, unless one's key is listed."""
    plan = folder / "plan.json"
    sign_file(plan, OWN, folder)

    assert code_of(plan, SHARING, folder) == "SIGNATURE-UNKNOWN-KEY"
    assert code_of(plan, OWN, folder, required=True) == "SIGNATURE-UNKNOWN-KEY"


def test_signature_of_another_plan(folder: Path) -> None:
    """A valid signature of another plan is none of this one."""
    other = Plan(source="intent", target=PLAN.target, inputs="1", steps=())
    plan = folder / "plan.json"
    signature_path(plan).write_bytes(sign(other.to_json().encode(), OURS))

    assert code_of(plan, TRUSTING, folder) == "SIGNATURE-WRONG"


def test_right_bytes_under_another_plans_id() -> None:
    """The plan that a signature names is the one that was signed."""
    signature = Signature.from_bytes(sign(TEXT, OURS)).model_copy(update={"plan": "0"})

    with pytest.raises(PlanError) as caught:
        verify(TEXT, signature.to_bytes(), KEYS)

    assert caught.value.code == "SIGNATURE-WRONG"


def test_wrong_signature_counts_also_where_none_is_required(folder: Path) -> None:
    """Somebody signed it, and it was changed: that is no plan to apply. Without any key nobody can tell."""
    plan = folder / "plan.json"
    sign_file(plan, OWN, folder)
    plan.write_bytes(TEXT.replace(b"sw1", b"sw2"))

    assert code_of(plan, Signing(trusted_keys=("approver.pub",)), folder) == "SIGNATURE-WRONG"
    assert read_signed(plan, Signing(), folder)[1] is None


# Keys -----------------------------------------------------------------------------------------------------


def test_key_with_a_passphrase() -> None:
    """A private key may have a passphrase; without it, and with a wrong one, it is refused."""
    text = pem(PAIR, b"canary phrase")

    assert private_key(text, SecretStr("canary phrase")).id == OURS.id
    for passphrase in (None, SecretStr("wrong")):
        with pytest.raises(SettingsError, match="passphrase") as caught:
            private_key(text, passphrase)
        assert caught.value.code == "SIGNATURE-KEY"


def test_keys_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys can be given as text, which no representation shows."""
    signing = Signing(private_key=SecretStr(pem(PAIR).decode()), hmac_secret=SecretStr("s" * 32))

    assert (signing.signer().id, [key.id for key in signing.trusted()]) == (OURS.id, [SECRET.id])
    assert "PRIVATE" not in repr(signing)
    assert "ssss" not in repr(signing) + repr(signing.trusted())


@pytest.mark.parametrize(
    "text",
    [b"", b"nonsense", pem(generate_private_key(SECP256R1()))],
    ids=["empty", "nonsense", "another kind"],
)
def test_unusable_keys(text: bytes) -> None:
    """What is no Ed25519 key is refused, with what to do."""
    for read in (private_key, public_key):
        with pytest.raises(SettingsError, match="no Ed25519 key") as caught:
            read(text)
        assert "openssl" in caught.value.hint


def test_short_secret() -> None:
    """A secret that is shorter than the digest is refused."""
    with pytest.raises(SettingsError, match="has 31 bytes, and 32 are needed"):
        SharedSecret(b"s" * 31)


@pytest.mark.parametrize(
    "signing", [Signing(), Signing(private_key_file="none"), Signing(hmac_secret_file="none")]
)
def test_no_key_to_sign_with(tmp_path: Path, signing: Signing) -> None:
    """Without a key, or with one that is not there, nothing is signed."""
    with pytest.raises(SettingsError) as caught:
        signing.signer(tmp_path)

    assert caught.value.code == "SIGNATURE-KEY"


def test_public_key_can_not_sign() -> None:
    """A public key only checks."""
    with pytest.raises(PlanError, match="a public key can't sign"):
        sign(TEXT, public_key(public_pem(PAIR)))


def test_unknown_settings() -> None:
    """A misspelt setting is refused: it could be the one that requires signatures."""
    with pytest.raises(ValidationError):
        Signing(require=True)  # type: ignore[call-arg]
