"""The grammar of expressions, in lark's notation.

It is wider than the definition of the language: what people write by mistake (words side by side, AND mixed with
OR, unknown fields) is parsed too, so that `grammar` can name the mistake and go on.
"""

from __future__ import annotations

TEXT_FIELDS = ("title", "body")
KEY_FIELDS = ("source", "lang", "author", "section", "country", "topic", "url")

GRAMMAR = r"""
start: chain
chain: unary link*
link: AND unary   -> and_link
    | OR unary    -> or_link
    | NOT unary   -> not_link
    | prox        -> beside

?unary: NOT unary -> negation
      | prox

?prox: atom (NEAR atom)*

?atom: WORD                                  -> word
     | STRING                                -> phrase
     | LIST                                  -> list_ref
     | REGEX                                 -> regex
     | "(" chain ")"                         -> bracket
     | FUNCTION "(" chain ")"                -> function
     | ANY "(" chain (_COMMA chain)* ")"     -> any_of
     | TEXT_FIELD atom                       -> text_field
     | KEY_FIELD (VALUE | STRING | LIST)     -> key_field
     | OTHER_FIELD (VALUE | STRING | LIST)   -> other_field

AND.9: /AND(?=[\s()"~@]|\Z)/
OR.9: /OR(?=[\s()"~@]|\Z)/
NEAR.9: /(?:NOT[ \t]+)?O?NEAR\/[0-9]{1,6}(?=[\s()"~@]|\Z)/
NOT.8: /NOT(?=[\s()"~@]|\Z)/
FUNCTION.9: /(?:SENTENCE|PARAGRAPH|CASE|(?:LEAD|ATLEAST)\/[0-9]{1,6})(?=\s*\()/
ANY.9: /ANY\/[0-9]{1,6}(?=\s*\()/
REGEX.9: /regex:"[^"]*"/
TEXT_FIELD.8: /(?:<text>):/
KEY_FIELD.8: /(?:<key>):/
OTHER_FIELD.7: /[^\W\d][\w.\-]*:/
STRING.6: /~?"[^"]*"/
LIST.6: /@[^\s(),"@:~]*/
WORD.1: /~?[^\s(),:"@~“”„«»]+/
VALUE.1: /[^\s(),"@~“”„«»]+/
_COMMA: ","
%ignore /\s+/
""".replace("<text>", "|".join(TEXT_FIELDS)).replace("<key>", "|".join(KEY_FIELDS))
