"""A small collection and suites over it, as files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

QUERIES = {
    "q1": "where do herons nest",
    "q2": "how deep is the canal",
    "q3": "who built the mill",
    "q4": "when does the market open",
    "q5": "what grows on the dyke",
    "q6": "why is the bridge closed",
}
DOCUMENTS = {f"d{number}": f"Document number {number} of the town's archive." for number in range(8)}
DEPTH = 4


def write_collection(folder: Path) -> Path:
    """Six topics, eight documents, four candidates each; the relevant document of each stands third."""
    folder.mkdir(parents=True)
    _write_lines(folder / "corpus.jsonl", [{"_id": docid, "text": text} for docid, text in DOCUMENTS.items()])
    _write_lines(folder / "queries.jsonl", [{"_id": qid, "text": text} for qid, text in QUERIES.items()])
    run, qrels = [], []
    for number, qid in enumerate(QUERIES):
        listed = [f"d{(number + rank) % len(DOCUMENTS)}" for rank in range(DEPTH)]
        run += [f"{qid} Q0 {docid} {rank} {10 - rank}.5 bm25" for rank, docid in enumerate(listed, 1)]
        qrels.append(f"{qid} 0 {listed[2]} 1")
    (folder / "run.bm25.trec").write_text("\n".join(run) + "\n")
    (folder / "qrels.tsv").write_text("\n".join(qrels) + "\n")
    return folder


def write_suite(
    path: Path,
    collection: Path | str,
    methods: Sequence[str] = ("first-stage",),
    backbones: Sequence[str] = (),
    **changes: Any,
) -> Path:
    """A suite file; methods are ``name`` or ``name:preset``."""
    entries = [dict(zip(("method", "preset"), name.split(":"), strict=False)) for name in methods]
    values = {
        "name": "small",
        "title": "Small",
        "description": "For tests.",
        "depth": DEPTH,
        "methods": entries,
        "backbones": list(backbones),
        "collections": [{"collection": str(collection)}],
    }
    path.write_text(yaml.safe_dump(values | changes))
    return path


def _write_lines(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
