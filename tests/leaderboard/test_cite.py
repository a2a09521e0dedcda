import re

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


def test_nothing_that_is_sent_ends_a_field_or_begins_a_command() -> None:
    hostile = "x}}, url = {evil}\n@string{a\\input{/etc/passwd} 50% #1_$"
    entry = cite.run(identity="ab" * 32, what=hostile, year="2026", version="0.1", address=None)
    title = next(line for line in entry.splitlines() if "title" in line)
    inside = title.removeprefix("  title = {{").removesuffix("}},")
    assert not re.search(r"[{}\n]|\\(?![%&$#_])", inside)
    assert len(entry.splitlines()) == 7
