"""Small files in the public formats of questions with their own paragraphs; every word is made up for the tests."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def turn(role: str, content: str, has_answer: bool | None = None) -> dict[str, Any]:
    """A turn; LongMemEval has the label only in sessions with evidence."""
    return {"role": role, "content": content} | ({} if has_answer is None else {"has_answer": has_answer})


SESSIONS: dict[str, list[dict[str, Any]]] = {
    "answer_kiln_1": [
        turn("user", "My kiln fired to 1180 degrees for the first time.", True),
        turn("assistant", "Congratulations! That is stoneware heat.", False),
        turn("user", "Which glaze suits that?", False),
        turn("assistant", "A celadon would be safe.", False),
    ],
    "answer_kiln_2": [
        turn("user", "Recommend a clay for my teapots.", False),
        turn("assistant", "Try the grogged buff clay from the quarry shop.", True),
    ],
    "filler_bread": [
        turn("user", "How long should rye dough rest?"),
        turn("assistant", "About twelve hours in the cold."),
        turn("user", "Thanks, and the oven?"),
        turn("assistant", "Start at 240 degrees."),
    ],
    "filler_trains": [
        turn("assistant", "Welcome back! Where are we going today?"),
        turn("user", "To the coast, by the slow train."),
        turn("assistant", "It leaves at 9:40."),
    ],
}


def longmemeval(question_id: str, question_type: str, question: str, *sessions: str) -> dict[str, Any]:
    """One instance over the sessions of that name."""
    return {
        "question_id": question_id,
        "question_type": question_type,
        "question": question,
        "answer": "made up",
        "question_date": "2031/05/30 (Fri) 20:15",
        "haystack_dates": [f"2031/05/{number:02} (Thu) 09:00" for number in range(1, len(sessions) + 1)],
        "haystack_session_ids": list(sessions),
        "haystack_sessions": [SESSIONS[name] for name in sessions],
        "answer_session_ids": [name for name in sessions if name.startswith("answer")],
    }


LONGMEMEVAL = [
    longmemeval(
        "k1", "single-session-user", "How hot did my kiln get?", "filler_bread", "answer_kiln_1", "filler_trains"
    ),
    longmemeval(
        "k2",
        "single-session-assistant",
        "Which clay did you recommend for teapots?",
        "filler_trains",
        "filler_bread",
        "answer_kiln_2",
    ),
    longmemeval("k3", "multi-session", "What do I use for pottery?", "answer_kiln_1", "filler_bread", "answer_kiln_2"),
    longmemeval("k4_abs", "multi-session", "Which wheel did I buy?", "answer_kiln_1", "filler_trains", "filler_bread"),
]

QRHEAD = [
    {
        "idx": "t1",
        "question": "who mends the weir",
        "paragraphs": [
            {"idx": "p1", "title": "Weir", "paragraph_text": " The miller mends the weir. "},
            {"idx": "p2", "title": "Ford", "paragraph_text": "The ford needs no mending."},
        ],
        "gt_docs": ["p1"],
    },
    {
        "idx": "t2",
        "question": "who rings the bell",
        "paragraphs": [
            {"idx": "p3", "paragraph_text": "The baker rings it at noon."},
            {"idx": "p1", "title": "Weir", "paragraph_text": "The miller mends the weir."},
        ],
        "gt_docs": ["p3", "p9"],
    },
]

CORE = [
    {
        "question": "who mends the weir",
        "paragraphs": [
            {"paragraph_text": "The ford needs no mending.", "is_positive": False, "is_negative": True},
            {"paragraph_text": "The miller mends the weir. ", "is_positive": True, "is_negative": False},
            {"paragraph_text": "Eels pass the weir in May.", "is_positive": False, "is_negative": False},
        ],
    },
    {
        "question": "who mends the weir",
        "paragraphs": [
            {"paragraph_text": "The miller mends the weir.", "is_positive": True},
            {"paragraph_text": "The ford needs no mending.", "is_positive": False, "is_negative": True},
            {"paragraph_text": "The ford needs no mending.", "is_positive": False, "is_negative": True},
        ],
    },
]

TEVATRON = [
    {
        "query_id": "17",
        "query": "who mends the weir",
        "positive_passages": [{"docid": "100", "title": "Weir", "text": "The miller mends the weir."}],
        "negative_passages": [
            {"docid": str(number), "title": "", "text": f"Ledger entry number {number}."} for number in range(101, 106)
        ],
    },
    {
        "query_id": "18",
        "query": "what is in the ledger",
        "positive_passages": [{"docid": "103", "title": "", "text": "Ledger entry number 103."}],
        "negative_passages": [{"docid": "100", "title": "Weir", "text": "The miller mends the weir."}],
    },
]


def write_array(path: Path, instances: Sequence[Any]) -> Path:
    """As one JSON array."""
    path.write_text(json.dumps(list(instances), indent=1, ensure_ascii=False), encoding="utf-8")
    return path


def write_lines(path: Path, instances: Sequence[Any]) -> Path:
    """As JSON lines, packed if the name says so."""
    text = "".join(json.dumps(instance, ensure_ascii=False) + "\n" for instance in instances).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path
