"""Encrypts what is kept, with a key that is made of any passphrase."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

PROOF = b"driftline"


class Seal:
    """A passphrase and a salt, ready for use; making one takes a tenth of a second, which is what it is for."""

    def __init__(self, passphrase: str, salt: bytes) -> None:
        self.salt = salt
        key = Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def close(self, text: bytes) -> bytes:
        """Return a text encrypted."""
        return self._fernet.encrypt(text)

    def open(self, text: bytes) -> bytes | None:
        """Return an encrypted text in clear; None when it was encrypted with another key, or changed."""
        try:
            return self._fernet.decrypt(text)
        except InvalidToken:
            return None
