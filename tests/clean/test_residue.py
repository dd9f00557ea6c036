"""What is cut from an article, and, more important, what is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.clean import furniture
from stream.clean.furniture import LIKELY, SURE, is_marked, may_be_furniture
from stream.clean.residue import ContentType, find_residue

SEEDS = Path(__file__).parents[2] / "seeds"
PARAGRAPH = (
    "The two delegations met in Geneva on Monday and talked for six hours about the border. "
    "Neither side would say when they meet again."
)

FURNITURE = [
    ("Comments are closed, but trackbacks and pingbacks are open.", "comments"),
    ("Comments are closed.", "comments"),
    ("Trackbacks are closed, but you can post a comment.", "comments"),
    ("Both comments and trackbacks are currently closed.", "comments"),
    ("You can leave a response, or trackback from your own site.", "comments"),
    ("Leave a Reply", "comments"),
    ("Cancel reply", "comments"),
    ("Your email address will not be published. Required fields are marked *", "comments"),
    ("Save my name, email, and website in this browser for the next time I comment.", "comments"),
    ("This site uses Akismet to reduce spam. Learn how your comment data is processed.", "comments"),
    ("Notify me of new posts by email.", "comments"),
    ("Like Loading...", "comments"),
    ("14 Comments", "comments"),
    ("Share this:", "share"),
    ("Click to share on Twitter (Opens in new window)", "share"),
    ("Follow us on Facebook and Twitter", "share"),
    ("Facebook | Twitter | WhatsApp | Email", "share"),
    ("See also  Rail strike halts trains across the north", "teaser"),
    ("See also\xa0 Rail strike halts trains across the north", "teaser"),
    ("Read more: What the new budget means for towns", "teaser"),
    ("RELATED: What the new budget means for towns", "teaser"),
    ("Continue reading", "teaser"),
    ("Read more", "teaser"),
    ("Advertisement", "teaser"),
    ("Related", "related"),
    ("Related Articles", "related"),
    ("You may also like", "related"),
    ("Tags: trade, tariffs, ports", "related"),
    ("We use cookies to give you the best experience on our site.", "consent"),
    ("By continuing to use this site you agree to our privacy policy.", "consent"),
    ("Accept all cookies", "consent"),
    ("Sign up for our daily newsletter", "newsletter"),
    ("Enter your email address", "newsletter"),
    ("Skip to main content", "navigation"),
    ("Home | World | Politics | Sport | Weather", "navigation"),
    ("Home News Sports Business Opinion Weather Video", "navigation"),
    ("© 2021 Example Media Ltd. All rights reserved.", "copyright"),
    ("Powered by WordPress", "copyright"),
    ("(c) 2021 Example Media Ltd.", "copyright"),
    ("(c) 2021-22 example.org", "copyright"),
    ("(c) Example Media Ltd, 2021", "copyright"),
    ("(c) the Example Post. All rights reserved.", "copyright"),
    ("Copyright by Example Media", "copyright"),
    ("Copyright: Example Media Ltd. 2021.", "copyright"),
    ("Copyright 2021 Example Media", "copyright"),
    ("« Previous", "related"),
    ("» Next post: Storm closes ports", "related"),
    ("← Storm closes ports in the west", "related"),
    ("→ Older posts", "related"),
    ("Join our WhatsApp channel", "newsletter"),
    ("Join the free mailing list", "newsletter"),
    ("Join 20,000 readers of our newsletter", "newsletter"),
    ("5 responses", "comments"),
    ("5 comments on Storm closes ports", "comments"),
    ("icon home iconicon searchicon mailicon clockicon shareicon tagicon printicon menuicon close", "icons"),
    ("icon bookmark-bicon checkicon menuicon", "icons"),
]


@pytest.mark.parametrize(("line", "kind"), FURNITURE)
@pytest.mark.parametrize("where", ["first", "between", "last"])
def test_a_line_of_function_is_cut_wherever_it_stands(line: str, kind: str, where: str) -> None:
    text = {
        "first": f"{line}\n\n{PARAGRAPH}\n\n{PARAGRAPH}",
        "between": f"{PARAGRAPH}\n\n{line}\n\n{PARAGRAPH}",
        "last": f"{PARAGRAPH}\n\n{PARAGRAPH}\n\n{line}",
    }[where]
    assert [(text[cut.start : cut.end], cut.kind) for cut in find_residue(text)] == [(line, kind)]


@pytest.mark.parametrize(
    "line",
    [
        "Read more about the treaty in the appendix, he said",
        "Read more about the treaty in the appendix, he said.",
        "“We use cookies to track our readers,” the editor told the court.",
        "We use cookies to thank our nurses, the head of the hospital said.",
        "Share prices fell on Monday",
        "Share prices fell on Monday after the central bank warned of a longer recession.",
        "Comments by the minister were closed to the public",
        "Related deaths rose to 40, the ministry said",
        "Print is dead, the publisher said",
        "Also on Tuesday a drone hit the depot",
        "More Russian troops cross the border",
        "More from the front line came in overnight, with heavy shelling",
        "Subscribe to the view that war is inevitable, as some do",
        "Copyright law will change in 2025, the commission said",
        "All rights reserved for the people, the constitution said",
        "Follow the money on Telegram",
        "By continuing the war, the country isolates itself, he argued",
        "If you continue, consent will be withdrawn, the ambassador warned",
        "To give you an idea, the terms of the ceasefire are these:",
        "Posted in Kharkiv, the sergeant and his unit faced the worst of it",
        "Join our channel of communication, the general urged allies",
        "Get our troops the weapons delivered by winter, he demanded",
        "Click here to win, the fraudsters wrote.",
        "No comment",
        "Previous posts were deleted",
        "Live",
        "Facebook",
        "Battlefield pressures",
        "Don't miss the deadline, Brussels tells the capital",
        "Top officials resign",
        "Email shows minister knew",
        "»Das ist eine rote Linie«, sagte Putin.",
        "»Das ist eine rote Linie«",
        "›Next week decides‹, says the general",
        "‹It is a red line›, he said.",
        "»All rights reserved«",
        "→ Kyiv: three dead",
        "→ In Kyiv three people were killed. More are missing.",
        "← That way lies war.",
        "(c) condemns the attack on the nuclear plant;",
        "(c) recalls its resolution of 2 March 2022;",
        "(c) the right to return, and",
        "Copyright by law is not a red line.",
        "Copyright: the next front in the trade war",
        "Join NATO at the border for a briefing.",
        "5 responses on the war were sent.",
        "12 comments on the strike were deleted.",
    ],
)
def test_what_an_article_can_say_stays(line: str) -> None:
    assert find_residue(f"{PARAGRAPH}\n\n{line}\n\n{PARAGRAPH}") == ()


def test_in_running_text_the_words_of_function_mean_nothing() -> None:
    text = f"{PARAGRAPH} Leave a reply. Share this: Comments are closed. Read more. {PARAGRAPH}"
    assert find_residue(f"{text}\n{text}") == ()


def test_a_single_line_is_kept_whatever_it_says() -> None:
    assert find_residue("Leave a Reply") == ()
    assert find_residue("\n\nRead more\n") == ()


def test_menus_before_and_links_behind_are_cut_and_the_head_stays() -> None:
    menu = "Skip to content\nHome\nWorld\nUnited Kingdom\nBusiness\nMarkets\nYour Money\nOpinion\nSign in\n"
    head = "Ministers fail to agree on fishing quotas\nBy Ann Smith and Jo Brown\n3 May 2021\n"
    body = f"{PARAGRAPH}\n{PARAGRAPH}\n{PARAGRAPH}\n"
    links = (
        "Most Read\nStorm closes ports in the west\nPrices of bread rise again\nMayor to stand down\nCup final moved\n"
    )
    text = menu + head + body + links + "About us\nContact us\n"
    cut = set(range(len(text)))
    for piece in find_residue(text):
        cut -= set(range(piece.start, piece.end))
    kept = "".join(text[i] for i in sorted(cut))
    assert kept.split("\n") == [line for line in kept.split("\n") if line == "" or line in head + body]
    assert all(line in kept for line in (head + body).strip().split("\n"))


def test_a_list_that_belongs_to_the_article_stays() -> None:
    names = "\n".join(f"{name} Town" for name in ("Alpha", "Bravo", "Carol", "Delta", "Elsa", "Fiona", "Gerta"))
    bullets = "\n".join(f"- {n} tanks" for n in range(30))
    assert find_residue(f"{PARAGRAPH}\n{PARAGRAPH}\nThese towns were hit\n{names}\n") == ()
    assert find_residue(f"{PARAGRAPH}\n{bullets}\n{PARAGRAPH}") == ()


def test_a_summary_of_headlines_stays() -> None:
    headlines = "\n".join(f"Minister {n} rejects a new escalation" for n in range(20))
    assert find_residue(f"{PARAGRAPH}\n{headlines}\n") == ()
    assert find_residue(f"{headlines}\n{PARAGRAPH}\n") == ()
    (cut,) = find_residue(f"{PARAGRAPH}\n{headlines}\nComments are closed.")
    assert cut.kind == "comments"


def test_headlines_under_a_heading_for_links_are_cut() -> None:
    headlines = "\n".join(f"Minister {n} rejects a new escalation" for n in range(5))
    text = f"{PARAGRAPH}\nWhat happens now\nMost Read\n{headlines}"
    cuts = find_residue(text)
    assert (text[cuts[0].start :], cuts[0].kind, cuts[-1].end) == (f"Most Read\n{headlines}", "related", len(text))


def test_a_text_without_prose_is_not_cut_by_place() -> None:
    poem = "\n".join(["Green the hills", "Blue the sea", "White the gulls that cry", "Far from me"] * 6)
    assert find_residue(poem) == ()


def test_hard_wrapped_text_is_asked_by_paragraph() -> None:
    wrapped = (
        "The ministry said on Monday that the army would leave the town within the\n"
        "week, and that the observers could stay. A spokesman for the observers told\n"
        "reporters that the agreement had not been shown to them and that they were\n"
        "asked to wait until the next day, when a copy would be sent to the office\n"
        "and the press would be informed about what it means for all the people who\n"
        "advertise\n"
        "there and in the neighbouring towns, where the army has been for four years.\n"
    )
    assert find_residue(wrapped) == ()
    footer = "\nComments are closed.\n"
    (cut,) = find_residue(wrapped + footer)
    assert (wrapped + footer)[cut.start : cut.end] == "Comments are closed."


def test_html_is_cut_by_block_elements_at_offsets_into_the_source() -> None:
    text = (
        "<nav><ul><li>Home</li><li>World</li><li>Trade</li><li>Search</li><li>Sign in</li></ul></nav>"
        f"<h1>Ministers meet in Geneva &amp; talk</h1><p>{PARAGRAPH}</p>"
        '<p>Read more: <a href="/x">Talks in Oslo fail</a></p>'
        f"<p>{PARAGRAPH}</p><p>Comments are\nclosed.</p>"
    )
    cut = [text[piece.start : piece.end] for piece in find_residue(text)]
    assert cut[-2:] == ['Read more: <a href="/x">Talks in Oslo fail', "Comments are\nclosed."]
    assert all("Ministers" not in piece and "delegations" not in piece for piece in cut)
    assert "Home" in cut[0]


def test_the_seeds() -> None:
    cut = {}
    for path in sorted(SEEDS.glob("*.txt")):
        text = path.read_bytes().decode()
        cut[path.name[:3]] = [(piece.kind, text[piece.start : piece.end][:40]) for piece in find_residue(text)]
    assert cut == {
        "000": [("comments", "Comments are closed, but trackbacks and ")],
        "001": [
            ("teaser", "See also\xa0 Russia says it is stepping up "),
            ("teaser", "See also\xa0 Migrant deaths from Italy: At "),
            ("comments", "Leave a Reply\n\nYour email address will n"),
        ],
        "002": [("icons", "icon bookmark-bicon bookmarkicon camerai")],
        "003": [],
        "004": [],
    }


LINES = st.sampled_from([line for line, _ in FURNITURE] + [PARAGRAPH, "", "  ", "Short line", "Name", "Home", "\r"])


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, max_size=25), st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_cuts_are_whole_lines_in_order_and_never_prose(lines: list[str], line_break: str) -> None:
    text = line_break.join(lines)
    end = 0
    for cut in find_residue(text, content_type="text/plain"):
        assert end <= cut.start < cut.end
        assert cut.start == 0 or text[cut.start - 1] in "\r\n"
        assert cut.end == len(text) or text[cut.end] in "\r\n"
        assert PARAGRAPH not in text[cut.start : cut.end]
        end = cut.end


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_an_answer(text: str) -> None:
    types: tuple[ContentType | None, ...] = (None, "text/plain", "text/html")
    for content_type in types:
        for cut in find_residue(text, content_type=content_type):
            assert 0 <= cut.start < cut.end <= len(text)


def test_the_cheap_question_never_loses_a_line() -> None:
    for line, _ in FURNITURE:
        for variant in (line, line.upper(), line.lower()):
            if SURE.fullmatch(variant):
                assert may_be_furniture(variant, marked=is_marked(variant)), variant


_PATTERNS = [*(pattern for patterns in furniture._SURE.values() for pattern in patterns), LIKELY.pattern]


@pytest.mark.parametrize("pattern", _PATTERNS)
def test_the_cheap_question_loses_no_line_that_a_pattern_can_hold_for(pattern: str) -> None:
    """But for long lines that begin with a word that is not listed."""
    compiled = re.compile(f"(?:{pattern})", re.IGNORECASE)

    @settings(max_examples=25)
    @given(st.from_regex(compiled, fullmatch=True, alphabet=st.characters(codec="ascii")))
    def asked(line: str) -> None:
        first = re.match(r"[A-Za-z]+(?:['’-][A-Za-z]+)*", line.strip())
        listed = first is not None and first[0].lower() in furniture._FIRST_WORDS
        for variant in (line.strip().lower(), line.strip().upper()):
            if compiled.fullmatch(variant) and (listed or len(variant) <= furniture.SHORT_LINE_CODE_POINTS):
                assert may_be_furniture(variant, marked=is_marked(variant))

    asked()


def test_each_likely_word_is_asked_for() -> None:
    words = {word for word in re.findall(r"[a-z]+(?: [a-z]+)*", furniture._LIKELY) if LIKELY.fullmatch(word)}
    assert len(words) > 80
    assert [word for word in sorted(words) if not may_be_furniture(word, marked=False)] == []


PARAGRAPHS = [
    "The mayor said on Monday that the bridge would be closed for repairs until the end of the month, and that buses "
    "would run along the river instead.",
    "Residents had asked for the work for years, and the council found the money only after a long debate that ended "
    "late on Friday evening.",
    "Engineers will look at the piers first, because the winter was hard and the water stood higher than in any year "
    "since the bridge was built.",
]
MENU = ["Home", "World", "Business", "Sport", "Culture", "Travel", "Weather", "Sign in", "Subscribe", "Search"]
TEASER = "A dog that swam across the lake is home again after three days."


def _left(lines: list[str]) -> list[str]:
    text = "\n".join(lines)
    cuts = find_residue(text)
    starts = [len("\n".join(lines[:number])) + (number > 0) for number in range(len(lines))]
    return [
        line for line, start in zip(lines, starts, strict=True) if not any(cut.start <= start < cut.end for cut in cuts)
    ]


def test_sentences_between_menus_go_with_them() -> None:
    head = ["Bridge closed until the end of the month", "By Ann Example", "12 May 2026"]
    before = [*MENU, TEASER, "More news", *MENU, "Popular now."]
    behind = [
        "Related articles",
        "Ten cities to see",
        *MENU,
        TEASER,
        *MENU,
        "Leave a comment",
        "We like this place.",
        *MENU,
    ]
    assert _left([*before, *head, *PARAGRAPHS, *behind]) == [*head, *PARAGRAPHS]


def test_boxes_inside_the_body_of_a_dumped_page() -> None:
    box = ["Related articles", "Ten cities to see this year", "A dog comes home", "What the river brings", "Read more"]
    assert _left([*MENU, *PARAGRAPHS[:2], *box, *PARAGRAPHS[2:], *MENU]) == PARAGRAPHS


def test_the_end_of_an_article_behind_a_long_box_stays() -> None:
    box = ["Related articles", *[f"Headline number {number} of the box" for number in range(10)]]
    assert _left([*MENU, PARAGRAPHS[0], *box, PARAGRAPHS[1], *MENU]) == PARAGRAPHS[:2]


def test_lists_that_belong_to_the_article_stay() -> None:
    items = ["Bridge Street", "Mill Lane", "Old Market", "The upper harbour", "Church Hill"]
    article = [*PARAGRAPHS[:2], "These streets are closed as well:", *items, PARAGRAPHS[2]]
    assert _left(article) == article
    assert _left([*MENU, *article, *MENU]) == article


def test_an_article_with_a_few_lines_of_furniture_loses_only_these() -> None:
    furniture = ["Share this article", "Leave a comment", "Sign up for our newsletter"]
    article = [PARAGRAPHS[0], "“We waited.”", furniture[0], PARAGRAPHS[1], "Why now?", PARAGRAPHS[2], *furniture[1:]]
    assert _left(article) == [line for line in article if line not in furniture]
