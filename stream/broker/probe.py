"""Is there a Kafka broker at this address, and does it let us in? Two small requests, before any client is made.

kafka-python's clients wait for ever when a TLS handshake meets a broker without TLS, try a refused login again until
their time is up, and report a refused connection, an unknown host and a wrong certificate alike as "unable to
bootstrap". Here each has its own words.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import struct
from dataclasses import dataclass

from stream.broker.login import Login, Refused

_METADATA = 3
_API_VERSIONS = 18
_SASL_HANDSHAKE = 17
_SASL_AUTHENTICATE = 36
_ANSWER_BYTES_MAX = 65_536
_ILLEGAL_SASL_STATE = 34


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no broker to talk to, in a few words. `lasting`: waiting would not help."""

    what: str
    lasting: bool = False

    def __str__(self) -> str:
        """The words."""
        return self.what


def trouble(
    host: str, port: int, *, tls: ssl.SSLContext | None = None, login: Login | None = None, timeout_seconds: float = 1.0
) -> Trouble | None:
    """None if a broker answers there and, with `login`, lets us in; else what happened.

    With a login and without TLS, a broker is trouble that names others which are not on this machine.
    """
    try:
        with socket.create_connection((host, port), timeout_seconds) as plain:
            connection = plain if tls is None else tls.wrap_socket(plain, server_hostname=host)
            wire = _Wire(connection)
            found = _greet(wire, login, tls=tls is not None)
            if found is None and login is not None and tls is None:
                found = _password_in_clear(wire)
            connection.close()
    except socket.gaierror:
        return Trouble(f"the host name {host} is unknown")
    except ssl.SSLCertVerificationError as error:
        return Trouble(f"its certificate is not accepted: {_why(error)}", lasting=True)
    except ssl.SSLError as error:
        return _tls_trouble(error)
    except TimeoutError:
        return Trouble(f"no answer in {timeout_seconds:.1f} s (does it {'expect' if tls is None else 'speak'} TLS?)")
    except OSError as error:
        return Trouble((error.strerror or str(error)).lower())
    except struct.error:
        return Trouble("its answer is cut short; is it a Kafka broker?")
    return found


def _greet(wire: _Wire, login: Login | None, *, tls: bool) -> Trouble | None:
    # The supported versions are told before anybody has to log in.
    versions = wire.ask(_API_VERSIONS, 0)
    if versions is None:
        return Trouble("it closed the connection" + ("" if tls else " (does it expect TLS?)"))
    if versions[:2] != b"\0\0":
        return Trouble("what listens there is no Kafka broker" + ("" if tls else " without TLS"))
    if login is not None:
        return _log_in(wire, login)
    # A broker that waits for a login takes nothing else from here on.
    if wire.ask(_API_VERSIONS, 0) is None:
        return Trouble(f"it asks for a login; set kafka_security to {'SASL_SSL' if tls else 'SASL_PLAINTEXT'}", True)
    return None


def _log_in(wire: _Wire, login: Login) -> Trouble | None:
    answer = wire.ask(_SASL_HANDSHAKE, 1, _text(login.mechanism.encode()))
    if answer is None:
        return Trouble("it closed the connection when asked for a login")
    (error,) = struct.unpack_from(">h", answer)
    if error == _ILLEGAL_SASL_STATE:
        return Trouble("it does not ask for a login; set kafka_security to SSL or PLAINTEXT", lasting=True)
    if error != 0:
        offered = _texts(answer[2:])
        if login.mechanism in offered:
            return Trouble(f"it lets nobody log in with {login.mechanism} (error {error})", lasting=True)
        return Trouble(
            f"it does not offer {login.mechanism}, but {', '.join(offered)}; set kafka_sasl_mechanism", lasting=True
        )
    try:
        for said in login.conversation():
            heard = wire.ask(_SASL_AUTHENTICATE, 0, struct.pack(">i", len(said.token)) + said.token)
            if heard is None:
                return Trouble("it closed the connection during the login")
            (error, length) = struct.unpack_from(">hh", heard)
            if error != 0:
                return _refused(login)
            (size,) = struct.unpack_from(">i", heard, 4 + max(0, length))
            said.answer = heard[8 + max(0, length) :][:size]
    except Refused:
        return _refused(login)
    return None


def _password_in_clear(wire: _Wire) -> Trouble | None:
    """Clients go on to the brokers that this one names and log in there, too."""
    answer = wire.ask(_METADATA, 4, struct.pack(">i?", 0, False))
    if answer is None:
        return Trouble("it closed the connection when asked for the brokers")
    (count,) = struct.unpack_from(">i", answer, 4)
    at = 8
    for _ in range(count):
        (size,) = struct.unpack_from(">h", answer, at + 4)
        host = answer[at + 6 : at + 6 + size].decode("utf-8", "replace")
        at += 6 + size
        port, rack = struct.unpack_from(">ih", answer, at)
        at += 6 + max(0, rack)
        if not _on_this_machine(host):
            broker = f"{host!r}, port {port}"
            return Trouble(f"it names the broker {broker}, where the password would go in clear; use SASL_SSL", True)
    return None


def _on_this_machine(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return True  # nobody can be reached there
    return all(ipaddress.ip_address(str(address[0]).split("%")[0]).is_loopback for *_, address in found)


def _refused(login: Login) -> Trouble:
    return Trouble(
        f"it refused the login of {login.username!r} ({login.mechanism}); check kafka_username and the password", True
    )


def _why(error: ssl.SSLCertVerificationError) -> str:
    message = error.verify_message.rstrip(".")
    if "certificate is not valid for" in message:
        return f"{message}; use a name or address that is in it"
    if "issuer" in message or "self-signed" in message or "self signed" in message:
        return f"{message}; kafka_ca_file must be the authority that signed it"
    return message


def _tls_trouble(error: ssl.SSLError) -> Trouble:
    reason = (error.reason or str(error)).replace("_", " ").lower()
    # "bad certificate" is what Java says when there is none at all.
    if any(word in reason for word in ("certificate required", "bad certificate", "unknown ca", "certificate unknown")):
        what = "it wants a certificate of ours that it accepts; see kafka_certificate_file and kafka_key_file"
        return Trouble(what, lasting=True)
    return Trouble(f"no TLS connection: {reason} (does it speak TLS?)")


def _text(text: bytes) -> bytes:
    return struct.pack(">h", len(text)) + text


def _texts(data: bytes) -> list[str]:
    (count,) = struct.unpack_from(">i", data)
    found, at = [], 4
    for _ in range(min(count, 20)):
        (size,) = struct.unpack_from(">h", data, at)
        found.append(data[at + 2 : at + 2 + size].decode("ascii", "replace"))
        at += 2 + size
    return found


class _Wire:
    """Requests and answers of Kafka's protocol, one after the other."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._asked = connection, 0

    def ask(self, api: int, version: int, body: bytes = b"") -> bytes | None:
        """The answer without its head; None if the other side closed, what is no answer comes as `b""`."""
        self._asked += 1
        request = struct.pack(">hhih", api, version, self._asked, -1) + body
        try:
            self._connection.sendall(struct.pack(">i", len(request)) + request)
            head = self._receive(8)
            if head is None:
                return None
            size, answered = struct.unpack(">ii", head)
            if answered != self._asked or not 6 <= size <= _ANSWER_BYTES_MAX:
                return b""
            return self._receive(size - 4)
        except ConnectionError:
            return None

    def _receive(self, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            more = self._connection.recv(size - len(data))
            if not more:
                return None
            data += more
        return data
