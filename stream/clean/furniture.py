"""The words of page furniture: whole lines that do something on a page, and say nothing of the news.

A pattern has to hold for the whole line. `SURE` lines are furniture wherever they stand. `LIKELY` ones ("Related",
"Facebook", "Name") may be a headline between paragraphs, and count only beside other furniture or at an edge.
"""

from __future__ import annotations

import re

from stream.clean import native
from stream.clean.native import NativeLines
from stream.clean.vocabulary import word_set

LINE_CODE_POINTS_MAX = 400
"""A longer line is never asked: function texts are short, and paragraphs are not."""

_ITEMS = r"(?:this|it|the|our|your|article|story|post|page|news|video|with|by|via|on|or|and|to|a|an|of)"
_NETWORKS = (
    r"(?:facebook|twitter|x|linked ?in|pinterest|reddit|tumblr|whats ?app|telegram|instagram|messenger|e-?mail|pocket"
    r"|flipboard|google ?(?:plus|\+)?|google news|you ?tube|stumble ?upon|digg|skype|vk|vkontakte|viber|line|rss"
    r"|print"
    r"|mastodon|threads|bluesky|tik ?tok|snapchat|xing|copy link|sms|messages)"
)
_YEAR = r"(?:19|20)\d\d"
_NAME = r"(?-i:[A-Z][\w.&'’/-]*(?:,? (?:[A-Z&][\w.&'’/-]*|of|the|and|for)){0,7})"
"""A name in capitals: what a sentence says goes on in small letters."""
_TURNS = (
    r"[←→«»‹›]\s?(?:previous|next|older|newer|prev|back)"
    r"(?: (?:post|article|story|page|entry|posts|articles|stories|pages|entries))?(?:\W{0,3}|\s?[:|].{0,160})"
)
"""Arrows that turn the page; guillemets open quotations, and `→` the items of a list."""
TURNS_PAGE = re.compile(_TURNS, re.IGNORECASE)
_SURE: dict[str, tuple[str, ...]] = {
    "comments": (
        r"(?:leave|post|add|write|submit) (?:a|your) (?:reply|comment|response)(?: (?:to|below|here)\b.{0,120})?",
        r"(?:click here to )?cancel reply",
        r"(?:your )?e-?mail address will not be (?:published|shared|made public).{0,120}",
        r"required fields are marked.{0,60}",
        r"save my name,.{0,120}",
        r"(?:both )?(?:comments?|trackbacks?|pingbacks?|reviews|replies)(?:(?:,| and|,? but) (?:comments|trackbacks"
        r"|pingbacks))*"
        r" (?:are|is|have been)(?: now| currently| both)? (?:closed|open|disabled|off|turned off|not allowed"
        r"|moderated).{0,120}",
        r"you (?:can|may) (?:leave|post|add) a (?:response|comment|reply)\b.{0,120}",
        r"notify me (?:of|by|when|via|about).{0,80}",
        r"(?:show|view|load|see|read|hide|join|sort|all|expand|view all|show all|load more|there are) ?(?:\d{1,6} )?"
        r"(?:more |all |the |no )?(?:comments?|replies|conversation|discussion|responses)(?: \(?\d{1,6}\)?| yet)?\.?",
        r"(?:no(?! comment\W*$)|\d{1,6}|\(\d{1,6}\)) (?:comments?|replies|responses|thoughts on)"
        r"(?:(?: (?:yet|so far))?\.?| on(?: .{0,159}[^.\s])?)",
        r"comments? ?\(\d{1,6}\)|be the first to (?:comment|reply|write|like)\b.{0,60}",
        r"(?:you must be |please )?(?:log(?:ged)?|sign(?:ed)?)[ -]?in to (?:post|leave|reply|comment|view|read|add"
        r"|join|follow|save)\b.{0,80}",
        r"log in to reply\.?|this site uses akismet.{0,120}|learn how your comment data is processed\.?",
        r"(?:comments|all comments) (?:on this (?:site|page)|are moderated|will be moderated).{0,160}",
        r"like loading\W{0,4}|(?:report|flag) (?:this )?(?:comment|abuse|post)|loading comments?\W{0,4}",
    ),
    "share": (
        rf"(?:click (?:here )?to |please )?(?:share|e-?mail|print|tweet|pin|save|bookmark|forward"
        rf"|recommend)(?: {_ITEMS}){{1,4}}(?: {_NETWORKS})?\W{{0,3}}",
        rf"(?:click (?:here )?to |please )?(?:share|e-?mail|print|tweet|pin|save|post)(?: {_ITEMS}){{0,3}} (?:on "
        rf"|via |to |with |by |in )?"
        rf"(?:{_NETWORKS}|a friend|a link)(?: \(opens in (?:a )?new window\))?\W{{0,3}}",
        rf"(?:find|follow|like|join|connect with|watch) (?:us|me|@\w{{1,30}}"
        rf"|(?-i:[A-Z])[\w. ]{{1,30}}) on (?:{_NETWORKS})(?:(?:,| and|,? or) (?:on )?{_NETWORKS}){{0,5}}\W{{0,3}}",
        rf"(?:{_NETWORKS}\W{{1,3}}){{2,10}}{_NETWORKS}\W{{0,3}}|(?:share|like|tweet) this ?:|sharing is caring\W?"
        rf"|.{{0,60}}\(opens in (?:a )?new window\)",
        r"\d{1,6}[km]? (?:shares?|likes?|views|retweets|reactions)|(?:total )?shares? ?:? ?\d{1,6}|follow us\W{0,3}",
    ),
    "teaser": (
        r"(?:(?:see|read|watch|listen|check)(?: also| more| next| now| too| related)|also (?:read|see|watch|on|in)"
        r"|must (?:read|see|watch)"
        r"|related(?: (?:stor(?:y|ies)|articles?|news|video|content|posts?|coverage|reading|links?|topics?))?"
        r"|more(?: (?:news|stories|coverage|on this))?"
        r"|recommended(?: (?:for you|reading|stories|articles))?|(?:do not|don['’]t) miss|further reading|up next"
        r"|next up|trending(?: now)?"
        r"|you (?:may|might)(?: also)? (?:like|be interested in|enjoy|have missed)|(?:in )?other news"
        r"|editor['’]?s['’]? (?:picks?|choice)|most (?:read|popular|viewed|shared|commented))"
        r"\s?(?::|\||»|>|→|\u2192)\s?\S.{2,200}",
        r"(?:continue|keep) reading(?: (?:below|the main story|this article|→|»).{0,60})?\W{0,4}|read (?:more"
        r"|the full (?:story|article|report)|full (?:story|article))\W{0,5}",
        r"(?:story|article|video|content|text|post) continues (?:below|after)\b.{0,60}|scroll (?:down )?(?:for more"
        r"|to continue).{0,60}",
        r"(?:advertisement|advertising|sponsored(?: content| links?| stories)?|promoted(?: content| stories)?"
        r"|paid content|ad)(?: feature)?\W{0,3}",
        r"advertisement\b[ -]{1,3}.{0,60}|(?:click|tap) here (?:to|for)\b.{0,120}|(?:subscribe|sign up|log in"
        r"|register) (?:to|for) (?:read|continue|unlock|get access).{0,100}",
        r"more (?:from|on|in|about|by) (?:the )?(?-i:[A-Z\d])[^,;]{2,40}(?<![.!?,])",
    ),
    "related": (
        r"related\W{0,3}",
        r"(?:related|recommended|popular|latest|recent|trending|featured|similar|more|other|top|most (?:read|popular"
        r"|viewed|shared|recent|commented|watched)|must reads?|latest)"
        r"(?: (?:for you|stor(?:y|ies)|articles?|news|videos?|posts?|content|coverage|links?|topics?|tags?|reads?"
        r"|headlines|stories|now|today|this week|comments|stories))+\W{0,3}",
        r"(?:you (?:may|might) (?:also )?(?:like|be interested in|enjoy)|(?:do not|don['’]t) miss|read next|up next"
        r"|what to read next|most (?:read|popular|viewed|shared|commented)|editor['’]?s['’]? (?:picks?|choice)"
        r"|recommended for you|more from)\W{0,4}",
        r"(?:previous|next|older|newer|prev) (?:post|article|story|page|entry|posts|entries)s?(?:\W{0,3}"
        rf"|\s?[:|»›→«‹←–-].{{0,160}})|{_TURNS}|←(?!.*[.!?…][\"”’'»)]{{0,3}}(?:\s|$)).{{2,160}}|post navigation",
        r"(?:tags?|filed under|posted in|categor(?:y|ies)|tagged(?: with| as)?|topics|keywords|labels) ?:.{0,300}",
        r"posted (?:in|under) [^.]{2,80}(?:\||tagged|leave a comment|by).{0,120}",
    ),
    "consent": (
        r"(?:we(?: and our partners)?|this (?:web)?site|this page|our (?:web)?sites?|[\w.]{3,30}\.(?:com|org"
        r"|net)) (?:may )?uses? (?:\w+ ){0,4}?cookies\b.{0,380}",
        r"(?:by (?:continuing|using|clicking|browsing|visiting|closing|signing|subscribing|registering|entering)"
        r"|if you continue|to (?:give|provide|offer) you|in order to (?:give|provide)).{0,200}"
        r"\b(?:cookies|privacy policy|terms (?:of (?:use|service)|(?:and|&) conditions)"
        r"|you (?:agree|accept|consent))\b.{0,160}",
        r"(?:accept|reject|manage|allow|decline|deny|confirm)(?: (?:all|my|and|the|necessary|optional|only"
        r"|non-essential))*(?: (?:cookies?|choices|preferences|settings|close|consent))+\W{0,3}",
        r"(?:cookies?|privacy|gdpr|consent)(?: (?:&|and|or|cookies?|privacy))*(?: (?:policy|policies|notice|settings"
        r"|preferences|statement|consent|banner))+\W{0,3}",
        r"(?:please )?(?:enable|turn on|activate) (?:javascript|cookies)\b.{0,120}|(?:your browser|javascript) (?:is"
        r"|does|appears|has been|must|needs)\b.{0,160}",
        r"(?:please )?(?:disable|turn off|whitelist) (?:your )?ad[ -]?block.{0,120}",
    ),
    "newsletter": (
        r"(?:(?:sign[ -]?up|subscribe|register)(?: (?:now|today|here|free|below))?(?: (?:to|for|and))?"
        r"(?: [^.!?]{0,120})?|join(?: (?:now|today|here|free))?(?: (?:our|my|us|this|thousands|over|more than"
        r"|\d[\d,.]*k?)\b[^.!?]{0,120}| the(?: \S{1,20}){0,2})?) (?:newsletters?|inbox|e-?mails?|alerts|mailing list"
        r"|updates|briefing|channel|podcast|notifications)\b.{0,120}",
        r"(?:get|receive|have) .{0,120}(?:newsletters?|in(?:to)? your inbox|by e-?mail|delivered (?:\w+ )?to your"
        r"|to your inbox)\b.{0,80}",
        r"(?:enter|type) your e-?mail.{0,160}|(?:thank you|thanks) for (?:subscribing|signing up).{0,160}",
        r"(?:please enter|invalid|you (?:can|may) unsubscribe|already (?:a|have)|not a) (?:a valid e-?mail|e-?mail"
        r"|at any|subscriber|an account|member|subscribed|registered).{0,120}",
        r"subscribe(?: (?:now|today|here|free|us|to (?:us|our|the)(?: \S{1,20}){0,3}))?\W{0,3}"
        r"|could not subscribe.{0,80}"
        r"|(?:download|get) (?:the|our) (?:free )?app\b.{0,80}",
        r"(?:support|fund) (?:our|independent|quality) (?:work|journalism)\b.{0,120}|(?:donate|contribute) (?:now"
        r"|today)\W{0,3}",
    ),
    "navigation": (
        r"(?:skip|jump) to (?:main |primary |the )?(?:content|navigation|search|footer|menu|article)|(?:toggle|open"
        r"|close|show|hide|main|mobile|primary|site) (?:navigation|menu|nav|search|sidebar|submenu)",
        r"(?:back|return|scroll|go) to (?:top|home ?page|the top|main page|start|homepage|all news)\W{0,3}"
        r"|(?:site ?map|privacy policy|terms (?:of (?:use|service)|and conditions|& conditions)|contact us|about us"
        r"|advertise(?: with us)?|cookie policy|work with us|media kit)",
        r"(?:log|sign) ?(?:in|out|up)(?: (?:/|or|\||&) ?(?:register|sign ?up|log ?in|subscribe|join))?|(?:create|my"
        r"|your) (?:an? )?account|forgot(?:ten)? (?:your )?password\??|search(?: for)? ?:",
    ),
    "copyright": (
        rf"(?:©|copyright\s?(?:©|\(c\)|(?={_YEAR}))).{{0,100}}\w.{{0,260}}",
        # `(c)` counts as well: an item of a list goes on with a small letter, and ends with a semicolon.
        rf"\(c\)\s?(?:copyright\s)?(?:{_YEAR}(?:\s?[–-]\s?\d{{2,4}})?"
        rf"(?:[.,]?|[.,]?\s(?:(?-i:[A-Z©])|(?:by|all)\b|\S+\.[a-z]{{2,}}\b).{{0,260}})|{_NAME},? {_YEAR}\.?)",
        r"(?:\(c\)|copyright\s?(?:[:,–-]|by )).{0,200}\ball rights reserved\b.{0,160}",
        rf"copyright\s?(?:[:,–-]|by )\s?(?:{_NAME}(?:,? {_YEAR})?\.?|{_YEAR}\b.{{0,260}})",
        r"(?:.{0,120}[.|,–-]? )?all rights reserved(?:[.|,;\s]{0,3}|[.|,]\s.{0,200})|(?:proudly )?powered by \w.{0,60}"
        r"|this material may not be (?:published|reproduced).{0,200}|(?:theme|website|site|design|designed"
        r"|built) (?:by|:) .{2,60}",
    ),
}
_LIKELY = (
    rf"{_NETWORKS}|share|shares|tweet|pin|pin it|like|save|print|copy|e-?mail this|reply|reply to|comments?|related"
    rf"|recommended|trending|more|read more|menu|search|close|home|home ?page"
    r"|name|e-?mail|website|comment|url|subject|message|submit|send|cancel|next|previous|prev|advertise|careers|jobs"
    r"|help|faqs?|contact|about|privacy|terms|cookies|rss|newsletters?|subscribe|register|login"
    r"|log ?out|sign ?in|sign ?up|donate|shop|store|events|podcasts?|videos?|photos|gallery|galleries|watch live"
    r"|live|latest|popular|tags?|topics|sections|archives?|categories|accessibility|sitemap|feedback"
    r"|(?:name|e-?mail|comment|website|message)(?: \((?:required|optional|will not be published)\)| ?\*)+"
    r"|\d{1,4} (?:min(?:ute)?s?|hours?|hrs?|days?|weeks?|months?) ago|view (?:all|more)|see (?:all|more)|show (?:all"
    r"|more)|load more"
)

SURE = re.compile("|".join(f"(?P<{kind}>{'|'.join(patterns)})" for kind, patterns in _SURE.items()), re.IGNORECASE)
"""A whole line that is furniture; the name of the group that matched is its kind."""

LIKELY = re.compile(f"(?:{_LIKELY})" + r"\s?[:»›>+…*✓×→\d()]{0,6}", re.IGNORECASE)

# `See also  Headline`: the label, then a blank or two, then a headline of its own.
LABELLED_HEADLINE = re.compile(
    r"(?:see also|also read|read also|also see|read more|read next|see more|watch|related|don['’]t miss|must read)"
    r"(?:\s{2,}|\s)(?P<headline>[A-Z\d“\"‘'].{8,200})",
    re.IGNORECASE,
)

_FIRST_WORDS = word_set(
    "about accept activate ad add advertise advertisement advertising all allow already also article articles back "
    "be bluesky bookmark both built by cancel categories category check click close comment comments confirm connect "
    "consent contact content continue contribute cookie cookies copy copyright could create decline deny design "
    "designed digg disable do don don't donate don’t download e e-mail editor editor's editor’s email enable enter "
    "expand facebook featured filed find flag flipboard follow forgot forgotten forward fund further gdpr get go "
    "google have hide if instagram invalid javascript join jump keep keywords labels latest learn leave like line "
    "linked linkedin listen load loading log logged main manage mastodon media messages messenger mobile more most "
    "must my newer next no not notify older open other our paid pin pingback pingbacks pinterest please pocket "
    "popular post posted powered prev previous primary print privacy promoted proudly read receive recent recommend "
    "recommended reddit register reject related replies report required return reviews rss save scroll search see "
    "share shares sharing show sign signed similar site sitemap skip skype sms snapchat sort sponsored story stumble "
    "stumbleupon submit subscribe support tag tagged tags tap telegram terms text thank thanks theme there this "
    "threads tik tiktok to toggle top topics total trackback trackbacks trending tumblr turn tweet twitter type up "
    "vary viber video view vk vkontakte watch we website what whats whatsapp whitelist work write x xing you your "
    "youtube"
)
_FIRST_WORD = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*")

# How a line of function goes on behind words with which many sentences begin, in small letters.
_ONWARDS: dict[str, tuple[str, ...]] = {
    "all": (
        *"(0123456789",
        *(f" {digit}" for digit in "(0123456789"),
        *(" more ", " all ", " the ", " no ", " comment", " repl", " conversation", " discussion", " responses"),
        " rights",
    ),
    "be": (" the first to ",),
    "by": (
        *(" continuing", " using", " clicking", " browsing", " visiting", " closing", " signing", " subscribing"),
        *(" registering", " entering"),
    ),
    "could": (" not subscribe",),
    "if": (" you continue",),
    "my": (" account", " a account", " an account"),
    "no": (" comment", " repl", " responses", " thoughts"),
    "not": (" a ",),
    "our": (" site", " website"),
    "there": (" are",),
    "this": (" site ", " website ", " page ", " material "),
    "to": (" give you", " provide you", " offer you"),
    "we": (" and our partners", " may use", " use"),
    "what": (" to read next",),
    "you": (" can", " may", " might", " must", " tube"),
}
_ONWARDS_CODE_POINTS_MAX = max(len(onwards) for each in _ONWARDS.values() for onwards in each)

# Beginnings of lines without a letter at their start, but for those that are marked.
_SIGNS = frozenset("(©←→«»‹›0123456789")
_BEGINNING_CODE_POINTS = 3
_BEGINNINGS = frozenset(
    word[:_BEGINNING_CODE_POINTS]
    for word in _FIRST_WORDS
    | word_set(
        "accessibility archive careers donate events faq feedback gallery help home in jobs live login menu name "
        "newsletter photos podcast sections send shop store subject url"
    )
)


_MARKS = ("ookies", "pens in", "eserved")
"""Lines with one of them in small letters may be furniture whatever they begin with."""


def is_marked(text: str) -> bool:
    """True if the text holds one of the phrases that make furniture of a line which can start with any word."""
    # Not in a small-letter copy: to make one takes longer than to look seven times.
    return (
        "ookies" in text
        or "OOKIES" in text
        or "pens in" in text
        or "pens In" in text
        or "PENS IN" in text
        or "eserved" in text
        or "ESERVED" in text
    )


def may_be_furniture(line: str, *, marked: bool) -> bool:
    """False for a line that no pattern above can hold for; cheap, and false for most lines that are none.

    `marked` is what `is_marked` says of the line, or of the text that it stands in.
    """
    if marked:
        return True
    beginning = line[:_BEGINNING_CODE_POINTS].lower()
    if beginning not in _BEGINNINGS and beginning.isalpha() and beginning.isascii() and len(beginning) > 2:
        # Most lines: their first word begins as none of those does.
        return False
    first = _FIRST_WORD.match(line)
    if first is None:
        return line[0] in _SIGNS or not (line[0].isascii() or line[0].isalpha())
    word = first[0].lower()
    if word in _FIRST_WORDS:
        onwards = _ONWARDS.get(word)
        if onwards is None:
            return True
        # What is not ASCII may be a digit, or have small letters of ASCII.
        behind = line[len(word) : len(word) + _ONWARDS_CODE_POINTS_MAX]
        return not behind.isascii() or behind.lower().startswith(onwards)
    # Short lines may have their words written together.
    return len(line) <= SHORT_LINE_CODE_POINTS and word[:_BEGINNING_CODE_POINTS] in _BEGINNINGS


def is_plainly_none(line: str) -> bool:
    """True for most lines for which no pattern above can hold: `may_be_furniture`, as cheap as can be."""
    small = line.lower()
    word = small.partition(" ")[0]
    is_plain = word not in _FIRST_WORDS and len(line) > SHORT_LINE_CODE_POINTS and word.isalpha() and word.isascii()
    if not is_plain and may_be_furniture(line, marked=False):
        return False
    return not any(mark in small for mark in _MARKS)


def plain_lines(shape_limits: tuple[int, int, int, int]) -> NativeLines | None:
    """What tells lines in machine code for which no pattern above can hold; None where the package is not installed.

    `shape_limits`: from how many lines without an end on they may be a run, and the least number of words of a line
    with a shape, of one of names of sections, and of one in which a word comes again and again.
    """
    package = native.package()
    if package is None:
        return None
    limits = (_BEGINNING_CODE_POINTS, SHORT_LINE_CODE_POINTS, LINE_CODE_POINTS_MAX, *shape_limits)
    return package.Lines(_FIRST_WORDS, _BEGINNINGS, _ONWARDS, "".join(_SIGNS), _MARKS, NAVIGATION_WORDS, limits)


SHORT_LINE_CODE_POINTS = 30

NAVIGATION_WORDS = word_set(
    "home news world politics business sport sports opinion tech technology science health culture lifestyle life "
    "entertainment travel weather video videos photos podcasts podcast local national international economy markets "
    "money finance education arts books style food autos cars jobs property obituaries editorial letters blogs "
    "columnists events community magazine archive archives subscribe newsletters newsletter contact about us login "
    "register search menu more shop advertise sections topics latest live tv radio games puzzles crosswords "
    "environment climate society media music film movies celebrity fashion football region regions africa asia europe "
    "americas classifieds marketplace careers help faq privacy terms cookies policy sitemap rss apps"
)
