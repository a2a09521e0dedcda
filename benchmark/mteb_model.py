"""Any method as a model of mteb, so that ``mteb.evaluate`` runs it on its re-ranking tasks::

    import mteb
    from benchmark.mteb_model import Reranker

    model = Reranker("icr:paper", "smollm2-135m-instruct")
    mteb.evaluate(model, mteb.get_task("AskUbuntuDupQuestions"))

A retrieval task gives no candidates; pass those of a first stage as ``candidates``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmark import __version__
from benchmark.errors import UserError
from benchmark.evaluation.runfile import strictly_decreasing
from benchmark.harness.scoring import checked
from methods.base import Candidate, Method

if TYPE_CHECKING:
    from mteb.models import ModelMeta


class Reranker:
    """A method in mteb's search protocol.

    Args:
        method: ``name`` or ``name:preset``; backbone: name, for methods that need one.
        options: on top of the preset's.
        candidates: docids by qid, best first, for tasks that give none; a task's own lists are used otherwise.
        depth: candidates of each list that are re-ranked; None: all. The others keep their order behind them.

    Raises:
        UserError: unknown names or options.
    """

    def __init__(
        self,
        method: str,
        backbone: str | None = None,
        *,
        options: Mapping[str, Any] | None = None,
        candidates: Mapping[str, Sequence[str]] | None = None,
        depth: int | None = None,
    ) -> None:
        self.name = f"rerankbench/{method.replace(':', '-')}" + (f"-{backbone}" if backbone else "")
        self._method = loaded(method, backbone, options or {})
        self._candidates = candidates
        self._depth = depth
        self._documents: dict[str, tuple[str, str]] = {}

    @property
    def mteb_model_meta(self) -> ModelMeta:
        """What mteb notes of the model."""
        from mteb.models import ModelMeta

        found: ModelMeta = ModelMeta.create_empty(
            {"name": self.name, "revision": __version__, "framework": ["PyTorch"], "model_type": ["cross-encoder"]}
        )
        return found

    def index(self, corpus: Any, **about: Any) -> None:
        """Keep the documents' texts."""
        del about
        self._documents = {str(row["id"]): (row.get("title") or "", row["text"]) for row in corpus}

    def search(
        self, queries: Any, *, top_k: int, top_ranked: Mapping[str, Sequence[str]] | None = None, **about: Any
    ) -> dict[str, dict[str, float]]:
        """Scores by qid and docid: strictly decreasing, so that no evaluator's rule for ties matters.

        Raises:
            UserError: a query without candidates, or a candidate that is not in the corpus.
        """
        del about
        lists = top_ranked if top_ranked is not None else self._candidates
        if lists is None:
            raise UserError(
                f"{self.name}: this task gives no candidates. Pass a first stage's lists: "
                "Reranker(..., candidates={qid: [docid, ...]})."
            )
        from benchmark.collections.base import Hit

        results = {}
        for row in queries:
            qid = str(row["id"])
            docids = [str(docid) for docid in lists.get(qid, ())]
            missing = [docid for docid in docids if docid not in self._documents]
            if missing or not docids:
                what = (
                    f"{len(missing)} candidates are not in the corpus ({missing[0]}, ...)"
                    if missing
                    else "no candidates"
                )
                raise UserError(f"{self.name}: query '{qid}': {what}.")
            ranked = self._ranked(row["text"], docids)
            hits = strictly_decreasing([Hit(docid, float(-rank)) for rank, docid in enumerate(ranked[:top_k])])
            results[qid] = {hit.docid: hit.score for hit in hits}
        return results

    def _ranked(self, query: str, docids: Sequence[str]) -> list[str]:
        shown = docids[: self._depth]
        candidates = [Candidate(docid, self._documents[docid][1], self._documents[docid][0]) for docid in shown]
        scores = checked(self._method.rerank(query, candidates), len(candidates))
        order = sorted(range(len(shown)), key=lambda at: -scores[at])
        return [*(shown[at] for at in order), *docids[len(shown) :]]


def loaded(name: str, backbone: str | None, options: Mapping[str, Any]) -> Method[Any]:
    """A method ready to re-rank, with its backbone loaded.

    Args:
        name: ``method`` or ``method:preset``.

    Raises:
        UserError: unknown names or options, or a method that needs a backbone and got none.
    """
    from methods import registry

    method, _, preset = name.partition(":")
    plugin = registry.find(method)
    values = plugin.options(preset or "default", dict(options))
    if not plugin.card.needs:
        return plugin.method_class(values, None)
    if backbone is None:
        raise UserError(f"Method '{plugin.name}' needs a backbone: rerankbench list backbones.")
    from benchmark.backbones import catalogue
    from benchmark.backbones.loader import load
    from benchmark.backbones.sources import prepare, whereabouts

    selected = catalogue.find(backbone)
    folder = prepare(selected)
    found = plugin.method_class(
        values, load(selected, folder, needs=plugin.card.needs, revision=whereabouts(selected, folder)[1])
    )
    found.ready()
    return found
