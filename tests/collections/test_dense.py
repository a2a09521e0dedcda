"""Dense runs: a tiny random embedding model, against similarities computed all at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from sentence_transformers import SentenceTransformer, SparseEncoder
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from sentence_transformers.sparse_encoder.modules import MLMTransformer, SpladePooling
from transformers import BertConfig, BertForMaskedLM, BertModel, BertTokenizerFast

from benchmark.collections import dense
from benchmark.collections.base import Document, Topic
from benchmark.errors import UserError
from benchmark.evaluation.runfile import read_run
from tests.support.collection import DOCUMENTS, QUERIES
from tests.support.command import command

TEXTS = [
    Document(docid, "Town", f"{text} It speaks of {'abcdefgh'[at]}.")
    for at, (docid, text) in enumerate(DOCUMENTS.items())
]
TOPICS = [Topic(qid, text) for qid, text in QUERIES.items()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random two-layer BERT over single characters, with mean pooling."""
    path = tmp_path_factory.mktemp("embedding")
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz0123456789.'"]
    vocabulary = [*pieces, *(f"##{piece}" for piece in pieces[5:])]
    (path / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    BertModel(config).save_pretrained(path / "bert")
    BertTokenizerFast(str(path / "vocab.txt")).save_pretrained(path / "bert")
    inner = Transformer(str(path / "bert"))
    model = SentenceTransformer(modules=[inner, Pooling(16)], prompts={"query": "ask ", "document": ""})
    model.save_pretrained(str(path / "model"))
    return path / "model"


def test_blocks_give_what_all_at_once_gives(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = dense.load(str(folder), None)
    monkeypatch.setattr(dense, "BLOCK", 3)
    run = dense.dense_run(model, iter(TEXTS), TOPICS, 5)
    queries = model.encode([f"ask {topic.text}" for topic in TOPICS], convert_to_tensor=True)
    documents = model.encode([f"Town {document.text}" for document in TEXTS], convert_to_tensor=True)
    expected = model.similarity(queries, documents)
    for topic, row in zip(TOPICS, expected, strict=True):
        best = row.topk(5)
        assert [hit.score for hit in run[topic.qid]] == pytest.approx(best.values.tolist(), abs=1e-5)
        assert {hit.docid for hit in run[topic.qid]} == {TEXTS[at].docid for at in best.indices.tolist()}


def test_equal_scores_are_in_order_of_docid(folder: Path) -> None:
    model = dense.load(str(folder), None)
    same = [Document(docid, "", "all the same") for docid in ("c", "a", "d", "b")]
    run = dense.dense_run(model, same, TOPICS[:1], 3)
    assert [hit.docid for hit in run["q1"]] == ["a", "b", "c"]


@pytest.fixture(scope="module")
def sparse_folder(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random learned-sparse model in SPLADE's form: a masked language model, the highest value of each word."""
    path = tmp_path_factory.mktemp("sparse")
    config = BertConfig.from_pretrained(folder.parent / "bert")
    torch.manual_seed(0)
    BertForMaskedLM(config).save_pretrained(path / "bert")
    BertTokenizerFast.from_pretrained(folder.parent / "bert").save_pretrained(path / "bert")
    model = SparseEncoder(modules=[MLMTransformer(str(path / "bert")), SpladePooling("max")])
    model.save_pretrained(str(path / "model"))
    return path / "model"


def test_a_learned_sparse_model_makes_runs_too(sparse_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = dense.load(str(sparse_folder), None, "sparse")
    monkeypatch.setattr(dense, "BLOCK", 3)
    run = dense.dense_run(model, iter(TEXTS), TOPICS, 5)
    queries = model.encode_query([topic.text for topic in TOPICS]).to_dense()
    documents = model.encode_document([f"Town {document.text}" for document in TEXTS]).to_dense()
    for topic, row in zip(TOPICS, queries @ documents.T, strict=True):
        assert [hit.score for hit in run[topic.qid]] == pytest.approx(row.topk(5).values.tolist(), abs=1e-4)


def test_the_command_writes_a_learned_sparse_run(sparse_folder: Path, small: Path, cache: Path) -> None:
    result = command("first-stage", "build", small, "--retriever", "sparse", "--model", sparse_folder, "--depth", 3)
    assert result.status == 0, result.err
    assert result.out.splitlines()[-1].endswith("sparse-model.trec")


def test_the_command_writes_a_run_that_says_which_model(folder: Path, small: Path, cache: Path, tmp_path: Path) -> None:
    out = tmp_path / "dense.trec"
    arguments = ["--retriever", "dense", "--model", folder, "--depth", 4, "--out", out]
    result = command("first-stage", "build", small, *arguments)
    assert result.status == 0, result.err
    assert {len(hits) for hits in read_run(out).values()} == {4}
    assert "name: model" in out.read_text()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--retriever", "dense"], "--retriever dense needs --model"),
        (["--model", "x"], "--model belongs to --retriever dense or sparse"),
        (["--retriever", "dense", "--model", "org/model"], "give the commit too (--model-revision)"),
    ],
)
def test_what_is_missing_is_said(arguments: list[str], problem: str, small: Path, cache: Path) -> None:
    result = command("first-stage", "build", small, *arguments)
    assert result.status == 2
    assert problem in result.problems[0]


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--model .*: cannot be loaded"):
        dense.load(str(tmp_path), None)
