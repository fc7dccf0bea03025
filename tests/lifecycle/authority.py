"""A private certificate authority, and what a server on loopback shows of it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Authority:
    """A private authority.

    Attributes:
        file: its certificate.
        issued: what a server shows.
    """

    file: Path
    issued: trustme.LeafCert

    @classmethod
    def make(cls, directory: Path) -> Authority:
        """Make one, with its certificate as `ca.pem` in a directory."""
        made = trustme.CA()
        made.cert_pem.write_to_path(directory / "ca.pem")
        return cls(directory / "ca.pem", made.issue_cert("127.0.0.1"))

    def context(self) -> ssl.SSLContext:
        """Return what a server of this process needs."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.issued.configure_cert(context)
        return context

    def write(self, certificate: Path, key: Path) -> None:
        """Write what a server of another process needs."""
        for blob in self.issued.cert_chain_pems:
            blob.write_to_path(certificate, append=True)
        self.issued.private_key_pem.write_to_path(key)
