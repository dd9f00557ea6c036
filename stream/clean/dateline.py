"""Datelines: the place, and often the date and the agency, that open a report.

    KIEV (Reuters) – Text                          SAN SALVADOR, 3 JAN 90 (DPA) -- [TEXT]
    BEIRUT, Lebanon — Text                         MOSCOW, January 12. /TASS/. Text
    CAIRO/BEIRUT, Aug 5 (Reuters) - Text           Washington (AP) — Text

The more a line says, the less is asked of it. A place in capitals with a date, a country or an agency is a dateline;
one in ordinary letters needs a known agency; a place in capitals alone (`WASHINGTON — The`) needs a sentence
that follows and must not be a label (`BREAKING — …`) or an organisation (`NATO – …`). What is in doubt is none:
a wrong place is worse than a missing one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from stream.clean.agencies import agency_named
from stream.clean.dates import DATE, date_of
from stream.clean.vocabulary import word_set

DATELINE_CODE_POINTS_MAX = 160
"""Longest dateline; a longer opening is text."""


@dataclass(frozen=True, slots=True)
class Dateline:
    """What a dateline says. `start` and `end` (with the dash) and `place_start`, `place_end` are code point offsets.

    `place` is the first one named, as written; None where only date or agency stand (`Aug 5 (Reuters) - …`).
    `agency` is the usual short name of a known agency, else the name as written. `date` is as written, `moment`
    its midnight UTC where the year is given.
    """

    start: int
    end: int
    place: str | None
    place_start: int
    place_end: int
    country: str | None
    agency: str | None
    date: str | None
    moment: datetime | None


_UPPER = "[A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪİĶŁĻŃŅŇŐŒŘŚŞŠȘŢŤȚŪŮŰŹŻŽА-ЯЁІЇЄҐ]"
_BLANK = r"[ \t\u00a0]{1,3}"
# Hard-wrapped text may break its line between the parts, not inside a name.
_GAP = r"(?:[ \t\u00a0]{1,3}|[ \t]{0,3}\n[ \t]{0,3}(?=\S))"
_CAPITALS_WORD = rf"{_UPPER}(?:{_UPPER}|\.(?=\w|[ \t])|['’-](?={_UPPER}))*"
_WORD = rf"{_UPPER}(?:[^\W\d_]|['’.-](?=[^\W\d_]))*"
_PARTICLE = r"(?:de|del|la|le|las|los|el|al|da|do|dos|di|du|of|the|and|am|an|der|upon|sur)"
_NAME = rf"{_WORD}(?:{_BLANK}(?:{_PARTICLE}{_BLANK}){{0,2}}{_WORD}){{0,3}}"

_CAPITALS = re.compile(rf"{_CAPITALS_WORD}(?:{_BLANK}{_CAPITALS_WORD}){{0,4}}(?!\w)")
_TITLED = re.compile(rf"{_NAME}(?!\w)")
_MORE_PLACES = re.compile(rf"(?:/{_WORD}(?:{_BLANK}{_WORD}){{0,3}}(?!\w)){{1,3}}")
_DATE = re.compile(rf"[.,]?{_GAP}(?i:{DATE}|no date)")
_DATE_FIRST = re.compile(rf"(?i:{DATE})")
_COUNTRY = re.compile(rf",{_BLANK}((?:[A-Z]\.){{2,3}}|{_NAME}\.?)(?!\w)")
_BRACKETS = re.compile(rf"[.,]?(?:{_GAP})?\(([^()\n]{{2,40}}(?:\n[^()\n]{{1,40}})?)\)")
_SLASHES = re.compile(rf"[.,]?(?:{_GAP})?/([A-Za-z][^/\n]{{1,30}})/[.,]?")
# Without a blank beside it, only the long dash separates: `AP-US--Trump` and `Kyiv–Moscow` are names.
_DASH = re.compile(rf"{_GAP}(?:-{{2,3}}|–)\s*|(?:-{{2,3}}|–)\s+|(?:{_GAP})?[—―]\s*|{_GAP}-(?:{_GAP})")
_END = re.compile("[-–—―/]")
_FULL_STOP = re.compile(rf"{_GAP}(?=\S)")
_SENTENCE = re.compile(rf"[“\"'‘«\[(]{{0,2}}(?:{_UPPER}|\d)")

_NO_PLACE = word_set(
    "alert analysis announcement background blog breaking bulletin caption chapter column comment commentary "
    "correction corrected daily data developing disclaimer editorial episode essay exclusive explainer fact factbox "
    "feature file final first flash graphic highlights important interview introduction just latest lead letter live "
    "more news note obituary opinion options part photo photos podcast poll preview profile question quote recap "
    "refile remarks repeat report review round-up roundup rpt snap special sponsored statement story summary text "
    "timeline today transcript tweet unclassified update update1 update2 updated urgent video view viewpoint warning "
    "watch weather wrapup monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december"
)
_NO_PLACE_ALONE = word_set(
    "aarp aclu african al-qaeda american amnesty apec asean aukus brics british cctv cdc chinese cia congress cop csto "
    "darpa eads ecb ecowas embassy esa eu europol european faq fbi fcc fda fema fifa french frontex g20 g7 g8 gazprom "
    "gchq german hamas hezbollah himars hiv hrw iaea icao icbm icc icj icrc iea imf interpol iranian isil isis israeli "
    "kfor kgb kremlin mercosur mi5 mi6 naacp nafta nasa nato nhs niaid noaa nsa oas oecd opec osce pentagon pkk plo "
    "q&a quad rosneft russian sco senate taliban tass treasury uae uefa uk ukrainian un unama unctad unesco unhcr "
    "unicef unifil unrwa us usa usaid wada wfp who wto wwf"
)
_FUNCTION_WORDS = word_set(
    "a an and are as at but by for from has have in is it its not of on or our s that the this to was we were what "
    "when who why will with you"
)
_ALONE_LETTERS_MIN = 4
_SMALL_WORDS_MIN = 3


def find_dateline(text: str, start: int) -> Dateline | None:
    """The dateline that begins exactly at `start`, the first character of a paragraph; None if there is none."""
    opening = text[start : start + DATELINE_CODE_POINTS_MAX]
    if not _END.search(opening):
        return None
    for pattern, capitals in ((_CAPITALS, True), (_TITLED, False)):
        place = pattern.match(text, start, start + DATELINE_CODE_POINTS_MAX)
        if place is None or _is_label(place[0]):
            continue
        parts = _parts(text, place.end(), place.start())
        if parts is not None and _convincing(text, place[0], parts, capitals=capitals):
            return _dateline(text, start, place, parts)
    return _without_place(text, start) if "(" in opening else None


@dataclass(slots=True)
class _Parts:
    end: int
    country: str | None = None
    date: str | None = None
    moment: datetime | None = None
    agency: str | None = None
    known: bool = False
    several: bool = False


def _parts(text: str, position: int, start: int) -> _Parts | None:
    """What stands between place and dash, in any order that news texts use; None without the dash."""
    parts, limit = _Parts(position), start + DATELINE_CODE_POINTS_MAX
    if more := _MORE_PLACES.match(text, position, limit):
        parts.end, parts.several = more.end(), True
    slashes = False
    for _ in range(4):
        if parts.date is None and (found := _DATE.match(text, parts.end, limit)):
            parts.date, parts.moment = found[0].strip(" \t\n\u00a0.,"), date_of(found)
        elif found := _BRACKETS.match(text, parts.end, limit):
            content = " ".join(found[1].split())
            # `ROME (ITALY), 11 JAN 90`: what a comma follows is the country.
            if parts.country is None and parts.date is None and text[found.end() : found.end() + 1] == ",":
                parts.country = content
            elif parts.agency is None:
                parts.agency, parts.known = agency_named(content) or content, agency_named(content) is not None
            else:
                return None
        elif parts.agency is None and (found := _SLASHES.match(text, parts.end, limit)):
            parts.agency, parts.known, slashes = agency_named(found[1]) or found[1], True, True
        elif parts.country is None and parts.date is None and (found := _COUNTRY.match(text, parts.end, limit)):
            parts.country = " ".join(found[1].split())
        else:
            break
        parts.end = found.end()
    dash = _DASH.match(text, parts.end, limit) or (_FULL_STOP.match(text, parts.end, limit) if slashes else None)
    if dash is None:
        return None
    parts.end = dash.end()
    return parts


def _convincing(text: str, place: str, parts: _Parts, *, capitals: bool) -> bool:
    words = [word.strip(".").casefold() for word in place.split()]
    if words[0] in _FUNCTION_WORDS - {"a"} or not _SENTENCE.match(text, parts.end):
        return False
    if parts.known or (parts.date and parts.agency):
        return True
    if capitals and parts.date and len(place) > 1:
        return True
    if parts.agency or _FUNCTION_WORDS & set(words) or (len(words) == 1 and words[0] in _NO_PLACE_ALONE):
        return False
    end = text.find("\n", parts.end)
    sentence = text[parts.end : len(text) if end < 0 else end]
    if sum(word[0].islower() for word in sentence.split()) < _SMALL_WORDS_MIN:
        return False
    if not capitals:
        return parts.date is not None and len(words) <= 3
    letters = sum(map(str.isalpha, place))
    return letters >= _ALONE_LETTERS_MIN and len(words) <= 4 and not any(len(w) == 1 for w in words)


def _is_label(place: str) -> bool:
    return any(word.strip(".:").casefold() in _NO_PLACE for word in place.split())


def _dateline(text: str, start: int, place: re.Match[str], parts: _Parts) -> Dateline:
    end = parts.end
    while end > start and text[end - 1].isspace():
        end -= 1
    name = " ".join(place[0].split())
    return Dateline(start, end, name, place.start(), place.end(), parts.country, parts.agency, parts.date, parts.moment)


def _without_place(text: str, start: int) -> Dateline | None:
    """`(Reuters) - …` and `Aug 5 (Reuters) - …`: an agency that is known, and a dash."""
    limit = start + DATELINE_CODE_POINTS_MAX
    date = _DATE_FIRST.match(text, start, limit)
    brackets = _BRACKETS.match(text, date.end() if date else start, limit)
    agency = agency_named(brackets[1]) if brackets else None
    dash = _DASH.match(text, brackets.end(), limit) if brackets and agency else None
    if dash is None or not _SENTENCE.match(text, dash.end()):
        return None
    moment = date_of(date) if date else None
    return Dateline(
        start, len(text[: dash.end()].rstrip()), None, start, start, None, agency, date[0] if date else None, moment
    )
