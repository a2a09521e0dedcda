"""RouteHead: from training queries to an artefact to scores."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from benchmark.artefacts import Artefact, read_artefact, write_artefact
from benchmark.backbones.attention.prompt import Prompt
from benchmark.backbones.backbone import Backbone
from benchmark.errors import UserError
from benchmark.harness.fitting import fit
from benchmark.harness.training import Training
from methods import registry
from methods.base import Candidate, Example
from methods.heads.detection import Judged
from methods.heads.tables import HeadScorer
from methods.routehead.method import RouteHead, RouteHeadOptions, RouteHeadSettings, learn
from methods.routehead.router import Router
from tests.support.artefacts import training_data

WORDS = ["copper", "danube", "heron", "mill", "canal", "market", "bridge", "dyke", "weir", "glaze", "rye", "train"]
TOPICS = 12
CANDIDATES = [Candidate(str(at), f"Of the {word} much is known.") for at, word in enumerate(WORDS[:4])]
SETTINGS = RouteHeadSettings(heads=3, candidates=6, epochs=5, size=4)


def examples() -> list[Example]:
    return [
        Example(
            f"where is the {WORDS[at]}",
            [Candidate(f"d{at}-{rank}", f"The {WORDS[(at + rank) % TOPICS]} is here.") for rank in range(4)],
            [int(rank == 2) for rank in range(4)],
        )
        for at in range(TOPICS)
    ]


def fitted(backbone: Backbone, folder: Path, method: str = "routehead", number: int = TOPICS) -> Artefact:
    plugin = registry.find(method)
    settings = SETTINGS if method == "routehead" else plugin.method_class.fit_settings()
    training = Training(examples()[:number], training_data(queries=number), [], [])
    return fit(plugin, plugin.options(), settings, training, backbone, folder, None)


@pytest.fixture(scope="module")
def artefact(tiny_backbone: Backbone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fitted on twelve tiny queries; copy it before changing it."""
    folder = tmp_path_factory.mktemp("routehead") / "router"
    fitted(tiny_backbone, folder)
    return folder


def method(folder: Path, backbone: Backbone, **options: int) -> RouteHead:
    return RouteHead(RouteHeadOptions(router=str(folder), **options), backbone)


def routing(folder: Path, bias: list[float]) -> Path:
    """The artefact with a router that gives every query these log odds."""
    header = read_artefact(folder).header
    tensors = read_artefact(folder).tensors()
    tensors |= {"embeddings": torch.zeros_like(tensors["embeddings"]), "bias": torch.tensor(bias)}
    values = header.model_dump(mode="json", exclude={"sha256", "tensors_sha256"})
    write_artefact(folder.with_name("changed"), values, tensors)
    return folder.with_name("changed")


def test_an_artefact_says_what_was_learnt(artefact: Path, tiny_backbone: Backbone) -> None:
    read = read_artefact(artefact)
    header = read.header
    assert (header.method, header.backbone.name, header.data.queries) == ("routehead", "tiny", TOPICS)
    assert header.settings == SETTINGS.model_dump(mode="json")
    assert (header.facts["queries"], header.facts["tables_made"], header.facts["most_heads"]) == (TOPICS, TOPICS, 3)
    assert header.facts["layer"] == tiny_backbone.attention.layers // 2
    candidates = header.facts["candidates"].split(",")
    assert len(set(candidates)) == 6
    assert set(header.heads) <= set(candidates)
    assert 1 <= len(header.heads) <= 3
    assert header.detection is not None
    assert [len(row) for row in header.detection.table] == [tiny_backbone.attention.heads] * 2
    assert Router.from_tensors(read.tensors()).bias.shape == (6,)


def test_the_same_data_give_the_same_bytes(artefact: Path, tiny_backbone: Backbone, tmp_path: Path) -> None:
    fitted(tiny_backbone, tmp_path / "again")
    for path in artefact.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_scores_are_the_sum_of_the_routed_heads_tables(artefact: Path, tiny_backbone: Backbone) -> None:
    """Exactly what labels are made of."""
    routehead = method(artefact, tiny_backbone)
    routehead.ready()
    table = HeadScorer(tiny_backbone, None).scores(routehead.layout(), "where is the heron", CANDIDATES).calibrated
    heads = routehead.route("where is the heron")
    assert heads
    expected = torch.stack([table[layer, head] for layer, head in heads]).sum(0)
    scores = routehead.rerank("where is the heron", CANDIDATES)
    torch.testing.assert_close(torch.tensor(scores), expected, rtol=1e-4, atol=1e-6)
    assert routehead.rerank("where is the heron", []) == []


def test_the_router_decides_how_many_and_max_heads_how_many_at_most(
    artefact: Path, tiny_backbone: Backbone, tmp_path: Path
) -> None:
    folder = routing(Path(shutil.copytree(artefact, tmp_path / "router")), [9.0, -9.0, 8.0, -9.0, 7.0, 6.0])
    names = read_artefact(folder).header.facts["candidates"].split(",")

    def routed(**options: int) -> list[str]:
        return [f"{layer}-{head}" for layer, head in method(folder, tiny_backbone, **options).route("any")]

    assert routed() == [names[0], names[2], names[4]], "no more than a label held"
    assert routed(max_heads=1) == [names[0]]
    assert routed(max_heads=6) == [names[0], names[2], names[4], names[5]]


def test_where_the_router_wants_none_the_static_set_is_read(
    artefact: Path, tiny_backbone: Backbone, tmp_path: Path
) -> None:
    folder = routing(Path(shutil.copytree(artefact, tmp_path / "router")), [-9.0] * 6)
    routed = [f"{layer}-{head}" for layer, head in method(folder, tiny_backbone).route("any")]
    assert routed == list(read_artefact(folder).header.heads)


def test_the_long_pass_ends_at_the_deepest_routed_head_and_the_short_one_is_counted(
    artefact: Path, tiny_backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = read_artefact(artefact).header.facts["candidates"].split(",")
    wanted = [9.0 if name.startswith("0-") else -9.0 for name in names]
    assert 9.0 in wanted
    routehead = method(routing(Path(shutil.copytree(artefact, tmp_path / "router")), wanted), tiny_backbone)
    layers: list[list[int]] = []
    reader = tiny_backbone.attention
    read, states = reader.read, reader.states
    lengths: list[int] = []

    def noted(prompt: Prompt, heads, consume, **more):
        layers.append(sorted(heads))
        lengths.append(len(prompt.prefix) + sum(len(branch.ids) for branch in prompt.branches))
        return read(prompt, heads, consume, **more)

    def noted_states(ids, layer):
        lengths.append(len(ids))
        return states(ids, layer)

    monkeypatch.setattr(reader, "read", noted)
    monkeypatch.setattr(reader, "states", noted_states)
    ran: list[int] = []
    hooks = [
        layer.mlp.register_forward_hook(lambda *_, number=number: ran.append(number))
        for number, layer in enumerate(tiny_backbone._model.layers)
    ]
    before = tiny_backbone.meter.total
    routehead.rerank("where is the heron", CANDIDATES)
    for hook in hooks:
        hook.remove()
    cost = tiny_backbone.meter.total - before
    assert layers == [[0]]
    # The short pass ends before layer 1, whose input the router sees; the long ones within layer 0.
    assert ran == [0]
    short, long = lengths
    assert short < long
    assert (cost.forward_passes, cost.prompt_tokens) == (3, short + long)


def test_an_altered_artefact_is_refused(artefact: Path, tiny_backbone: Backbone, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(artefact, tmp_path / "router"))
    tensors = bytearray((folder / "tensors.safetensors").read_bytes())
    tensors[-1] ^= 1
    (folder / "tensors.safetensors").write_bytes(tensors)
    with pytest.raises(UserError, match=r"tensors\.safetensors: was altered after the fit"):
        method(folder, tiny_backbone).ready()


@pytest.mark.parametrize(("name", "revision"), [("other", ""), ("tiny", "ab12")])
def test_another_backbone_is_refused(artefact: Path, tiny_backbone: Backbone, name: str, revision: str) -> None:
    other = Backbone(name, tiny_backbone._model, tiny_backbone.tokenizer, tiny_backbone.chat, 100, 0, revision=revision)
    with pytest.raises(UserError, match=rf"was fitted on backbone 'tiny' .* cannot be used with '{name}'"):
        method(artefact, other).ready()


def test_an_artefact_of_a_method_without_router_is_refused(tiny_backbone: Backbone, tmp_path: Path) -> None:
    fitted(tiny_backbone, tmp_path / "qrhead", "qrhead")
    with pytest.raises(ValidationError, match=r"artefact 'qrhead\.tiny\..*' of method 'qrhead' holds no router"):
        RouteHeadOptions(router=str(tmp_path / "qrhead"))


def test_too_few_queries_are_refused_before_any_pass(tiny_backbone: Backbone, tmp_path: Path) -> None:
    before = tiny_backbone.meter.total
    with pytest.raises(UserError, match=r"9 training queries have .*; at least 10 are needed\..*qrhead, core"):
        fitted(tiny_backbone, tmp_path / "none", number=9)
    assert tiny_backbone.meter.total == before
    assert not (tmp_path / "none").exists()


def test_without_a_shipped_router_auto_says_how_to_make_one(tiny_backbone: Backbone) -> None:
    with pytest.raises(UserError, match=r"No router .* 'tiny'\. Fit one: rerankbench fit routehead"):
        RouteHead(RouteHeadOptions(), tiny_backbone).ready()


def test_a_router_that_is_nowhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no folder with an artefact"):
        registry.find("routehead").options(changes={"router": str(tmp_path)})


def test_each_query_gets_the_heads_that_serve_it(tiny_backbone: Backbone) -> None:
    """Two kinds of queries, told apart by their states; a head of its own ranks each kind perfectly."""
    del tiny_backbone
    stream = torch.Generator().manual_seed(1)
    judged, states = [], []
    for number in range(60):
        scores = 0.1 * torch.randn(2, 3, 6, generator=stream)
        scores[number % 2, 1, number % 6] += 5.0
        judged.append(Judged(scores, [int(rank == number % 6) for rank in range(6)]))
        states.append(torch.full((8,), 3.0 - 6.0 * (number % 2)) + torch.randn(8, generator=stream))
    found = learn(judged, torch.stack(states), RouteHeadSettings(heads=1, learning_rate=0.02), {})
    router, candidates = Router.from_tensors(found.tensors), found.facts["candidates"].split(",")
    for sign, head in ((3.0, "0-1"), (-3.0, "1-1")):
        assert [candidates[index] for index in router.choose(torch.full((8,), sign), 1)] == [head]
    assert found.facts["label_size"] == 1.0
    start, best = found.facts["held_out_loss"]
    assert best < start
