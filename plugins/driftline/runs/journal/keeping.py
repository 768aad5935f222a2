"""Texts that are kept until they are pruned: what a device was like, and what leads back there."""

from __future__ import annotations

import hashlib
import secrets
import threading
import zlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

from . import chain
from .errors import JournalError
from .values import Kept

if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable

    from pydantic import SecretStr

    from .file import JournalFile, Writing
    from .sealing import Seal

_DAY = 86400
_SEAL = "SELECT salt, proof FROM seal"
_TEXT = "SELECT digest, encrypted, text FROM kept WHERE run = ? AND unit = ? AND purpose = ?"
_OLD = (
    "DELETE FROM kept WHERE at < ? AND EXISTS "
    "(SELECT 1 FROM entries WHERE entries.run = kept.run AND kind = 'run-ended') RETURNING 1"
)


class KeptTexts:
    """The kept texts of a journal."""

    def __init__(self, file: JournalFile, key: SecretStr | None, clock: Callable[[], float]) -> None:
        self._file, self._key, self._clock = file, key, clock
        self._sealing = threading.Lock()

    def check_key(self) -> None:
        """Raise JournalError (JOURNAL-KEY) when the key is not the one of this journal, or there is none any more."""
        if self._key is None and self._file.read(_SEAL):
            raise JournalError(
                "what this journal keeps is encrypted, and there is no key",
                code="JOURNAL-KEY",
                hint="set the key, or use another state directory: what is kept would be readable from now on",
            )
        self._seal()

    def keep(self, run: str, unit: str, purpose: str, text: str) -> str:
        """Keep a text; see `Journal.keep`."""
        chain.json_text([unit, purpose])
        plain = text.encode(errors="surrogateescape")
        digest = hashlib.sha256(plain).hexdigest()
        seal = self._seal()
        packed = zlib.compress(plain)
        stored = packed if seal is None else seal.close(packed)
        row = (run, unit, purpose, self._clock(), len(plain), digest, seal is not None, stored)

        def work(writing: Writing) -> None:
            if seal is not None and writing.execute("SELECT salt FROM seal") != [(seal.salt,)]:
                raise _wrong_key()  # another process has begun another one
            there = writing.execute(_TEXT, row[:3])
            if not there:
                writing.execute("INSERT INTO kept VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            elif there[0][0] != digest:
                raise _another(run, unit, purpose)

        self._file.write(work)
        return digest

    def kept(self, run: str, unit: str, purpose: str, digest: str = "") -> str:
        """Return a text; see `Journal.kept`."""
        rows = self._file.read(_TEXT, (run, unit, purpose))
        if not rows:
            raise JournalError(
                f"nothing is kept of {unit} as {purpose!r} for run {run}",
                code="JOURNAL-NOT-KEPT",
                hint="it may have been pruned; see which texts are kept",
            )
        known, encrypted, stored = rows[0]
        packed = self._opened(stored) if encrypted else stored
        plain = _unpacked(packed)
        if plain is None or hashlib.sha256(plain).hexdigest() != known or digest not in ("", known):
            raise JournalError(
                f"what is kept of {unit} as {purpose!r} for run {run} is not what was written",
                code="JOURNAL-DAMAGED",
                hint="do not use it; verify the journal",
            )
        return plain.decode(errors="surrogateescape")

    def list(self, unit: str | None = None) -> builtins.list[Kept]:
        """Return which texts are kept; see `Journal.kept_list`."""
        rows = self._file.read(
            "SELECT run, unit, purpose, at, size, digest, encrypted FROM kept "
            "WHERE unit = ifnull(?, unit) ORDER BY rowid DESC",
            (unit,),
        )
        return [_kept(row) for row in rows]

    def prune(self, older_than: float) -> int:
        """Remove old texts; see `Journal.prune`."""
        if older_than < 0:
            raise JournalError("an age is a number of days", code="JOURNAL-VALUE")
        before = self._clock() - older_than * _DAY

        def work(writing: Writing) -> int:
            # What is removed is overwritten: it can hold keys.
            writing.execute("PRAGMA secure_delete = ON")
            return len(writing.execute(_OLD, (before,)))

        return self._file.write(work)

    def _opened(self, stored: bytes) -> bytes | None:
        seal = self._seal()
        if seal is None:
            raise JournalError(
                "what is kept is encrypted, and there is no key",
                code="JOURNAL-KEY",
                hint="set the key that it was encrypted with",
            )
        return seal.open(stored)

    def _seal(self) -> Seal | None:
        if self._key is None:
            return None
        with self._sealing:
            return self._made_seal

    @cached_property
    def _made_seal(self) -> Seal:
        """The seal of the key; the first use of a key in a journal makes its salt."""
        passphrase = self._key.get_secret_value() if self._key else ""
        if not passphrase:
            raise JournalError("the key is empty", code="JOURNAL-KEY", hint="set a passphrase, or none")
        found = self._file.read(_SEAL)
        return _fitting(passphrase, found) or self._file.write(lambda writing: _begun(writing, passphrase))


def _fitting(passphrase: str, found: list[tuple[Any, ...]]) -> Seal | None:
    """Return the seal of a passphrase, when it is that of this journal."""
    from .sealing import PROOF, Seal  # noqa: PLC0415 - only who has a key pays for it

    for salt, proof in found:
        seal = Seal(passphrase, salt)
        if seal.open(proof) == PROOF:
            return seal
    return None


def _begun(writing: Writing, passphrase: str) -> Seal:
    """Begin to use a passphrase, which may replace another one as long as nothing depends on that."""
    from .sealing import PROOF, Seal  # noqa: PLC0415

    quicker = _fitting(passphrase, writing.execute(_SEAL))
    if quicker is not None:
        return quicker
    if writing.execute("SELECT 1 FROM kept WHERE encrypted LIMIT 1"):
        raise _wrong_key()
    seal = Seal(passphrase, secrets.token_bytes(16))
    writing.execute("INSERT OR REPLACE INTO seal VALUES (1, ?, ?)", (seal.salt, seal.close(PROOF)))
    return seal


def _wrong_key() -> JournalError:
    return JournalError(
        "the key is not the one with which this journal's texts were encrypted",
        code="JOURNAL-KEY",
        hint="set that key; another one can be used when all encrypted texts were pruned",
    )


def _another(run: str, unit: str, purpose: str) -> JournalError:
    return JournalError(
        f"another text is kept of {unit} as {purpose!r} for run {run} already",
        code="JOURNAL-KEPT",
        hint="the first one stays; keep this one for another purpose",
    )


def _unpacked(packed: bytes | None) -> bytes | None:
    try:
        return zlib.decompress(packed) if packed is not None else None
    except zlib.error:
        return None


def _kept(row: tuple[Any, ...]) -> Kept:
    run, unit, purpose, at, size, digest, encrypted = row
    return Kept(run, unit, purpose, chain.utc(at), size, digest, bool(encrypted))
