"""Files of known hash: fetched once, resumed, checked, never replaced silently."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from benchmark.downloads import CHUNK, fetch
from benchmark.errors import UserError
from tests.support.web import Site, serving

CONTENT = bytes(range(256)) * 400
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site({"/run.trec": CONTENT})) as found:
        yield found


@pytest.fixture(autouse=True)
def _online(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RERANKBENCH_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


def url(site: Site) -> str:
    return f"{site.address}/run.trec"


def test_a_file_is_fetched_once(site: Site, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    target = tmp_path / "deep" / "run.trec"
    assert fetch(url(site), target, SHA256, lambda *at: seen.append(at)).read_bytes() == CONTENT
    assert seen[-1] == ("run.trec", len(CONTENT), len(CONTENT))
    fetch(url(site), target, SHA256)
    assert len(site.asked) == 1


def test_a_download_that_broke_off_goes_on(site: Site, tmp_path: Path) -> None:
    site.cut = [CHUNK + 1000]
    with pytest.raises(UserError, match=r"run\.trec: (could not be fetched|cut off).*Repeat the command to go on"):
        fetch(url(site), tmp_path / "run.trec", SHA256)
    assert not (tmp_path / "run.trec").exists()
    assert fetch(url(site), tmp_path / "run.trec", SHA256).read_bytes() == CONTENT
    assert site.asked[-1] == ("/run.trec", f"bytes={CHUNK}-")


def test_a_server_without_ranges_starts_anew(site: Site, tmp_path: Path) -> None:
    site.cut, site.ranges = [1000], False
    with pytest.raises(UserError):
        fetch(url(site), tmp_path / "run.trec", SHA256)
    assert fetch(url(site), tmp_path / "run.trec", SHA256).read_bytes() == CONTENT


def test_another_file_is_refused_and_not_kept(site: Site, tmp_path: Path) -> None:
    wrong = "0" * 64
    with pytest.raises(UserError, match=f"not the pinned file: sha256 expected {wrong}, found {SHA256}"):
        fetch(url(site), tmp_path / "run.trec", wrong)
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".lock"]


def test_a_complete_part_is_taken(site: Site, tmp_path: Path) -> None:
    (tmp_path / ".run.trec.partial").write_bytes(CONTENT)
    assert fetch(url(site), tmp_path / "run.trec", SHA256).read_bytes() == CONTENT


def test_a_damaged_file_is_named_and_left(site: Site, tmp_path: Path) -> None:
    target = fetch(url(site), tmp_path / "run.trec", SHA256)
    target.write_bytes(CONTENT[:-1])
    with pytest.raises(UserError, match=r"run\.trec: damaged: sha256 expected .*, found .*data prepare --again"):
        fetch(url(site), target, SHA256)
    assert target.read_bytes() == CONTENT[:-1]


def test_a_damaged_file_is_replaced_when_that_is_asked_for(site: Site, tmp_path: Path) -> None:
    target = fetch(url(site), tmp_path / "run.trec", SHA256)
    fetch(url(site), target, SHA256, anew=True)
    assert len(site.asked) == 1
    target.write_bytes(CONTENT[:-1])
    assert fetch(url(site), target, SHA256, anew=True).read_bytes() == CONTENT


def test_a_file_without_a_known_hash_is_taken_as_it_comes(site: Site, tmp_path: Path) -> None:
    target = fetch(url(site), tmp_path / "run.trec", None)
    target.write_bytes(b"mine")
    assert fetch(url(site), target, None).read_bytes() == b"mine"
    assert fetch(url(site), target, None, anew=True).read_bytes() == CONTENT


def test_what_is_missing_or_unreachable_is_said(site: Site, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"/other: could not be fetched \(status 404\)"):
        fetch(f"{site.address}/other", tmp_path / "other", SHA256)
    with pytest.raises(UserError, match=r"could not be fetched \(ConnectionError\)"):
        fetch("http://127.0.0.1:9/run.trec", tmp_path / "run.trec", SHA256)


@pytest.mark.parametrize("name", ["RERANKBENCH_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_nothing_is_asked_for(name: str, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(UserError, match=r"not here yet, and RERANKBENCH_OFFLINE"):
        fetch(url(site), tmp_path / "run.trec", SHA256)
    assert not site.asked


FETCH = """
import sys
from pathlib import Path
from benchmark.downloads import fetch
print(fetch(sys.argv[1], Path(sys.argv[2]), sys.argv[3]).stat().st_size)
"""


def test_two_processes_fetch_it_once(site: Site, tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", FETCH, url(site), str(tmp_path / "run.trec"), SHA256]
    started = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0] for process in started] == [f"{len(CONTENT)}\n"] * 2
    assert len(site.asked) == 1


def test_two_at_once_fetch_it_once(site: Site, tmp_path: Path) -> None:
    threads = [Thread(target=fetch, args=(url(site), tmp_path / "run.trec", SHA256)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "run.trec").read_bytes() == CONTENT
    assert len(site.asked) == 1
