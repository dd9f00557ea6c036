"""Receive Redline's alerts, signed and each once: REDLINE_SECRET=whsec_… python webhook_receiver.py [PORT]"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

KEY = base64.b64decode(os.environ["REDLINE_SECRET"].removeprefix("whsec_"))
SEEN: set[str] = set()


def is_signed(headers, body: bytes) -> bool:
    """Whether the bytes come from Redline, and within five minutes (Standard Webhooks)."""
    name, at = headers["webhook-id"], headers["webhook-timestamp"]
    signature = base64.b64encode(hmac.digest(KEY, f"{name}.{at}.".encode() + body, hashlib.sha256)).decode()
    given = (headers["webhook-signature"] or "").split()
    fresh = (at or "").isdecimal() and abs(time.time() - int(at)) < 300
    return fresh and any(hmac.compare_digest(f"v1,{signature}", one) for one in given)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        signed = is_signed(self.headers, body)
        found = json.loads(body) if signed else []
        for alert in found if isinstance(found, list) else [found]:  # a digest is a list
            if alert["id"] not in SEEN:  # after a crash an alert may come again, always under the same id
                SEEN.add(alert["id"])
                print(json.dumps([alert["severitytext"], alert["subject"], alert["data"]["summary"]]), flush=True)
        self.send_response(204 if signed else 401)
        self.end_headers()


HTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8500), Receiver).serve_forever()
