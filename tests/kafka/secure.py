"""A real Apache Kafka that asks for certificates, passwords and rights, and the authority behind its certificates.

Listeners, all on loopback: PLAINTEXT (nobody has to log in, and everything is allowed: for the tests' own work), TLS,
MUTUAL (TLS with client certificates), LOGIN (SASL over TLS), BARE (SASL without TLS), and TLS with a certificate that
has expired or is for another host. `admin` (by password or certificate) may do everything, all others what `allow`
gave them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import trustme
from cryptography.hazmat.primitives import serialization
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)
from kafka.admin import ACLResourcePatternType as PatternType

from stream.broker.rights import Right
from tests.kafka.broker import KafkaBroker
from tests.ports import free_ports
from tests.worker.kit import until

USERS = {
    name: f"secret of {name}"
    for name in ("admin", "worker", "replay", "alerts", "decide", "notify", "resend", "topics", "nobody", "partly")
}
"""Names and passwords."""

LISTENERS = {
    "TLS": "SSL",
    "MUTUAL": "SSL",
    "LOGIN": "SASL_SSL",
    "BARE": "SASL_PLAINTEXT",
    "EXPIRED": "SSL",
    "ELSEWHERE": "SSL",
}
"""Name -> security protocol, beside PLAINTEXT."""


class SecureBroker(KafkaBroker):
    """`ports[name]` is where a listener is; `folder` holds `ca.pem`, `other-ca.pem`, `client.pem`, `client.key`."""

    ports: dict[str, int]

    def more_properties(self) -> str:
        """Listeners with their certificates, users and the authorizer."""
        self.ports = dict(zip(LISTENERS, free_ports(len(LISTENERS)), strict=True))
        self._make_certificates()
        controller = f"CONTROLLER://127.0.0.1:{self.controller_port}"
        plain = f"PLAINTEXT://127.0.0.1:{self.port}"
        ours = ",".join(f"{name}://127.0.0.1:{port}" for name, port in self.ports.items())
        protocols = ",".join(f"{name}:{protocol}" for name, protocol in LISTENERS.items())
        lines = {
            "listeners": f"{plain},{ours},{controller}",
            "advertised.listeners": f"{plain},{ours}",
            "listener.security.protocol.map": f"PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,{protocols}",
            "inter.broker.listener.name": "PLAINTEXT",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512,SCRAM-SHA-256",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS;User:admin",
            "ssl.principal.mapping.rules": "RULE:^.*OU=([^,]*).*$/$1/,DEFAULT",
            "connection.failed.authentication.delay.ms": "50",
        }
        for name in LISTENERS:
            lines |= self._listener(name)
        return "".join(f"{key}={value}\n" for key, value in lines.items())

    def more_format(self) -> list[str]:
        """The users and their passwords."""
        return [
            argument
            for name, password in USERS.items()
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for argument in ("--add-scram", f"{mechanism}=[name={name},password={password}]")
        ]

    def at(self, listener: str, host: str = "127.0.0.1") -> str:
        """host:port of a listener."""
        return f"{host}:{self.ports[listener]}"

    def file(self, name: str) -> Path:
        """A file of the broker's folder."""
        return self.folder / name

    def allow(self, user: str, rights: Iterable[Right]) -> None:
        """Gives a user these rights; returns when the broker goes by them."""
        acls = [
            ACL(
                f"User:{user}",
                "*",
                ACLOperation[re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).upper()],
                ACLPermissionType.ALLOW,
                ResourcePattern(
                    ResourceType[right.kind.upper()],
                    right.name,
                    PatternType.PREFIXED if right.prefixed else PatternType.LITERAL,
                ),
            )
            for right in rights
            for operation in right.operations
        ]
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            answer = admin.create_acls(acls)
            assert not answer["failed"], answer
            anything = ResourcePatternFilter(ResourceType.ANY, None, PatternType.ANY)
            of_user = ACLFilter(f"User:{user}", None, ACLOperation.ANY, ACLPermissionType.ANY, anything)
            until(lambda: set(acls) <= set(admin.describe_acls(of_user)[0]), "the rights are in force")
        finally:
            admin.close()

    def _listener(self, name: str) -> dict[str, Any]:
        at = f"listener.name.{name.lower()}"
        lines = {}
        if LISTENERS[name].endswith("SSL"):
            kind = name.lower() if name in ("EXPIRED", "ELSEWHERE") else "server"
            lines |= {
                f"{at}.ssl.keystore.type": "PEM",
                f"{at}.ssl.keystore.location": self.folder / f"{kind}.pem",
                f"{at}.ssl.truststore.type": "PEM",
                f"{at}.ssl.truststore.location": self.folder / "ca.pem",
                f"{at}.ssl.client.auth": "required" if name == "MUTUAL" else "none",
            }
        if LISTENERS[name].startswith("SASL"):
            module = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            lines |= {f"{at}.{m}.sasl.jaas.config": module for m in ("scram-sha-256", "scram-sha-512")}
            lines[f"{at}.sasl.enabled.mechanisms"] = "SCRAM-SHA-512,SCRAM-SHA-256"
        return lines

    def _make_certificates(self) -> None:
        authority = trustme.CA(key_type=trustme.KeyType.RSA)
        authority.cert_pem.write_to_path(self.folder / "ca.pem")
        trustme.CA().cert_pem.write_to_path(self.folder / "other-ca.pem")
        yesterday = datetime.now(UTC) - timedelta(days=1)
        made = {
            "server": authority.issue_cert("127.0.0.1", "localhost", key_type=trustme.KeyType.RSA),
            "expired": authority.issue_cert("127.0.0.1", not_after=yesterday, key_type=trustme.KeyType.RSA),
            "elsewhere": authority.issue_cert("kafka.example.com", key_type=trustme.KeyType.RSA),
        }
        for name, certificate in made.items():
            chain = b"".join(pem.bytes() for pem in certificate.cert_chain_pems)
            (self.folder / f"{name}.pem").write_bytes(_pkcs8(certificate.private_key_pem.bytes()) + chain)
        client = authority.issue_cert("client.example.com", organization_unit_name="admin")
        client.private_key_pem.write_to_path(self.folder / "client.key")
        client.cert_chain_pems[0].write_to_path(self.folder / "client.pem")


def _pkcs8(key: bytes) -> bytes:
    """The only form of a private key that Kafka reads."""
    private = serialization.load_pem_private_key(key, password=None)
    form = serialization.PrivateFormat.PKCS8
    return private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
