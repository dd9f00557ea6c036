"""Foreign text for terminals and pages: without escape sequences, controls, and characters that reorder others."""

from __future__ import annotations

import re

# CSI, OSC and the other string sequences with their content, then every other two-character sequence. What never ends
# is not swallowed: nobody can hide the rest of a text that way.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]P_^X]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]{0,2000}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]|(?<![^\x00-\x7f])[\u200c\u200d]"
)
_BLANKS = re.compile(r"\s+")


def printable(text: str) -> str:
    """The text on one line, without escape sequences, control characters and characters that reorder others."""
    return _BLANKS.sub(" ", harmless(text)).strip()


def escaped(text: str) -> str:
    """The text with controls, and characters that are not seen or reorder others, as escapes: `\\u202e`.

    Joiners stay behind a letter that is not ASCII: Persian, the languages of India and emoji are written with them.
    """
    return _UNSEEN.sub(lambda found: _escape(ord(found.group())), text)


def _escape(number: int) -> str:
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def harmless(text: str) -> str:
    """The same with its line breaks and blanks as they are."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text))
