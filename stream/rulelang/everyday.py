"""Everyday English words of two to five letters whose capitals are also somebody's initials."""

from __future__ import annotations

_WORDS = """
act aid aim air am an and any arc arm art as at bar bat be bee bet bit bow bus but by can cap car care cast cat
cop cup cut day den dim do dot dry due ear east eat end era fact fad fan far fat fee few fit fix fly for fun gap
gas get go got had ham has hat he hen her hers hike him his hit hot hub how ice if ill in into is it its jet job
key kid lab lap law led let lid lip log lot low mad man map mat may me mid mine mix mom mud must my net new nor
not now nut oar odd of off oil on one or our out own pact pad pan par past pat pay pen per pet pin pit pop post
pot pro pub put ram rat raw red ride rim rip rob rod row rub run sad safe sat saw say sea see set she sit sky so
son spa spot star start step sum swat tab tag tan tap tar tax tea ten the them they tip to toe top tow toy trip
try up us use van via war was wave way we wet who why will win wish wit won yes yet you
"""

EVERYDAY_WORDS = frozenset(_WORDS.split())
