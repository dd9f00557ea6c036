"""Typed access to one mapping of a rule file: what the schema asks for, with a diagnostic where the file differs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from stream.rulelang.duration import parse_duration
from stream.rulelang.nodes import Place
from stream.rulelang.otherkeys import FORMS, OTHER_KEYS, OTHER_VALUES
from stream.rulelang.source import Source, did_you_mean, nearest, quoted
from stream.rulelang.yamltree import Mapping, Scalar, Tree
from stream.rulelang.yamltree import Sequence as Items

INTEGER_MAX = 1_000_000_000
TEXT_CODE_POINTS_MAX = 20_000

_INTEGER = re.compile(r"[0-9]{1,10}\Z")


class Fields:
    """The keys of one mapping. Unknown keys are noted at once; each getter notes what is wrong with its key."""

    def __init__(self, mapping: Mapping, known: Sequence[str], what: str) -> None:
        self.mapping = mapping
        self.source: Source = mapping.source
        self._what = what
        self._values: dict[str, Tree] = {}
        self._keys: dict[str, Scalar] = {}
        self._meant: set[str | None] = set()
        for key, value in mapping.entries:
            if key.text not in known:
                help_ = OTHER_KEYS.get(what, {}).get(key.text, "")
                if not help_:
                    help_ = did_you_mean(key.text, known)
                    self._meant.add(nearest(key.text, known))
                if " " in key.text.strip() or self._ends_a_value(key, value):
                    help_ = "Inside `{ }` a comma ends a value: put a value with a comma in quotes."
                self.source.add("R201", key.place, f"the key {quoted(key.text)}", f"a key of {what}", help_)
                continue
            self._keys[key.text] = key
            self._values[key.text] = value

    def _ends_a_value(self, key: Scalar, value: Tree) -> bool:
        """Whether a key is what stands behind a comma, with no colon: `{match: truce, talks}`."""
        return (
            isinstance(value, Scalar) and value.start == value.end and self.source.text[key.end : key.end + 1] in ",}"
        )

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def is_misspelt(self, key: str) -> bool:
        """Whether an unknown key was noted that must mean this one, which is missing: that is no news then."""
        return key in self._meant and key not in self._values

    def place(self, key: str) -> Place:
        """Where the key stands, or the mapping when it does not."""
        return self._keys[key].place if key in self._keys else self.mapping.place

    def _value(self, key: str) -> Tree | None:
        """The value behind a key; None when the key is missing, or what is there was refused and noted already."""
        value = self._values.get(key)
        return None if isinstance(value, Scalar) and value.refused else value

    def tree(self, key: str) -> Tree | None:
        """The value as it is, None when the key is missing or has nothing behind it."""
        value = self._value(key)
        return None if isinstance(value, Scalar) and value.is_empty else value

    def require(self, *keys: str) -> None:
        """Note the keys that are missing."""
        for key in keys:
            if key not in self._values and not self.is_misspelt(key):
                help_ = f"Add a line `{key}: …`."
                self.source.add("R202", self.mapping.place, f"{self._what} without `{key}`", f"the key `{key}`", help_)

    def scalar(self, key: str) -> Scalar | None:
        """A scalar value; an empty one is noted."""
        value = self._value(key)
        if value is None:
            return None
        if self._is_empty(key, value, "a value"):
            return None
        if not isinstance(value, Scalar):
            words = isinstance(value, Items) and key == "match"
            self._wrong(key, value, "a text", "A list of words stands behind `keywords:`." if words else "")
            return None
        return value

    def text(self, key: str, default: str = "") -> str:
        """A text of at most `TEXT_CODE_POINTS_MAX`, blanks around it removed."""
        value = self.scalar(key)
        if value is None:
            return default
        if len(value.text) > TEXT_CODE_POINTS_MAX:
            found = f"{len(value.text):,} characters"
            self.source.add("R215", self.place(key), found, f"at most {TEXT_CODE_POINTS_MAX:,}", "Shorten the text.")
        return value.text.strip()

    def choice(self, key: str, choices: Sequence[str], default: str) -> str:
        """One of the choices."""
        value = self.scalar(key)
        if value is None:
            return default
        if value.text not in choices:
            other = OTHER_VALUES.get((self._what, key), {}).get(value.text)
            help_ = f"Did you mean `{other}`?" if other in choices else did_you_mean(value.text, choices)
            self.source.add("R204", value.place, quoted(value.text), f"one of {', '.join(choices)}", help_)
            return default
        return value.text

    def integer(self, key: str, default: int, minimum: int = 1) -> int:
        """A whole number from `minimum` to `INTEGER_MAX`."""
        value = self.scalar(key)
        if value is None:
            return default
        written = value.style is None and _INTEGER.match(value.text) is not None
        if not written or not minimum <= int(value.text) <= INTEGER_MAX:
            help_ = "Write it without quotes and without a point."
            self.source.add("R208", value.place, quoted(value.text), f"a whole number of at least {minimum}", help_)
            return default
        return int(value.text)

    def flag(self, key: str) -> bool | None:
        """`true` or `false`."""
        value = self.scalar(key)
        if value is None:
            return None
        if value.style is not None or value.text not in ("true", "false"):
            self.source.add("R204", value.place, quoted(value.text), "true or false", "Write true or false.")
            return None
        return value.text == "true"

    def seconds(self, key: str, minimum: int = 1) -> int | None:
        """A duration such as `48h` in seconds."""
        value = self.scalar(key)
        if value is None:
            return None
        seconds = parse_duration(value.text, minimum)
        if seconds is None:
            help_ = "Units are s, m, h, d and w; parts may be joined: 1d12h."
            self.source.add("R207", value.place, quoted(value.text), "a duration such as 48h", help_)
        return seconds

    def scalars(self, key: str, *, may_be_empty: bool = False) -> list[Scalar]:
        """The items of a list of texts; an empty list is noted unless it says something."""
        value = self._value(key)
        if value is None:
            return []
        if self._is_empty(key, value, "a list"):
            return []
        if not isinstance(value, Items):
            shown = value.text if isinstance(value, Scalar) else "…"
            self._wrong(key, value, "a list", f"Write `{key}: [{shown}]`.")
            return []
        if not value.items and not may_be_empty:
            help_ = f"Write an item, or delete `{key}`."
            self.source.add("R210", value.place, f"an empty list behind `{key}:`", "at least one item", help_)
        texts = []
        for item in value.items:
            if isinstance(item, Scalar):
                texts += [] if item.refused else [item]
            else:
                self._wrong(key, item, "a text", item=True)
        return texts

    def texts(self, key: str) -> tuple[str, ...]:
        """The items of a list of texts as texts."""
        return tuple(item.text.strip() for item in self.scalars(key))

    def text_or_texts(self, key: str) -> None:
        """Check a key that holds a text or a list of texts and is kept for readers alone."""
        if isinstance(self._value(key), Items):
            self.scalars(key, may_be_empty=True)
        else:
            self.scalar(key)

    def mapping_at(self, key: str) -> Mapping | None:
        """A mapping."""
        value = self._value(key)
        if value is None:
            return None
        if self._is_empty(key, value, "keys with values"):
            return None
        if not isinstance(value, Mapping):
            self._wrong(key, value, "keys with values")
            return None
        return value

    def mappings(self, key: str) -> list[Mapping]:
        """The items of a list of mappings."""
        value = self._value(key)
        if value is None or self._is_empty(key, value, "a list"):
            return []
        if not isinstance(value, Items):
            self._wrong(key, value, "a list", "Begin each entry with `- `.")
            return []
        found = []
        for item in value.items:
            if isinstance(item, Mapping):
                found.append(item)
            elif not isinstance(item, Scalar) or not item.refused:
                self._wrong(key, item, "keys with values", item=True)
        return found

    def _is_empty(self, key: str, value: Tree, expected: str) -> bool:
        """Whether there is nothing behind the key, which is noted."""
        if not isinstance(value, Scalar) or not value.is_empty:
            return False
        form = f", as in `{FORMS[key]}`," if key in FORMS else ""
        help_ = f"Write {expected} behind `{key}:`{form} or delete `{key}`."
        self.source.add("R210", self.place(key), f"`{key}:` with nothing behind it", expected, help_)
        return True

    def _wrong(self, key: str, value: Tree, expected: str, help_: str = "", *, item: bool = False) -> None:
        """Note a value of another type than expected, behind a key or as an item of its list."""
        match value:
            case Scalar():
                found = "nothing" if value.is_empty else f"the text {quoted(value.text)}"
            case Items():
                found = "a list"
            case Mapping():
                found = "keys with values"
        found += f" as an item of `{key}:`" if item else f" behind `{key}:`"
        form = f" Write it so: `{FORMS[key]}`." if key in FORMS else ""
        help_ = f"{help_}{form}".strip() or f"Write {expected} there."
        self.source.add("R203", value.place, found, expected, help_)


def unique(names: Iterable[Scalar], what: str, source: Source, do: str = "rename one of them") -> None:
    """Note names that stand twice; `do` is what helps."""
    seen: dict[str, Place] = {}
    for name in names:
        if name.refused:
            continue
        if name.text in seen:
            help_ = f"The first one is in line {seen[name.text].line}; {do}."
            source.add("R212", name.place, f"{what} {quoted(name.text)} a second time", "names that differ", help_)
        seen.setdefault(name.text, name.place)
