"""The small collection, laid out as the libraries that load public collections expect it."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import yaml

from tests.support.collection import DOCUMENTS, QUERIES

TITLE = "Archive"
GRADES = {"q1": {"d2": 1, "d3": 0}, "q2": {"d3": 2}, "q3": {"d4": 1}}


def lay_out_beir(name: str = "scifact") -> None:
    """As the archive that ir-datasets downloads for a BEIR set; written once into its home."""
    path = Path(os.environ["IR_DATASETS_HOME"]) / "beir" / name / "source.zip"
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    corpus = [{"_id": docid, "title": TITLE, "text": text, "metadata": {}} for docid, text in DOCUMENTS.items()]
    queries = [{"_id": qid, "text": text, "metadata": {}} for qid, text in QUERIES.items()]
    lines = [f"{qid}\t{docid}\t{grade}" for qid, grades in GRADES.items() for docid, grade in grades.items()]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/corpus.jsonl", "".join(json.dumps(row) + "\n" for row in corpus))
        archive.writestr(f"{name}/queries.jsonl", "".join(json.dumps(row) + "\n" for row in queries))
        archive.writestr(f"{name}/qrels/test.tsv", "\n".join(["query-id\tcorpus-id\tscore", *lines]) + "\n")


def lay_out_mteb(folder: Path, split: str, lists: dict[str, list[str]] | None = None) -> Path:
    """As a dataset repository in mteb's form; ``lists`` are a re-ranking task's candidates."""
    tables = {
        "corpus": [{"_id": docid, "title": TITLE, "text": text} for docid, text in DOCUMENTS.items()],
        "queries": [{"_id": qid, "text": text} for qid, text in QUERIES.items()],
        "default": [
            {"query-id": qid, "corpus-id": docid, "score": grade}
            for qid, grades in GRADES.items()
            for docid, grade in grades.items()
        ],
    }
    if lists:
        tables["top_ranked"] = [{"query-id": qid, "corpus-ids": docids} for qid, docids in lists.items()]
    folder.mkdir(parents=True)
    configs = []
    for name, rows in tables.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        configs.append({"config_name": name, "data_files": [{"split": split, "path": f"{name}.jsonl"}]})
    (folder / "README.md").write_text(f"---\n{yaml.safe_dump({'configs': configs})}---\n")
    return folder
