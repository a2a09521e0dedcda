import http.client
import re
import threading
import time
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import cells
import pytest

from benchmark.errors import UserError
from leaderboard import serve as module
from leaderboard.serve import HOST, fingerprint, make_server, serve


@pytest.fixture
def port(demo_site: Path) -> Iterator[int]:
    server = make_server(demo_site, 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def get(port: int, path: str) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers["Content-Type"], body


def test_pages_and_data_are_served_with_their_types(port: int, demo_site: Path) -> None:
    assert get(port, "/") == (200, "text/html; charset=utf-8", (demo_site / "index.html").read_bytes())
    run = next((demo_site / "runs").glob("*.html")).stem
    assert get(port, f"/runs/{run}.csv")[:2] == (200, "text/csv; charset=utf-8")
    assert get(port, f"/data/runs/{run}.zip")[:2] == (200, "application/zip")
    assert get(port, "/style.css")[:2] == (200, "text/css")


@pytest.mark.parametrize("path", ["/runs/", "/data/", "/../secret", "/%2e%2e/%2e%2e/etc/passwd", "/none.html"])
def test_nothing_else_is_served(port: int, path: str) -> None:
    assert get(port, path)[0] == 404


def test_a_port_in_use_or_out_of_range_is_a_user_error(port: int, demo_site: Path) -> None:
    for taken in (port, 70000):
        with pytest.raises(UserError, match=f"Port {taken}"):
            make_server(demo_site, taken)


def test_ctrl_c_ends_serving_and_frees_the_port(demo_site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(server: ThreadingHTTPServer) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ThreadingHTTPServer, "serve_forever", interrupted)
    said: list[str] = []
    serve(demo_site, 0, said.append)
    (address,) = re.findall(r"http://127\.0\.0\.1:(\d+)/", said[0])
    make_server(demo_site, int(address)).server_close()


def test_only_a_site_is_served(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no site here"):
        make_server(tmp_path, 0)


def test_a_fingerprint_changes_with_every_file(tmp_path: Path) -> None:
    folder = cells.write_cell(tmp_path, cells.request())
    seen = [fingerprint([tmp_path])]
    assert fingerprint([tmp_path]) == seen[0]
    (folder / "new").write_text("x", encoding="utf-8")
    seen.append(fingerprint([tmp_path]))
    (folder / "new").write_text("xy", encoding="utf-8")
    seen.append(fingerprint([tmp_path]))
    (folder / "new").unlink()
    assert len(set(seen)) == 3
    assert fingerprint([tmp_path]) == seen[0]
    assert fingerprint([tmp_path / "gone"]) == fingerprint([])


def test_what_changes_while_it_is_served_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK", 0.05)
    results, site = tmp_path / "results", tmp_path / "site"
    cells.write_cell(results, cells.request())
    said: list[str] = []

    def until(word: str) -> None:
        end = time.monotonic() + 60
        while not any(word in sentence for sentence in said):
            assert time.monotonic() < end, said
            time.sleep(0.02)

    def change(server: ThreadingHTTPServer) -> None:
        """In place of serving: change the results as a run would, then break them, then press Ctrl-C."""
        folder = cells.write_cell(results, cells.request("core"))
        until("2 rows")
        assert "methods/core.html" in (site / "index.html").read_text(encoding="utf-8")
        before = (site / "index.html").read_bytes()
        (folder / "summary.json").write_text("{}", encoding="utf-8")
        until("Not built")
        assert (site / "index.html").read_bytes() == before
        raise KeyboardInterrupt

    monkeypatch.setattr(ThreadingHTTPServer, "serve_forever", change)
    serve(site, 0, said.append, [results])
    assert "The leaderboard is at" in said[0]
