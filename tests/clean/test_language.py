"""The language of texts."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.clean.language import LANGUAGES, SAMPLE_CODE_POINTS, find_language
from stream.clean.reading import Cut

TEXTS = {
    "en": "The ministers said that they will meet again on Monday, and that there was no reason for more sanctions.",
    "de": "Die Minister sagten, dass sie sich am Montag wieder treffen und dass es keinen Grund für Sanktionen gibt.",
    "fr": "Les ministres ont dit qu’ils se réuniront lundi et qu’il n’y a pas de raison pour de nouvelles sanctions.",
    "es": "Los ministros dijeron que se reunirán el lunes y que no hay más razones para nuevas sanciones, según él.",
    "pt": "Os ministros disseram que não há mais razões para novas sanções e que vão se reunir na segunda-feira.",
    "it": "I ministri hanno detto che si riuniranno lunedì e che non c’è alcun motivo per le nuove sanzioni del paese.",
    "pl": "Ministrowie powiedzieli, że spotkają się w poniedziałek i że nie ma powodu do nowych sankcji, które są złe.",
    "sv": "Ministrarna sade att de ska träffas på måndag och att det inte finns någon anledning till nya sanktioner.",
    "tr": "Bakanlar pazartesi günü yeniden bir araya geleceklerini ve yeni yaptırımlar için bir neden olmadığını dedi.",
    "ru": "Министры сказали, что они встретятся в понедельник и что для новых санкций уже нет причин, но это не всё.",
    "uk": "Міністри сказали, що вони зустрінуться в понеділок і що для нових санкцій немає причин, але це ще не все.",
    "bg": "Министрите казаха, че ще се срещнат в понеделник и че няма причина за нови санкции, според тях и които са.",
    "ar": "قال الوزراء إنهم سيجتمعون يوم الاثنين وإنه لا يوجد سبب لفرض عقوبات جديدة على الدولة التي في المنطقة.",
    "fa": "وزیران گفتند که روز دوشنبه دیدار می‌کنند و دلیلی برای تحریم‌های جدید وجود ندارد که این را باید گفت.",
    "el": "Οι υπουργοί είπαν ότι θα συναντηθούν τη Δευτέρα και ότι δεν υπάρχει λόγος για νέες κυρώσεις.",
    "he": "השרים אמרו שהם ייפגשו שוב ביום שני ושאין סיבה לסנקציות חדשות נגד המדינה.",
    "hi": "मंत्रियों ने कहा कि वे सोमवार को फिर मिलेंगे और नए प्रतिबंधों का कोई कारण नहीं है, यह उनके लिए है।",
    "ja": "閣僚らは月曜日に再び会談すると述べ、新たな制裁の理由はないと強調した。",
    "zh": "部长们表示，他们将于星期一再次会面，没有理由实施新的制裁，谈判将继续进行。",
    "ko": "장관들은 월요일에 다시 만날 것이며 새로운 제재를 할 이유가 없다고 말했다.",
    "th": "รัฐมนตรีกล่าวว่าพวกเขาจะพบกันอีกครั้งในวันจันทร์และไม่มีเหตุผลสำหรับการคว่ำบาตรใหม่",
}


@pytest.mark.parametrize("language", TEXTS)
def test_the_language_of_a_sentence(language: str) -> None:
    assert find_language(TEXTS[language]) == language
    assert find_language(unicodedata.normalize("NFD", TEXTS[language])) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Talks began.",
        "1234567890 " * 10,
        "😀" * 50,
        "OPEC WTI EUR/USD 12.5 NYSE AAPL MSFT GOOG TSLA NVDA META",
    ],
)
def test_what_is_in_doubt_is_none(text: str) -> None:
    assert find_language(text) is None


def test_two_scripts_of_which_none_prevails() -> None:
    assert find_language(f"{TEXTS['en']} {TEXTS['ru']}") is None


def test_residue_is_passed_over() -> None:
    menu = "Startseite\nNachrichten\nWirtschaft und Politik\nDas ist nicht für die\n" * 10
    text = menu + TEXTS["en"]
    assert find_language(text, cuts=[Cut(0, len(menu), "menu")]) == "en"


def test_only_the_beginning_counts() -> None:
    english = (TEXTS["en"] + " ") * 40
    assert len(english) > SAMPLE_CODE_POINTS
    assert find_language(english + TEXTS["ru"] * 100) == "en"


@given(st.text())
def test_any_text_has_a_known_language_or_none(text: str) -> None:
    assert find_language(text) in (None, *LANGUAGES)
