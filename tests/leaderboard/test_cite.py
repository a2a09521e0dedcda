import re
from pathlib import Path

from leaderboard import cite
from methods.card import Paper


def test_a_run_is_cited_with_its_identity_and_address() -> None:
    entry = cite.run(
        identity="ab" * 32, what="icr on m: demo", year="2026", version="0.1", address="https://x.test/runs/a_b.html"
    )
    assert entry.startswith("@misc{rerankbench-abababababab,\n")
    assert "title = {{icr on m: demo}}" in entry
    assert "url = {https://x.test/runs/a_b.html}" in entry
    assert "ab" * 32 in entry
    assert "url" not in cite.run(identity="ab" * 32, what="x", year="2026", version="0.1", address=None)


def test_a_paper_is_cited_by_its_first_author_and_year() -> None:
    paper = Paper(title="Good & Bad", authors=("Ann Lee", "Bo Ek"), year=2024, url="https://arxiv.org/abs/2410.02642")
    assert cite.paper(paper) == (
        "@misc{lee2024,\n  title = {{Good \\& Bad}},\n  author = {Ann Lee and Bo Ek},\n  year = {2024},\n"
        "  url = {https://arxiv.org/abs/2410.02642},\n}\n"
    )


def test_each_ranked_row_of_the_overview_has_an_entry_that_leads_to_it(demo_site: Path, demo_results: Path) -> None:
    (path,) = (demo_site / "data" / "tables").glob("family-*.bib")
    entries = path.read_text(encoding="utf-8").split("\n\n")
    html = (demo_site / "index.html").read_text(encoding="utf-8")
    assert f'href="data/tables/{path.name}"' in html
    keys = [entry.partition("{")[2].partition(",")[0] for entry in entries]
    rows = [key.removeprefix("rerankbench-") for key in keys]
    assert len(set(rows)) == html.count('<tr id="') - 2, "two of them have no score"
    assert all(f'<tr id="{row}"' in html for row in rows)
    known = {folder.name.rpartition(".")[2] for folder in demo_results.iterdir()}
    assert all(entry.partition("requests: ")[2][:12] in known for entry in entries)


def test_a_row_of_several_runs_is_cited_with_all_of_them() -> None:
    entry = cite.table_row(
        key="k-1",
        what="ICR on m: BEIR",
        identities=["ab" * 32, "cd" * 32],
        year="2026",
        version="0.1",
        address="https://x/#k",
    )
    assert entry == (
        "@misc{k-1,\n  title = {{ICR on m: BEIR}},\n  author = {{The rerankbench contributors}},\n  year = {2026},\n"
        "  howpublished = {rerankbench 0.1, 2 runs},\n  note = {sha256 of the requests: abababababab, cdcdcdcdcdcd},\n"
        "  url = {https://x/#k},\n}\n"
    )


def test_nothing_that_is_sent_ends_a_field_or_begins_a_command() -> None:
    hostile = "x}}, url = {evil}\n@string{a\\input{/etc/passwd} 50% #1_$"
    entry = cite.run(identity="ab" * 32, what=hostile, year="2026", version="0.1", address=None)
    title = next(line for line in entry.splitlines() if "title" in line)
    inside = title.removeprefix("  title = {{").removesuffix("}},")
    assert not re.search(r"[{}\n]|\\(?![%&$#_])", inside)
    assert len(entry.splitlines()) == 7
