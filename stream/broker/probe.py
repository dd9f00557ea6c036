"""Is there a Kafka broker at this address? One small request, before any client is made, with a deadline of its own.

kafka-python's clients wait for ever when a TLS handshake meets a broker without TLS, and report a refused connection,
an unknown host and a wrong certificate alike as "unable to bootstrap". Here each has its own words.
"""

from __future__ import annotations

import socket
import ssl
import struct

_API_VERSIONS = 18
_CORRELATION = 0x5EED
_ANSWER_BYTES_MAX = 65_536


def trouble(host: str, port: int, *, tls: ssl.SSLContext | None = None, timeout_seconds: float = 1.0) -> str | None:
    """None if a request for the supported versions (ApiVersions v0) is answered; else what happened, in a few words.

    The request is answered before anybody has to log in.
    """
    request = struct.pack(">hhih", _API_VERSIONS, 0, _CORRELATION, -1)
    try:
        with socket.create_connection((host, port), timeout_seconds) as plain:
            connection = plain if tls is None else tls.wrap_socket(plain, server_hostname=host)
            connection.sendall(struct.pack(">i", len(request)) + request)
            head = _receive(connection, 10)
            connection.close()
    except socket.gaierror:
        return f"the host name {host} is unknown"
    except ssl.SSLCertVerificationError as error:
        return f"the certificate is not accepted: {error.verify_message}"
    except ssl.SSLError as error:
        return f"no TLS connection: {(error.reason or str(error)).replace('_', ' ').lower()}"
    except TimeoutError:
        return f"no answer in {timeout_seconds:.1f} s (does it {'expect' if tls is None else 'speak'} TLS?)"
    except OSError as error:
        return (error.strerror or str(error)).lower()
    if head is None:
        return "it closed the connection" + (" (does it expect TLS?)" if tls is None else "")
    size, answered, error_code = struct.unpack(">iih", head)
    if answered != _CORRELATION or not 6 <= size <= _ANSWER_BYTES_MAX or error_code != 0:
        return "what listens there is no Kafka broker" + (" without TLS" if tls is None else "")
    return None


def _receive(connection: socket.socket, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            return None
        data += more
    return data
