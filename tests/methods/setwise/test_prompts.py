"""Setwise's prompts and answers are the published ones."""

from __future__ import annotations

import pytest

from methods.setwise.prompts import TEMPLATES, chat_question, label_question, read_number, reasoning_question

TEXTS = ["first {text}", "second {docs} {query}"]


def test_the_setwise_prompt() -> None:
    (message,) = label_question("letters", prior=False).messages("q", TEXTS)
    assert message.role == "user"
    assert message.content == (
        'Given a query "q", which of the following passages is the most relevant one to the query?\n\n'
        'Passage A: "first {text}"\n\nPassage B: "second {docs} {query}"\n\n'
        "Output only the passage label of the most relevant passage:"
    )
    (numbered,) = label_question("numbers", prior=False).messages("q", TEXTS)
    assert '\n\nPassage 1: "first {text}"\n\nPassage 2: "second' in numbered.content
    assert label_question("letters", prior=False).opening == " Passage:"


def test_the_prior_stands_before_what_is_to_be_written() -> None:
    (message,) = label_question("letters", prior=True).messages("q", ["Output only this", "text"])
    assert message.content.endswith(
        '\n\nPassage B: "text"\n\nIf their relevance is similar, or none of them is relevant, output A. Output only '
        "the passage label of the most relevant passage:"
    )
    assert message.content.count("Output only") == 2
    (numbered,) = label_question("numbers", prior=True).messages("q", TEXTS)
    assert "is relevant, output 1. Output only" in numbered.content


def test_the_prompt_for_models_whose_answer_cannot_be_begun() -> None:
    question = chat_question()
    system, user = question.messages("q", TEXTS)
    assert system.content == (
        "You are RankGPT, an intelligent assistant specialized in selecting the most relevant passage from a pool of "
        "passages based on their relevance to the query."
    )
    assert user.content.endswith('{query}"\n\nOutput only the passage label of the most relevant passage.')
    assert question.opening == ""


def test_rank_r1s_prompt() -> None:
    system, user = reasoning_question("rank_r1", thinking=False).messages("the {docs}", TEXTS)
    assert (system.role, user.role) == ("system", "user")
    assert system.content == (
        "A conversation between User and Assistant. The user asks a question, and the Assistant solves it. The "
        "assistant first thinks about the reasoning process in the mind and then provides the user with the answer. "
        "The reasoning process and answer are enclosed within <think> </think> and <answer> </answer> tags, "
        "respectively, i.e., <think> reasoning process here </think> <answer> answer here </answer>."
    )
    assert user.content == (
        'Given the query: "the {docs}", which of the following documents is most relevant?\n'
        "[1] first {text}\n[2] second {docs} {query}\n"
        "After completing the reasoning process, please provide only the label of the most relevant document to the "
        "query, enclosed in square brackets, within the answer tags. For example, if the third document is the most "
        "relevant, the answer should be: <think> reasoning process here </think> <answer>[3]</answer>."
    )


def test_the_prompts_beside_it() -> None:
    system, user = reasoning_question("rank_r1_v2", thinking=True).messages("q", TEXTS)
    assert system.content.startswith("You are RankLLM, an intelligent assistant capable of evaluating")
    assert user.content.startswith("You will be presented with a query, and a set of documents.\n\nYour task")
    assert user.content.endswith(
        "\n\nHere is the query: q\n\nHere are the documents:\n[1]: first {text}\n\n[2]: second {docs} {query}"
    )
    _, user = reasoning_question("setwise_sft", thinking=False).messages("q", TEXTS)
    assert user.content.endswith("relevant, the answer should be: <answer>[3]</answer>.")
    assert "reasoning" not in user.content
    assert {name: template.tokens for name, template in TEMPLATES.items()} == {
        "rank_r1": 2048,
        "rank_r1_v2": 8000,
        "setwise_sft": 2048,
    }


@pytest.mark.parametrize(
    ("answer", "place", "fault"),
    [
        (" 2", 1, None),
        ("[3].", 2, None),
        (" Passage 1", 0, None),
        ("10", None, "out_of_range"),
        ("0", None, "out_of_range"),
        ("A", None, "refusal"),
    ],
)
def test_the_first_number_counts(answer: str, place: int | None, fault: str | None) -> None:
    verdict = read_number(answer, 3)
    assert (verdict.place, verdict.faults) == (place, {fault} if fault else set())


@pytest.mark.parametrize(
    ("answer", "place", "fault"),
    [
        ("<think> [1] or\n[2] </think>\n<answer>[2]</answer>", 1, None),
        ("<THINK>x</THINK><Answer> [3] </Answer> and more <answer>[1]</answer>", 2, None),
        ("<think>x</think> <answer>[4]</answer>", None, "out_of_range"),
        ("<think>x</think> <answer>2</answer>", None, "refusal"),
        ("<think>x</think> <answer>[1] [2]</answer>", None, "refusal"),
        ("<think>x</think> so <answer>[2]</answer>", None, "refusal"),
        ("<answer>[2]</answer>", None, "refusal"),
        ("<think> never done", None, "refusal"),
    ],
)
def test_rank_r1s_answer_is_a_label_in_tags_behind_the_reasoning(
    answer: str, place: int | None, fault: str | None
) -> None:
    question = reasoning_question("rank_r1", thinking=False)
    verdict = question.read(answer, 3)
    assert (verdict.place, verdict.faults) == (place, {fault} if fault else set())


def test_writing_ends_with_the_answer() -> None:
    stop = reasoning_question("rank_r1", thinking=False).stop
    assert stop is not None
    assert not stop("<think> the answer is <answer>[1]</answer>")
    assert not stop("<think> x </think> <answer>[1]")
    assert stop("<think> x </think> <answer>[1]</answer>")
    assert reasoning_question("setwise_sft", thinking=False).read("I say <answer>[1]</answer>", 3).place == 0
