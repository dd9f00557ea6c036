"""What to say of an address or a port that cannot be listened on, and of what to do."""

from __future__ import annotations

import errno
import socket


def cannot_listen(host: str, port: int, error: OSError, *, host_setting: str, port_setting: str) -> str:
    """One sentence: which of the two is wrong, and the flag that names another one. Settings in `snake_case`."""
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    host_flag, port_flag = (f"--{setting.replace('_', '-')}" for setting in (host_setting, port_setting))
    other = f"choose another port with {port_flag} (0: any free one)"
    address = f"name one of this machine with {host_flag} (127.0.0.1: for this machine only; 0.0.0.0: all it has)"
    if isinstance(error, socket.gaierror):
        return f"cannot listen on {place}: {host} is neither an address nor a known name; {address}"
    match error.errno:
        case errno.EADDRINUSE:
            return f"cannot listen on {place}: another program has this port; {other}"
        case errno.EADDRNOTAVAIL | errno.EAFNOSUPPORT:
            return f"cannot listen on {place}: this machine does not have the address {host}; {address}"
        case errno.EACCES:
            return f"cannot listen on {place}: this user may not take the port {port}; {other}"
        case _:
            return f"cannot listen on {place} ({error.strerror or error}); {other}, or another address with {host_flag}"
