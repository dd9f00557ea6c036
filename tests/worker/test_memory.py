"""Memory that is used for a moment goes back to the system."""

import subprocess
import sys

PROGRAM = """
import gc, threading
from stream.worker.memory import give_back, settle

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

settle()
assert gc.get_freeze_count() > 1_000
settle()
before = resident_mb()
def work():
    # Buffers of growing size between small things that stay, as fetches are.
    kept = []
    for size in range(150_000, 1_000_000, 10_000):
        buffers = [b"x" * size for _ in range(20)]
        kept.append(bytes(100))
    return kept
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
kept = work()
give_back()
print(resident_mb() - before)
"""


HOLES = """
import os
from stream.worker.memory import give_back, settle

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

settle()
before = resident_mb()
kept, forgotten = [], []
for number in range(4_000):
    forgotten.append(bytes(20_000))
    kept.append(bytes(2_000))
forgotten.clear()
full = resident_mb()
give_back()
print(full - before, resident_mb() - before)
"""

ANEW = """
import weakref
from stream.worker.memory import settle

class Rules:
    def __init__(self):
        self.they_refer_to = self

old = Rules()
seen = weakref.ref(old)
settle()
old = Rules()
settle()
print(float(seen() is None))
"""


def said(program: str) -> list[float]:
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return [float(number) for number in ended.stdout.split()]


def test_large_buffers_do_not_stay() -> None:
    (more,) = said(PROGRAM)
    assert more < 10.0


def test_holes_are_given_back() -> None:
    full, more = said(HOLES)
    assert full > 70.0, "what stays lies between what was forgotten"
    assert more < 45.0


def test_what_was_loaded_before_goes_when_something_else_is_loaded() -> None:
    assert said(ANEW) == [1.0]
