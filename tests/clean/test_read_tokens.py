"""Golden tests of how text is read, rules 1 to 5: token / case form, in order."""

from __future__ import annotations

import pytest

from stream.clean import Cut, fold_key, read, read_phrase


def folded(text: str) -> str:
    return " ".join(read(text, content_type="text/plain").tokens)


def cased(text: str) -> str:
    return " ".join(read(text, content_type="text/plain").cases)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        # Rule 1: fold
        ("ATACMS™ Acme® 2024© Mark℠", "atacms acme 2024 mark"),
        ("ﬁve Ｆｕｌｌ Ⅳ x²", "five full iv x2"),
        ("café cafe\u0301 naïve Škoda Ångström", "cafe cafe naive skoda angstrom"),
        ("łøđıæœþðß", "lodiaeoethdss"),
        ("Łódź Straße STRAẞE İstanbul ǰ", "lodz strasse strasse istanbul j"),
        ("й и\u0306 ё е\u0308 Київ", "й й ё ё київ"),
        ("ά Άρης", "ά άρησ"),
        ("ガ ｶﾞ", "ガ ガ"),
        # Rule 2: quotes and hyphens
        ("don’t don‘t donʼt don′t don`t don't", "don't don't don't don't don't don't"),
        ("“red” ”red” „red“ «red»", "red red red red"),
        ("S\u2010400 S\u2011400 S\u2012400 S\u2013400", "s 400 s 400 s 400 s 400"),
        ("non\u2010nuclear non\u2011nuclear non\u2012nuclear non\u2013nuclear", " ".join(["nonnuclear"] * 4)),
        ("de\u2014escalation", "de escalation"),
        ("de - escalation, de \u2013 escalation, de- escalation, de -escalation", " ".join(["de escalation"] * 4)),
        ("de--escalation", "de escalation"),
        ("esca\u00adlation esca\u200blation esca\u2060lation esca\ufefflation", " ".join(["escalation"] * 4)),
        ("de-\nescalation", "deescalation"),
        ("de\u2011\r\nescalation", "deescalation"),
        ("long-\nrange", "long range"),
        ("esca\u00ad\nlation", "escalation"),
        ("de-\n\nescalation", "de escalation"),
        # Rule 3: tokens
        ("192.168.0.1 v2.0 2.0b 1,a .5 5,", "192.168.0.1 v2.0 2.0b 1 a 5 5"),
        ("C++ AT&T and/or me@example.org #redline snake_case", "c at t and or me example org redline snake case"),
        ("مُحَمَّد كتــاب שָׁלוֹם क्षेत्र हिन्दी", "مُحَمَّد كتــاب שָׁלוֹם क्षेत्र हिन्दी"),
        ("COVID-19疫情 F-16戰機", "covid 19 疫 情 f 16 戰 機"),
        ("1,000 3.5 1.000,50 ١٬٠", "1,000 3.5 1.000,50 ١ ٠"),
        ("3, 5. 7", "3 5 7"),
        ("a.5 5.a", "a 5 5 a"),
        ("rock'n'roll 'tis O'Neill", "rock'n'roll tis o'neill"),
        ("U.S. u.s. U.S U.S.S.R. a.m. e.g.", "us us us ussr am eg"),
        ("U.S.Army J. Smith Ph.D. example.com", "us army j smith ph d example com"),
        ("a_b a&b a/b a@b a#b", " ".join(["a b"] * 5)),
        ("中文字 カナ かな", "中 文 字 カ ナ か な"),
        ("ไทย ລາວ ខ្មែរ", "ไ ท ย ລ າ ວ ខ ្ ម ែ រ"),
        ("中F16文", "中 f16 文"),
        ("한국어 हिन्दी עברית العربية", "한국어 हिन्दी עברית العربية"),
        ("🚀 … — ( ) !", ""),
        ("", ""),
        # Rule 4: possessives
        ("Putin’s red line", "putin red line"),
        ("Putin's Putin‘s Putinʼs Putin′s Putin`s PUTIN'S", " ".join(["putin"] * 6)),
        ("allies' 'allies' allies’", "allies allies allies"),
        ("red-line's U.S.'s U.S.’ Moscow's-backed", "red line us us moscow backed"),
        ("he's it'll", "he it'll"),
        ("'s", "s"),
        # Rule 5: compounds
        ("long-range red-line US-made S-400 F-16s", "long range red line us made s 400 f 16s"),
        ("de-escalation non-nuclear anti-war", "deescalation nonnuclear antiwar"),
        ("un-named dis-armed counter-attack", "unnamed disarmed counterattack"),
        ("anti-long-range", "antilong range"),
        ("pre-de-escalation", "pre deescalation"),
        ("non-anti-war", "nonantiwar"),
        ("anti-Putin's anti-U.S. anti-1,000", "antiputin antius anti1,000"),
        ("UN-backed UN-BACKED", "un backed un backed"),
        ("DE-ESCALATION NON-NUCLEAR", "deescalation nonnuclear"),
        ("DE-based Un-backed De-Escalation", "de based unbacked deescalation"),
        ("NON-UN-BACKED", "nonun backed"),
        ("U.N.-backed U.S.-led non-U.S.", "un backed us led nonus"),
        ("under-age decade-long", "under age decade long"),
        ("Jong-un's Jong-un's-own anti-Putin's-war", "jong un jong un own antiputin war"),
        ("Co-operation Un-American ANTI-US ANTI-Putin", "co operation unamerican antius anti putin"),
    ],
)  # fmt: skip
def test_tokens(text: str, tokens: str) -> None:
    assert folded(text) == tokens


@pytest.mark.parametrize(
    ("text", "cases"),
    [
        ("U.S. and us", "US and us"),
        ("US-made Kremlin’s", "US made Kremlin"),
        ("De-escalation DE-ESCALATION", "Deescalation DEESCALATION"),
        ("Łódź Æsir Straße", "Lodz AEsir Strasse"),
        ("Київ", "Київ"),
    ],
)
def test_case_forms_keep_the_case_as_written(text: str, cases: str) -> None:
    assert cased(text) == cases


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("The Kremlin’s “red lines”.", ["The", "Kremlin", "red", "lines"]),
        ("U.S. and us", ["U.S.", "and", "us"]),
        ("ATACMS™ de-\r\nescalation!", ["ATACMS", "de-\r\nescalation"]),
        ("anti-long-range", ["anti-long", "range"]),
        ("esca\u00adlation cafe\u0301 ﬁve", ["esca\u00adlation", "cafe\u0301", "ﬁve"]),
        ("½", ["½", "½"]),
        ("中文", ["中", "文"]),
    ],
)
def test_offsets_lead_to_the_text_as_received(text: str, pieces: list[str]) -> None:
    reading = read(text, content_type="text/plain")
    assert [text[start:end] for start, end in zip(reading.starts, reading.ends, strict=True)] == pieces


def test_the_table_of_examples() -> None:
    """The words of `matches` are there side by side, those of `does not match` are not."""
    assert folded("De‑escalation urged") == folded("de-escalation urged")
    assert folded("the Kremlin’s “red lines”") == "the kremlin red lines"
    assert read("U.S. and us").cases == ["US", "and", "us"]
    assert folded("U.S. and us").split().count("us") == 2
    assert folded("long-range ATACMS™") == folded("long range ATACMS")
    assert folded("UN-backed talks") == "un backed talks"
    talk = read("They talk. A truce held.")
    assert talk.sentences[talk.tokens.index("talk")] != talk.sentences[talk.tokens.index("truce")]
    assert len(set(talk.paragraphs)) == 1


def test_a_phrase_is_read_as_an_article_is() -> None:
    assert read_phrase("U.S. de-escalation’s") == [("us", "US"), ("deescalation", "deescalation")]
    assert read_phrase("deescalat") == [("deescalat", "deescalat")]
    assert read_phrase("<b>bold</b>") == [("b", "b"), ("bold", "bold"), ("b", "b")]
    assert read_phrase("") == []


@pytest.mark.parametrize(
    ("text", "key"), [("  The   Łódź\tTimes ", "the lodz times"), ("EN", "en"), ("Reuters®", "reuters"), ("Й", "й")]
)
def test_key_fields_are_folded_as_a_whole(text: str, key: str) -> None:
    assert fold_key(text) == key


class TestCuts:
    def test_their_tokens_are_left_out_and_they_break_the_paragraph(self) -> None:
        text = "A truce held. Share this. Talks go on."
        cut = Cut(14, 25, "share")
        reading = read(text, cuts=[cut])
        assert reading.tokens == ["a", "truce", "held", "talks", "go", "on"]
        assert reading.paragraphs == [0, 0, 0, 1, 1, 1]
        assert reading.sentences == [0, 0, 0, 1, 1, 1]
        assert reading.cuts == (cut,)
        assert text[slice(*reading.sentence_span(3))] == "Talks go on."

    def test_inside_a_word_they_divide_it(self) -> None:
        reading = read("escalation", cuts=[Cut(3, 5, "icon")])
        assert (reading.tokens, reading.starts) == (["esc", "ation"], [0, 5])

    def test_in_html_they_are_offsets_into_the_source(self) -> None:
        text = "<p>One</p><p>Menu</p><p>Two</p>"
        reading = read(text, cuts=[Cut(text.index("Menu"), text.index("Menu") + 4, "menu")])
        assert reading.tokens == ["one", "two"]

    def test_a_hyphen_before_a_cut_joins_nothing(self) -> None:
        reading = read("de-\nShare\nescalation", cuts=[Cut(4, 9, "share")])
        assert reading.tokens == ["de", "escalation"]

    @pytest.mark.parametrize(
        "cut", [Cut(3, 3, "empty"), Cut(5, 2, "reversed"), Cut(900, 950, "beyond"), Cut(-5, 0, "before")]
    )
    def test_those_that_hold_nothing_change_nothing(self, cut: Cut) -> None:
        reading = read("A truce held.", cuts=[cut])
        assert (reading.tokens, reading.paragraphs) == (["a", "truce", "held"], [0, 0, 0])
