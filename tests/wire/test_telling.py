"""Which sentences of the evidence are shown."""

from stream.wire.telling import telling_piece, telling_sentences

CONTEXT = {"Kyiv has not admitted it.": ["Kyiv"], "Artillery struck the Russian side.": ["Russian"]}
TELLING = {"Helicopters attacked an oil depot.": ["attacked an oil depot"]}


def test_what_the_expression_is_about_goes_before_words_that_say_where() -> None:
    assert telling_sentences({**CONTEXT, **TELLING}, 2) == list(TELLING)


def test_single_words_are_shown_in_reading_order_where_there_is_nothing_else() -> None:
    assert telling_sentences(CONTEXT, 2) == list(CONTEXT)
    assert telling_sentences(CONTEXT, 1) == list(CONTEXT)[:1]
    assert telling_sentences({}, 2) == []


def test_of_many_telling_ones_those_with_most_pieces_in_reading_order() -> None:
    matched = {"a": ["x y"], "b": ["x y", "z"], "c": ["x y"], "d": ["x y", "z", "w"], **CONTEXT}
    assert telling_sentences(matched, 2) == ["b", "d"]
    assert telling_sentences(matched, 3) == ["a", "b", "d"]


def test_the_piece_for_where_there_is_room_for_one() -> None:
    pieces = [
        ("Kyiv", "Kyiv has not admitted it."),
        ("Helicopters", "Helicopters attacked an oil depot."),
        ("attacked an oil depot", "Helicopters attacked an oil depot."),
    ]
    assert telling_piece(pieces) == 2
    assert telling_piece(pieces[:2]) == 0
    assert telling_piece([("red line", "red line"), ("a b", "a b c")]) == 0
