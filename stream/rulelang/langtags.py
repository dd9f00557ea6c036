"""Languages as articles have them: tags such as `en` or `en-US`."""

from __future__ import annotations

import re

_TAG = re.compile(r"(?:[a-z]{2,3}|[xi](?=[-_]))(?:[-_][a-z0-9]{1,8})*")
_BEGINNING = re.compile(r"[a-z]{0,3}(?:[-_][a-z0-9]{0,8})*")
_NAMES = {
    name: tag
    for tag, *names in (
        *(
            ("ar", "arabic"),
            ("de", "german", "deutsch"),
            ("en", "english"),
            ("es", "spanish"),
            ("fa", "persian", "farsi"),
        ),
        *(("fr", "french"), ("he", "hebrew"), ("hi", "hindi"), ("it", "italian"), ("ja", "japanese"), ("ko", "korean")),
        *(("nl", "dutch"), ("pl", "polish"), ("pt", "portuguese"), ("ru", "russian"), ("tr", "turkish")),
        *(("uk", "ukrainian"), ("zh", "chinese")),
    )
    for name in names
}


def no_language(value: str) -> str | None:
    """What to write where a value of `lang` cannot be that of an article; None where it can, or is no plain value."""
    folded = value.strip().lower()
    form = _BEGINNING if folded.endswith("*") else _TAG
    bare = folded.removesuffix("*")
    if not bare or value.startswith("@") or "*" in bare or (bare not in _NAMES and form.fullmatch(bare)):
        return None
    if bare in _NAMES:
        return f"Did you mean `{_NAMES[bare]}`?"
    return "Write its tag, such as `en` or `en-US`."
