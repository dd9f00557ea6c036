"""News agencies and outlets as texts name them: in the brackets of a dateline, in a byline, on a line of their own."""

from __future__ import annotations

import re

from stream.clean.vocabulary import word_set

_AGENCIES: dict[str, tuple[str, ...]] = {
    "AAP": ("aap", "australian associated press"),
    "AFP": ("afp", "agence france-presse", "agence france presse"),
    "ANI": ("ani",),
    "ANSA": ("ansa",),
    "AP": ("ap", "associated press", "the associated press"),
    "Anadolu": ("aa", "anadolu", "anadolu agency", "anadolu ajansi"),
    "Belga": ("belga",),
    "Bloomberg": ("bloomberg", "bloomberg news"),
    "CNA": ("cna", "central news agency"),
    "CNN": ("cnn",),
    "CTK": ("ctk", "čtk"),
    "Dow Jones": ("dow jones", "dow jones newswires"),
    "EFE": ("efe", "acan-efe"),
    "IANS": ("ians",),
    "IRNA": ("irna",),
    "Interfax": ("interfax",),
    "Interfax-Ukraine": ("interfax-ukraine",),
    "Jiji": ("jiji", "jiji press"),
    "KCNA": ("kcna",),
    "Kyodo": ("kyodo", "kyodo news"),
    "Lusa": ("lusa",),
    "MENA": ("mena",),
    "PA": ("pa", "pa media", "press association"),
    "PAP": ("pap",),
    "PTI": ("pti", "press trust of india"),
    "Prensa Latina": ("prensa latina",),
    "RFE/RL": ("rfe/rl",),
    "RIA Novosti": ("ria", "ria novosti", "sputnik"),
    "Reuters": ("reuters", "reuter", "thomson reuters", "reuters news"),
    "SANA": ("sana",),
    "SPA": ("spa", "saudi press agency"),
    "TASS": ("tass", "itar-tass"),
    "The Canadian Press": ("the canadian press", "canadian press"),
    "UPI": ("upi", "united press international"),
    "UNIAN": ("unian",),
    "Ukrinform": ("ukrinform",),
    "WAFA": ("wafa",),
    "WAM": ("wam",),
    "Xinhua": ("xinhua", "xinhua news agency"),
    "Yonhap": ("yonhap", "yonhap news", "yonhap news agency"),
    "dpa": ("dpa", "deutsche presse-agentur"),
}
_BY_NAME = {name: agency for agency, names in _AGENCIES.items() for name in names}

# The last word of most outlets' names.
_OUTLET = re.compile(
    r"(?:The )?(?:[A-Z][\w.'’&-]{0,20} (?:(?:of|the|and|de|&) )?){1,4}"
    r"(?:Times|Post|Journal|Guardian|Herald|Tribune|Telegraph|News|Gazette|Independent|Press|Mail|Mirror|Observer"
    r"|Standard|Chronicle|Examiner|Inquirer|Register|Globe|Review|Monitor|Economist|Sentinel|Courier|Dispatch"
    r"|Bulletin|Today|Agency|Radio|Television|TV|Network|Newswire|Wire|Daily|Weekly|Magazine)"
    r"|(?:The )(?:Times|Guardian|Telegraph|Independent|Economist|Observer|Mirror|Hill|Atlantic|Sun|Conversation)"
    r"|BBC(?: News)?|CNN|CNBC|NPR|RT|Politico|POLITICO|Axios|Le Monde|Al Jazeera|Deutsche Welle|DW|France 24|Euronews"
)
_SECTION_WORDS = word_set(
    "all breaking business daily entertainment health international latest live local more most national other our "
    "politics popular recent related science share sign sports tech technology top trending video weekly world your "
    "in by from follow read watch today"
)


def agency_named(name: str) -> str | None:
    """The usual short name of the agency that `name` stands for, in any case of letters; None if it is none."""
    return _BY_NAME.get(" ".join(name.split()).casefold())


def is_outlet(line: str) -> bool:
    """True for a line that is nothing but the name of a newspaper, station or agency, written with capitals."""
    if len(line) > 60 or not line[:1].isupper():
        return False
    if agency_named(line) is not None:
        # Two or three letters alone are as often something else.
        return len(line) > 3
    return _OUTLET.fullmatch(line) is not None and line.split()[0].casefold() not in _SECTION_WORDS
