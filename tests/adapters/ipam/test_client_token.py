"""Where a token comes from, how it is sent, and that it is seen nowhere else; whom it is shown to (TLS)."""

from __future__ import annotations

import ipaddress
import logging
import ssl
import traceback
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import stamina
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from structlog.testing import capture_logs
from tests.adapters.ipam.server import LOST, TOKEN, Reply, Request, Server

from driftline.adapters.ipam.dialects import NAUTOBOT, NETBOX, Dialect
from driftline.adapters.ipam.options import IpamOptions
from driftline.adapters.ipam.tokens import find_token
from driftline.engine.exceptions import DriftlineError, SettingsError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

V2 = "nbt_key.secret0secret0"


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Try again at once, with no token in the environment."""
    monkeypatch.delenv("NETBOX_TOKEN", raising=False)
    monkeypatch.delenv("NAUTOBOT_TOKEN", raising=False)
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


def found(folder: Path, dialect: Dialect = NETBOX, **settings: Any) -> str:
    options = IpamOptions.model_validate({"url": "https://netbox.example.org", **settings})
    return find_token(options, dialect, folder).get_secret_value()


def test_a_token_in_a_file_is_read_without_its_line_end(tmp_path: Path) -> None:
    """The path is relative to the settings."""
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    with capture_logs() as logs:
        assert found(tmp_path, token_file="token") == TOKEN
    assert logs == []


def test_a_file_that_others_may_read_is_told(tmp_path: Path) -> None:
    """It is used all the same: containers are given their secrets in such files."""
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o644)
    with capture_logs() as logs:
        assert found(tmp_path, token_file=file) == TOKEN
    assert [(each["event"], each["mode"]) for each in logs] == [("token file readable by others", "0644")]
    assert TOKEN not in str(logs)


def test_a_command_prints_the_token(tmp_path: Path) -> None:
    """It is run without a shell, so nothing in it is expanded."""
    assert found(tmp_path, token_command=["printf", "%s\n", "$HOME;x"]) == "$HOME;x"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["sh", "-c", f"echo {TOKEN}; echo {TOKEN} >&2; exit 3"], "ended with 3"),
        (["/no/such/command"], "No such file"),
        (["printf", "\\377"], "no text"),
        (["true"], "is empty"),
        (["printf", f"Token {TOKEN}"], "more than a token"),
        (["printf", f"{TOKEN}\\n{TOKEN}"], "more than a token"),
    ],
    ids=["failed", "missing", "no text", "empty", "with its scheme", "two lines"],
)
def test_a_command_that_gives_no_token_is_told_without_its_output(
    tmp_path: Path, command: list[str], told: str
) -> None:
    """What it printed may be the secret."""
    with pytest.raises(SettingsError, match=told) as caught:
        found(tmp_path, token_command=command)
    assert_silent(caught.value)


def test_the_environment_is_the_last_resort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each system has its own variable."""
    monkeypatch.setenv("NETBOX_TOKEN", V2)
    monkeypatch.setenv("NAUTOBOT_TOKEN", TOKEN)
    assert found(tmp_path) == V2
    assert found(tmp_path, NAUTOBOT) == TOKEN
    assert found(tmp_path, token="x") == "x"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "no token"),
        ({"token": ""}, "is empty"),
        ({"token": "x", "token_file": "y"}, "one source only"),
        ({"token_file": "missing"}, "No such file"),
    ],
    ids=["none", "empty", "two", "no file"],
)
def test_without_a_token_it_is_said_where_to_put_it(
    tmp_path: Path, settings: dict[str, Any], told: str
) -> None:
    """Before anything is asked."""
    with pytest.raises(SettingsError, match=told):
        found(tmp_path, **settings)


@pytest.mark.parametrize(
    ("dialect", "token", "header"),
    [(NETBOX, V2, f"Bearer {V2}"), (NETBOX, TOKEN, f"Token {TOKEN}"), (NAUTOBOT, TOKEN, f"Token {TOKEN}")],
    ids=["NetBox v2", "NetBox v1", "Nautobot"],
)
def test_each_kind_of_token_is_sent_in_its_own_way(dialect: Dialect, token: str, header: str) -> None:
    """Version 2 of NetBox's tokens is told by how it begins."""
    with Server(lambda _request: Reply([]), dialect) as server, server.client(token=token) as client:
        client.get("dcim/devices/")
        assert server.requests[0].headers["authorization"] == header


def echo(request: Request) -> Reply:
    """Repeat the header, as a server in debug mode does."""
    return Reply({"detail": f"bad header {request.headers['authorization']}"}, 400)


@pytest.mark.parametrize(
    "reply",
    [
        echo,
        lambda _: Reply({}, 403),
        lambda _: Reply({"error": "x"}, 500),
        lambda _: LOST,
        lambda _: Reply("<h1>"),
    ],
    ids=["echo", "403", "500", "lost", "html"],
)
@pytest.mark.parametrize("method", ["get", "graphql", "create", "update", "update one", "delete"])
def test_no_error_and_no_log_holds_the_token(
    reply: Any, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the message nor what it was caused by, nor what any of them refers to."""
    calls = {
        "get": lambda client: client.get("dcim/devices/"),
        "graphql": lambda client: client.graphql("{a}"),
        "create": lambda client: client.create("dcim/devices/", [{"name": "a"}]),
        "update": lambda client: client.update("dcim/devices/", [{"id": 1}]),
        "update one": lambda client: client.update(
            "dcim/devices/", [{"id": 1}], if_match="2026-01-01T00:00:00Z"
        ),
        "delete": lambda client: client.delete("dcim/devices/", [1]),
    }
    said: object = None
    with (
        caplog.at_level(logging.DEBUG),
        capture_logs() as logs,
        Server(reply) as server,
        server.client(retries=1) as client,
    ):
        assert TOKEN not in repr(client)
        try:
            said = calls[method](client)
        except DriftlineError as error:
            said = error
    for each in said if isinstance(said, list) else [said]:
        assert isinstance(each, DriftlineError)
        assert_silent(each)
    assert TOKEN not in str(logs)
    assert TOKEN not in caplog.text


def assert_silent(error: BaseException) -> None:
    """The token is in none of an error's chain, not even in what it holds."""
    chain: BaseException | None = error
    while chain is not None:
        request = getattr(chain, "_request", None)
        held = f"{chain!r} {chain} {vars(chain)} {dict(request.headers) if request is not None else ''}"
        assert TOKEN not in held
        chain = chain.__cause__ or chain.__context__
    assert TOKEN not in "".join(traceback.TracebackException.from_exception(error).format())


class Authority:
    """A certificate authority of one's own, and a server's certificate for 127.0.0.1 that it has signed."""

    def __init__(self, folder: Path, *, host: str = "127.0.0.1") -> None:
        folder.mkdir(exist_ok=True)
        self.file = folder / "ca.pem"
        key = ec.generate_private_key(ec.SECP256R1())
        authority = self._certificate("Authority", key.public_key(), "Authority", key, host=None)
        own = ec.generate_private_key(ec.SECP256R1())
        server = self._certificate("server", own.public_key(), "Authority", key, host=host)
        self.file.write_bytes(authority)
        pem = folder / "server.pem"
        pem.write_bytes(
            server
            + own.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pem)

    @staticmethod
    def _certificate(
        subject: str,
        public: ec.EllipticCurvePublicKey,
        issuer: str,
        key: ec.EllipticCurvePrivateKey,
        *,
        host: str | None,
    ) -> bytes:
        now = datetime.now(UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        )
        if host is not None:
            name = x509.IPAddress(ipaddress.ip_address(host))
            built = built.add_extension(x509.SubjectAlternativeName([name]), critical=False)
        return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_a_server_whose_authority_is_named_is_trusted(tmp_path: Path) -> None:
    """The certificate is checked, and so is the host name in it."""
    authority = Authority(tmp_path)
    with (
        Server(lambda _request: Reply([]), tls=authority.context) as server,
        server.client(ca_file=authority.file) as client,
    ):
        assert client.get("dcim/devices/") == []


@pytest.mark.parametrize("case", ["system", "other authority", "other host"])
def test_a_server_that_is_not_trusted_gets_no_token(tmp_path: Path, case: str) -> None:
    """It is told at once, without trying again."""
    authority = Authority(tmp_path, host="127.0.0.2" if case == "other host" else "127.0.0.1")
    other = Authority(tmp_path / "other")
    settings = {
        "system": {},
        "other authority": {"ca_file": other.file},
        "other host": {"ca_file": authority.file},
    }[case]
    seen: list[str] = []
    with Server(lambda _request: Reply([]), tls=authority.context) as server:
        server.reply = lambda request: seen.append(request.path) or Reply([])  # type: ignore[method-assign,func-returns-value]
        with (
            pytest.raises(Unreachable, match="certificate is not trusted") as caught,
            server.client(**settings),
        ):
            pass
    assert (seen, caught.value.code) == ([], "IPAM-TLS")
    assert "ca_file" in caught.value.hint


@pytest.mark.parametrize(("content", "told"), [(None, "No such file"), ("hello", "no certificate")])
def test_a_file_of_authorities_that_can_not_be_used_is_told(
    tmp_path: Path, content: str | None, told: str
) -> None:
    """Before anything is asked."""
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    with Server(lambda _request: Reply([])) as server, pytest.raises(SettingsError, match=told):
        server.client(ca_file=tmp_path / "ca.pem")
