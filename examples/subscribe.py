"""Follow Redline's alerts from a program of your own: pip install 'kafka-python[crc32c]'. Each alert is shown once."""

import json
import sys

from kafka import KafkaConsumer

servers, seen = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:9092", {}
topics = [f"redline.alerts.{severity}" for severity in ("medium", "high", "critical")]
for record in KafkaConsumer(*topics, bootstrap_servers=servers, auto_offset_reset="earliest"):
    alert = json.loads(record.value)
    if alert["id"] not in seen:  # after a crash an alert may come again, always under the same id
        seen[alert["id"]] = None
        print(json.dumps([alert["severitytext"], alert["subject"], alert["data"]["summary"]]), flush=True)
    if len(seen) > 100_000:
        del seen[next(iter(seen))]
