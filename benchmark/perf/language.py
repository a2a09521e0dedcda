"""What next-token scores and generation cost beside the bare work: ``python -m benchmark.perf.language``."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import torch
from transformers import AutoModel, AutoModelForCausalLM

from benchmark.backbones import catalogue, loader, sources
from benchmark.backbones.backbone import Backbone
from benchmark.backbones.language import Encoded, Message, Prompt
from benchmark.backbones.language.decode import Rules, Writer
from benchmark.backbones.language.local import LocalLanguageModel
from benchmark.harness import provenance
from benchmark.perf.attention import facts, measure, table
from benchmark.perf.variants import Variant, forward
from benchmark.perf.workload import QUERY, candidates
from methods.base import Candidate
from methods.first.method import First, FirstOptions
from methods.rankgpt.method import RankGpt, RankGptOptions

ANSWERS = [("A", " A"), ("B", " B")]


def scoring(backbone: Backbone, folder: Path, passages: Sequence[Candidate]) -> list[Variant]:
    """FIRST, tokenisation and prompt making included, beside the decoder's forward pass over the same tokens."""
    sdpa = AutoModel.from_pretrained(
        folder, dtype=getattr(torch, backbone.dtype), attn_implementation="sdpa", device_map=backbone.device
    ).eval()
    method = First(FirstOptions(window=len(passages), stride=1), backbone)
    method.ready()
    tokens = _ids(method.encoded(QUERY, passages))
    return [
        Variant("a  bare forward of the prompt", lambda: forward(sdpa, tokens)),
        Variant("b  FIRST", lambda: method.rerank(QUERY, passages)),
    ]


def decoding(backbone: Backbone, folder: Path, passages: Sequence[Candidate], tokens: int) -> list[Variant]:
    """The same number of tokens written after RankGPT's prompt, by transformers' generate and by ours."""
    language = backbone.language
    assert isinstance(language, LocalLanguageModel)
    whole = AutoModelForCausalLM.from_pretrained(
        folder, dtype=getattr(torch, backbone.dtype), attn_implementation="sdpa", device_map=backbone.device
    ).eval()
    method = RankGpt(RankGptOptions(), backbone)
    prompt = _ids(method.encoded(QUERY, passages, backbone.context_length - tokens))
    writer: Writer = language.writer
    # Nothing ends the answer early, so both write the same tokens.
    rules = Rules(tokens, frozenset(), stop=lambda _: False)

    @torch.inference_mode()
    def generate() -> None:
        ids = torch.tensor([prompt], device=whole.device)
        out = whole.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=tokens,
            do_sample=False,
            eos_token_id=None,
            pad_token_id=0,
        )
        assert out.shape[1] == len(prompt) + tokens

    return [
        Variant(f"a  transformers generate, {tokens} tokens", generate),
        Variant(f"b  ours, {tokens} tokens, text looked at after each", lambda: writer.write([prompt], rules)),
    ]


def sharing(backbone: Backbone, passages: Sequence[Candidate]) -> list[Variant]:
    """One of two letters about each passage, asked after all of them: one long beginning, many short ends."""
    language = backbone.language
    listed = "\n".join(f"[{number}] {passage.text}" for number, passage in enumerate(passages, 1))
    prompts = [
        language.encode(
            Prompt((Message("user", f"{listed}\n\nQuery: {QUERY}\nDoes passage {number} answer it? A: yes. B: no."),))
        )
        for number in range(1, len(passages) + 1)
    ]

    def one_by_one() -> None:
        for prompt in prompts:
            language.next_token([prompt], ANSWERS)

    return [
        Variant("a  one by one", one_by_one),
        Variant("b  together, the beginning once", lambda: language.next_token(prompts, ANSWERS)),
    ]


def _ids(prompt: Encoded) -> list[int]:
    assert prompt.ids is not None
    return list(prompt.ids)


@click.command()
@click.option("--backbone", "name", default="smollm2-135m-instruct", show_default=True)
@click.option("--documents", type=click.IntRange(2, 26), default=20, show_default=True)
@click.option("--words", type=click.IntRange(min=1), default=100, show_default=True, help="Words of each document.")
@click.option("--tokens", type=click.IntRange(min=1), default=100, show_default=True, help="Tokens that are written.")
@click.option("--repeats", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), default=provenance.usable_cores)
@click.option("--dtype", type=click.Choice(["float32", "bfloat16", "float16"]), default="float32", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(
    name: str, documents: int, words: int, tokens: int, repeats: int, threads: int, dtype: Any, as_json: bool
) -> None:
    """Time next-token scores and generation beside the bare work, on a real backbone."""
    torch.set_num_threads(threads)
    selected = catalogue.find(name)
    folder = sources.prepare(selected, report=lambda line: click.echo(line, err=True))
    backbone = loader.load(selected, folder, needs=["logits", "generation"], dtype=dtype)
    assert folder is not None, "load refuses what has no weights here"
    passages = candidates(documents, words)
    size = f"{documents} documents of {words} words"
    groups: dict[str, Callable[[], list[Variant]]] = {
        f"FIRST, {size}": lambda: scoring(backbone, folder, passages),
        f"Generation after RankGPT's prompt, {size}": lambda: decoding(backbone, folder, passages, tokens),
        f"{documents} questions about {size}": lambda: sharing(backbone, passages),
    }
    machine = facts(threads)
    rows = {title: measure(ways(), repeats, lambda line: click.echo(line, err=True)) for title, ways in groups.items()}
    if as_json:
        report = {title: [asdict(row) for row in found] for title, found in rows.items()}
        click.echo(json.dumps({"backbone": selected.name, "machine": machine} | report, indent=1))
        return
    click.echo(f"{selected.name}, {dtype}. {machine}\n")
    click.echo("\n\n".join(table(title, found) for title, found in rows.items()))


if __name__ == "__main__":
    main()
