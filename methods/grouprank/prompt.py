"""GroupRank's prompt, and how its answers are read (arXiv 2511.11653; AQ-MedAI/Diver, ``GroupReranker``)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.backbones.language import Message, Prompt
from benchmark.backbones.meter import Fault

SYSTEM = (
    "Your task is to evaluate and rank documents based on how well they help answer the given query. Follow this "
    "evaluation priority:\n"
    "1. PRIMARY: Usefulness & Helpfulness - Does the document provide actionable information, solutions, or direct "
    "answers that help address the user's needs?\n"
    "2. SECONDARY: Relevance - Does the document contain information related to the query topic?\n\n"
    "Evaluation Process:\n"
    "1. First, identify the user's core intent and what kind of help they need from the query\n"
    "2. For each document, assess:\n"
    "   - How directly it addresses the user's intent\n"
    "   - What actionable information or answers it provides\n"
    "   - How much it helps solve the user's problem or need\n"
    "3. Compare documents against each other to ensure proper ranking\n"
    "4. Assign scores that reflect the relative usefulness ranking\n\n"
    "Scoring Scale (0-10):\n"
    "- 9-10: Extremely helpful, directly answers the query with actionable information\n"
    "- 7-8: Very helpful, provides substantial useful information for the query\n"
    "- 5-6: Moderately helpful, contains some useful information but incomplete\n"
    "- 3-4: Minimally helpful, limited useful information despite topic relevance\n"
    "- 1-2: Barely helpful, mentions related topics but provides little useful information\n"
    "- 0: Not helpful at all, cannot assist with answering the query\n"
)

_ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
_FENCED = re.compile(r"```json\s*([\s\S]+?)\s*```")
_BRACES = re.compile(r"\{[\s\S]*?\}")
_DOUBLED = re.compile(r"(\[\d+\])\]")


@dataclass(frozen=True)
class Scored:
    """A parsed answer: the score of each passage of the group, None for one that has none, and what was wrong."""

    scores: list[float | None]
    faults: frozenset[Fault]


def prompt(query: str, passages: Sequence[str]) -> Prompt:
    """The conversation about a group."""
    count = len(passages)
    listed = "".join(f"[{number}]. {text}\n\n" for number, text in enumerate(passages, 1))
    user = (
        f"I will provide you {count} documents, each indicated by a numerical identifier []. Score these documents "
        f"based on their Usefulness and Relevance to the query.\nQuery:\n{query}\n\nDocuments:\n{listed}\n\n"
        "## Final Output Format\n"
        "You must structure your response in exactly two parts: provide your brief reasoning process first, then "
        "output final scores in JSON format like below, with document IDs as string keys and integer scores as values "
        f"for all {count} documents. \n"
        "The reasoning process and answer are enclosed within <reason> </reason> and <answer> </answer> tags, "
        "respectively. Do NOT output anything outside the specified tags. Follow this exact format:\n"
        "<reason> \n[Analyze each document's usefulness and relevance to the query, explaining your scoring rationale]"
        '\n</reason>\n<answer> \n```json\n{"[1]": 5, "[2]": 3, "[3]": 8}\n``` \n</answer>\n'
    )
    return Prompt((Message("system", SYSTEM), Message("user", user)))


def parse_scores(answer: str, count: int) -> Scored:
    """Read ``{"[1]": 5, ...}``: in the answer tags, else anywhere; the last fenced block, else the last braces.

    A doubled bracket and a missing closing brace are mended. Where nothing can be read, or an identifier or a score is
    none, every passage of the group has 0, as in the official code; that is a refusal or out of range.

    Args:
        answer: what the model wrote; count: passages of the group.
    """
    tagged = _ANSWER.search(answer)
    text = tagged[1].strip() if tagged else answer
    found = _FENCED.findall(text) or _BRACES.findall(text)
    nothing: list[float | None] = [0.0] * count
    if not found:
        return Scored(nothing, frozenset({"refusal"}))
    mended = _DOUBLED.sub(r"\1", found[-1].strip())
    if mended.count("{") > mended.count("}"):
        mended += "}"
    try:
        read = {int(key.strip().strip("[]")): float(value) for key, value in json.loads(mended).items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return Scored(nothing, frozenset({"refusal"}))
    if not all(map(math.isfinite, read.values())):
        return Scored(nothing, frozenset({"refusal"}))
    if any(not 1 <= number <= count for number in read):
        return Scored(nothing, frozenset({"out_of_range"}))
    scores = [read.get(number) for number in range(1, count + 1)]
    return Scored(scores, frozenset({"missing"} if None in scores else ()))
