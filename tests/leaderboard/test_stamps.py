import hashlib
from pathlib import Path

import pytest

from benchmark.errors import UserError
from leaderboard.stamps import Stamps, files_of


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_names_sizes_and_hashes_of_what_is_there_whatever_the_names_are(tmp_path: Path) -> None:
    names = ["run.trec", "two words", "line\nbreak", "form\x0cfeed", "line\u2028separator"]
    for name in names:
        (tmp_path / name).write_text(name)
    known, contents = Stamps().look(tmp_path, [*names, "missing"], keep=["two words", "missing"])
    assert contents == {"two words": b"two words"}
    assert files_of(known) == [(name, len(name.encode()), sha256(name)) for name in names]
    assert files_of(Stamps().look(tmp_path, ["missing"])[0]) == []


def test_a_file_is_hashed_again_once_it_changed_and_not_before(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "run.trec").write_text("one")
    memory = tmp_path / "hashes.json"
    first = Stamps(memory)
    first.look(tmp_path, ["run.trec"])
    first.save()
    hashed: list[str] = []

    def counted(path: str) -> str:
        hashed.append(path)
        return sha256(Path(path).read_text())

    monkeypatch.setattr("leaderboard.stamps.sha256_file", counted)
    assert files_of(Stamps(memory).look(tmp_path, ["run.trec"])[0]) == [("run.trec", 3, sha256("one"))]
    assert hashed == []
    (tmp_path / "run.trec").write_text("longer")
    assert files_of(Stamps(memory).look(tmp_path, ["run.trec"])[0]) == [("run.trec", 6, sha256("longer"))]
    assert hashed == [f"{tmp_path}/run.trec"]


def test_a_symbolic_link_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "run.trec").symlink_to("/etc/hostname")
    with pytest.raises(UserError, match=r"run\.trec: a symbolic link"):
        Stamps().look(tmp_path, ["run.trec"])
