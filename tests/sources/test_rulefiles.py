"""Rule files of a folder: which are read, in what order, and what is said about those that cannot be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stream.errors import RulesError
from stream.rulelang import load, render
from stream.rulelang.diagnostic import FILE_BYTES_MAX
from stream.sources.rulefiles import load_rules, load_ruleset, read_rule_files

RULE = "kind: rule\nid: {}\nseverity: low\nmatch: {}\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_files_come_sorted_from_all_folders(tmp_path: Path) -> None:
    for name in ("b.yml", "a/z.yaml", "a/y.YML", "c.txt", ".hidden.yml", ".git/d.yml", "a/README.md"):
        write(tmp_path, name, name)
    files = read_rule_files(tmp_path)
    assert [Path(file.path).relative_to(tmp_path).as_posix() for file in files] == ["a/y.YML", "a/z.yaml", "b.yml"]
    assert files[0].text == "a/y.YML"


def test_a_link_to_a_file_is_followed(tmp_path: Path) -> None:
    target = write(tmp_path, "mounted/.data/rule.txt", RULE.format("a", "truce"))
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "rule.yml").symlink_to(target)
    assert [rule.id for rule in load_ruleset(folder).rules] == ["a"]


def test_one_file_by_itself(tmp_path: Path) -> None:
    path = write(tmp_path, "rule.yml", RULE.format("a", "truce"))
    assert [file.path for file in read_rule_files(path)] == [str(path)]


def test_no_folder_and_no_rule_file_are_said(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="found no folder"):
        read_rule_files(tmp_path / "none")
    with pytest.raises(RulesError, match=r"found no \*\.yml"):
        read_rule_files(tmp_path)


def test_all_unreadable_files_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "gone.yml").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.yml")
    write(tmp_path, "good.yml", RULE.format("a", "truce"))
    with pytest.raises(RulesError) as raised:
        read_rule_files(tmp_path)
    said = str(raised.value)
    assert "gone.yml: the file cannot be read: No such file or directory" in said
    assert "pipe.yml: found no regular file" in said
    assert "good.yml" not in said


def test_bytes_that_are_no_utf_8_and_files_too_large_are_told_beside_other_findings(tmp_path: Path) -> None:
    (tmp_path / "latin.yml").write_bytes("kind: rule\ntitle: café".encode("latin-1"))
    (tmp_path / "large.yml").write_bytes(b"#" * (FILE_BYTES_MAX - 1) + "é€".encode())
    write(tmp_path, "a.yml", RULE.format("a", "red line"))
    said = [render(diagnostic) for diagnostic in load(read_rule_files(tmp_path)).diagnostics]
    assert f"{tmp_path / 'latin.yml'}:2:11: error R102: found the byte 0xe9, expected UTF-8" in said[2]
    assert f"{tmp_path / 'large.yml'}:1:1: error R101: found a file of " in said[1]
    assert f"{tmp_path / 'a.yml'}:4:8: error R306" in said[0]


def test_rules_that_cannot_be_used_are_told_with_their_places(tmp_path: Path) -> None:
    write(tmp_path, "a.yml", RULE.format("a", "red line"))
    write(tmp_path, "b.yml", RULE.format("b", "truce"))
    with pytest.raises(RulesError) as raised:
        load_ruleset(tmp_path)
    said = str(raised.value)
    assert said.startswith(f"the rules in {tmp_path} cannot be used (1 error):\n")
    assert f"{tmp_path / 'a.yml'}:4:8: error R306" in said
    assert "R903" not in said


def test_warnings_come_with_the_rules(tmp_path: Path) -> None:
    write(tmp_path, "b.yml", RULE.format("b", "truce"))
    loaded = load_rules(tmp_path)
    assert [d.code for d in loaded.diagnostics] == ["R903"]
    assert loaded.ruleset is not None
