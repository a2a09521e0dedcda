"""Pointwise prompts as data: what is asked of one passage, and which answers are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from benchmark.backbones.language import Answer, Message, Prompt

Mechanism = Literal["yes_no", "query_likelihood", "graded", "written"]
"""Where the score comes from: the odds of two answers, the likelihood of the query, the likelihoods of graded labels,
or a number that the model writes."""


@dataclass(frozen=True)
class Wording:
    """One prompt.

    Attributes:
        user: text of the user's turn; ``{query}``, ``{passage}``, ``{instruction}`` and ``{top}`` are put in.
        system: of the system turn, if there is one.
        answers: spellings of each answer, the most relevant first; empty where the mechanism brings its own.
        instruction: what the task is, for prompts that hold it; an option replaces it.
        thinking: the model may reason before it answers.
    """

    user: str
    system: str | None = None
    answers: tuple[Answer, ...] = ()
    instruction: str = ""
    thinking: bool = False

    def prompt(self, query: str, passage: str, instruction: str, top: int) -> Prompt:
        """The conversation about one passage."""
        user = self.user.format(query=query, passage=passage, instruction=instruction or self.instruction, top=top)
        system = () if self.system is None else (Message("system", self.system),)
        return Prompt((*system, Message("user", user)), thinking=self.thinking)


YES_NO: tuple[Answer, ...] = (("Yes", " Yes"), ("No", " No"))
LEVELS: tuple[Answer, ...] = (("Highly Relevant",), ("Somewhat Relevant",), ("Not Relevant",))
WEB_SEARCH = "Given a web search query, retrieve relevant passages that answer the query"
"""The example of Qwen3-Reranker's model card."""

PROMPTS: Mapping[Mechanism, Mapping[str, Wording]] = {
    "yes_no": {
        # ielab/llm-rankers @ 5bcaa80, llmrankers/pointwise.py
        "llm_rankers": Wording(
            "Passage: {passage}\nQuery: {query}\nDoes the passage answer the query? Answer 'Yes' or 'No'",
            answers=YES_NO,
        ),
        # RG-YN of arXiv 2310.14122
        "rg_yes_no": Wording(
            "For the following query and document, judge whether they are relevant. Output “Yes” or “No”.\n"
            "Query: {query}\nDocument: {passage}\nOutput:",
            answers=YES_NO,
        ),
        # castorini/rank_llm @ 2bcfefc and ielab/llm-rankers @ 5bcaa80, MonoT5LlmRanker
        "monot5": Wording(
            "Query: {query} Document: {passage} Relevant:",
            answers=((" true",), (" false",)),
        ),
        # QwenLM/Qwen3-Embedding @ 44548aa, examples/qwen3_reranker_transformers.py
        "qwen3_reranker": Wording(
            "<Instruct>: {instruction}\n<Query>: {query}\n<Document>: {passage}",
            system="Judge whether the Document meets the requirements based on the Query and the Instruct provided. "
            'Note that the answer can only be "yes" or "no".',
            answers=(("yes",), ("no",)),
            instruction=WEB_SEARCH,
        ),
        # mixedbread-ai/mxbai-rerank, mxbai_rerank_v2.py
        "prorank": Wording(
            "query: {query}\ndocument: {passage}\nYou are a search relevance expert who evaluates how well documents "
            "match search queries. For each query-document pair, carefully analyze the semantic relationship between "
            "them, then provide your binary relevance judgment (0 for not relevant, 1 for relevant).\nRelevance:",
            system="You are Qwen, created by Alibaba Cloud. You are a helpful assistant.",
            answers=(("1",), ("0",)),
        ),
    },
    "query_likelihood": {
        # ielab/llm-rankers @ 5bcaa80, llmrankers/pointwise.py
        "llm_rankers": Wording("Passage: {passage}\nPlease write a question based on this passage."),
    },
    "graded": {
        # RG-3L of arXiv 2310.14122
        "levels": Wording(
            "For the following query and document, judge whether they are “Highly Relevant”, “Somewhat Relevant”, or "
            "“Not Relevant”.\nQuery: {query}\nDocument: {passage}\nOutput:",
            answers=LEVELS,
        ),
        # RG-S(0,k) of arXiv 2310.14122; its answers are the numbers
        "scale": Wording(
            "From a scale of 0 to {top}, judge the relevance between the query and the document.\n"
            "Query: {query}\nDocument: {passage}\nOutput:",
        ),
    },
    "written": {
        # Alibaba-NLP/ERank-4B, examples/utils.py
        "erank": Wording(
            "Given a query and a document, please give a relevance score of 0~{top}.\n"
            "The goal or relevance definition is: {instruction}\n\n"
            "Here is the query:\n{query}\n\nHere is the document:\n{passage}\n\n"
            "After thinking, directly choose a relevance score from [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].\n"
            "- 0 represents completely not related\n- {top} means perfectly related.\n\n"
            "Desired output format:\n"
            "<think>put your thinking here</think><answer>Only allows an integer here</answer>\n\nYour output:",
            instruction=WEB_SEARCH,
            thinking=True,
        ),
    },
}
"""Of each mechanism by name; the first is its default."""
