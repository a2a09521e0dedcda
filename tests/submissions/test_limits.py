"""Files that are made to hurt whoever reads them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from benchmark.errors import UserError
from benchmark.submissions import plain_yaml
from benchmark.submissions.limits import entries, is_name, pack, read_bounded, unpack


@pytest.mark.parametrize("name", ["icr", "paper-ie", "beir-nq", "llama-3.1-8b", "a", "selective_icr"])
def test_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".git", "a/b", "a\\b", "a..b", "A", "a b", "é", "-rf", "a\n", "a.", "x" * 101, "a\0"]
)
def test_no_names(name: str) -> None:
    assert not is_name(name)


def test_unpacking_stops_at_the_limit(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.gz"
    # A thousandth of what comes out, in several members, as bombs are made.
    bomb.write_bytes(gzip.compress(b"\0" * (1 << 20)) * 4)
    assert len(unpack(bomb)) == 4 << 20
    with pytest.raises(UserError, match="unpacks to more than 3000000 bytes"):
        unpack(bomb, unpacked=3_000_000)
    with pytest.raises(UserError, match="larger than 100 bytes"):
        unpack(bomb, packed=100)


def test_broken_archives(tmp_path: Path) -> None:
    whole = pack(b"lines\n" * 1000)
    for name, data in {"cut": whole[:-9], "none": b"PK\x03\x04", "torn": whole[:20] + b"x" * 20 + whole[40:]}.items():
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(UserError, match="not a whole gzip file"):
            unpack(path)


def test_packing_is_reproducible() -> None:
    assert pack(b"abc") == pack(b"abc")
    assert gzip.decompress(pack(b"abc")) == b"abc"


def test_links_and_special_files_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "plain").write_text("x")
    assert entries(tmp_path) == ["inside/plain"]
    link = tmp_path / "inside" / "link"
    link.symlink_to("/etc/hostname")
    for read in (lambda: entries(tmp_path), lambda: read_bounded(link, 10)):
        with pytest.raises(UserError, match="link"):
            read()
    link.unlink()
    (tmp_path / "outside").symlink_to("/etc", target_is_directory=True)
    with pytest.raises(UserError, match="link or special file"):
        entries(tmp_path)


def load(text: str) -> object:
    return plain_yaml.load(text.encode(), "it")


def test_plain_yaml() -> None:
    assert load("a: [1, 2.5, 'x', null]\nb: {c: true}") == {"a": [1, 2.5, "x", None], "b": {"c": True}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &x [1]\nb: *x", r"uses the alias '\*x'"),
        ("[" * 100 + "]" * 100, "nested more than 24 levels"),
        ("[" * 100_000, "nested more than 24 levels"),
        ("[" + "1," * 200_000 + "]", "more than 100000 values"),
        ("a: 1\na: 2", "key 'a' twice"),
        ("a: !!python/object/apply:os.system [id]", "not valid YAML"),
        ("a: !!python/name:os.system", "not valid YAML"),
        ("a: [1", "not valid YAML"),
        ("a: 1\n---\nb: 2", "not valid YAML"),
        ("a: " + "9" * 5000, "not valid YAML"),
        ("a: 2026-99-99", "not valid YAML"),
        ("a: safe\u202eexe", r"invisible character U\+202E"),
        ("? [a]\n: 1\n", "not valid YAML"),
        ("\n".join(f"k{number}: 1" for number in range(2000)), "too many keys"),
    ],
)
def test_refused_yaml(text: str, problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        load(text)


def test_yaml_that_is_no_text() -> None:
    with pytest.raises(UserError, match="not UTF-8 at byte 3"):
        plain_yaml.load(b"a: \xff", "it")
