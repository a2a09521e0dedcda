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


def lay_out_bright(part: str = "pony") -> None:
    """As the parquet files that ir-datasets downloads for a set of BRIGHT; written once into its home."""
    import pyarrow
    from pyarrow import parquet

    from benchmark.collections.ir_files import downloads

    documents = [{"id": docid, "content": text} for docid, text in DOCUMENTS.items()]
    queries = [
        {
            "id": qid,
            "query": text,
            "reasoning": "",
            "gold_answer": "",
            "gold_ids": [docid for docid, grade in GRADES[qid].items() if grade],
            "gold_ids_long": [],
            "excluded_ids": ["d0", "d1"] if qid == "q1" else ["N/A"],
        }
        for qid, text in QUERIES.items()
        if qid in GRADES
    ]
    reasons = [{"id": qid, "reasoning": f"Think: {QUERIES[qid]}"} for qid in GRADES]
    for file in downloads(f"bright/{part}"):
        rows = documents if file.name.endswith("/docs") else reasons if "_reason/" in file.name else queries
        file.path.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(pyarrow.Table.from_pylist(rows), file.path)


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
