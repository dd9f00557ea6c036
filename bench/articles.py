"""Articles for benchmarks: as large as the seeds (5 KB on average), some on the subject of the shipped rules."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

from kafka import KafkaProducer

from stream.settings import Settings
from stream.wire.topics import RAW, full_name

DEADLINE_SECONDS = 300.0
SEEDS = Path(__file__).parent.parent / "seeds"
SMALL_TALK = (
    "The bakery on the corner of Mill Street will stay open until nine on Fridays, its owner said.",
    "Rain is expected in the afternoon, with a light wind from the west and 14 degrees by the lake.",
    "The school choir sang twelve songs, three of them written by pupils of the sixth year.",
    "Two hundred and forty runners took part in the autumn race, more than ever before.",
    "The library has bought 1,300 new books; most of them are about travel, cooking and gardens.",
    "“We did not expect so many people,” the head of the music club told this paper on Sunday.",
    "A new bridge for cyclists is to link the station with the old market by the end of next year.",
    "The council will vote on the budget for playgrounds, benches and street lamps in March.",
    "Their goalkeeper saved two penalties before the home side scored in the last minute.",
    "Apples are cheaper than last year because the harvest was good, growers in the valley say.",
    "The museum shows drawings of birds by a painter who was born here in 1871.",
)


def messages(count: int, hot: float) -> Iterator[tuple[str, bytes]]:
    """Every 1/hot-th article is a seed, on the subject of the shipped rules; the others are small talk of its size."""
    bodies = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(SEEDS.glob("*.txt"))]
    seeds, sizes = itertools.cycle(bodies), itertools.cycle(map(len, bodies))
    heat = 0.0
    for number in range(count):
        heat += hot
        size = next(sizes)
        if heat < 1:
            body = _small_talk(number, size)
        else:
            body = next(seeds)
            heat -= 1
        fields = {"id": f"bench-{number}", "title": body.lstrip().partition("\n")[0][:200], "body": body}
        yield f"bench-{number}", json.dumps({**fields, "exercise": True}).encode()


def _small_talk(number: int, characters: int) -> str:
    sentences = [f"Edition {number} of the town paper."]
    while sum(map(len, sentences)) < characters:
        number = (number * 1_103_515_245 + 12_345) % 2**31
        end = "\n\n" if number % 5 == 0 else " "
        sentences.append(SMALL_TALK[number // 8 % len(SMALL_TALK)] + end)
    return "".join(sentences)


def publish(settings: Settings, count: int, hot: float) -> None:
    """Sends so many articles to the raw topic, acknowledged."""
    producer = KafkaProducer(bootstrap_servers=settings.bootstrap, acks="all", linger_ms=5)
    for key, value in messages(count, hot):
        producer.send(full_name(settings.topic_prefix, RAW), key=key.encode(), value=value)
    producer.flush(timeout=DEADLINE_SECONDS)
    producer.close()
