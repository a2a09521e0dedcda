"""The router: that it learns what can be learnt, and nothing where there is nothing."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from methods.routehead.router import Router, RouterSettings, train

HIDDEN = 16
SETTINGS = RouterSettings(epochs=120, size=8, learning_rate=0.02)


def separable(queries: int = 80) -> tuple[Tensor, Tensor]:
    """Two kinds of queries; the first wants heads 0 and 1, the second 2 and 3, nobody 4."""
    stream = torch.Generator().manual_seed(5)
    kind = torch.arange(queries) % 2
    centres = torch.randn(2, HIDDEN, generator=stream) * 2
    states = centres[kind] + 0.3 * torch.randn(queries, HIDDEN, generator=stream)
    wanted = torch.tensor([[1.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0, 0.0]])
    return states, wanted[kind]


def router(bias: list[float], weight: float = 0.0) -> Router:
    """One that looks at the first entry of the state alone, with ``weight``."""
    projection = torch.zeros(1, HIDDEN)
    projection[0, 0] = weight
    return Router(projection, torch.ones(len(bias), 1), torch.tensor(bias), torch.zeros(HIDDEN), torch.ones(HIDDEN))


def test_it_learns_which_queries_want_which_heads() -> None:
    states, labels = separable()
    trained = train(states[:60], labels[:60], SETTINGS, 42)
    start, best = trained.losses
    assert trained.epoch > 0
    assert best < 0.2 * start
    for state, label in zip(states[60:], labels[60:], strict=True):
        assert sorted(trained.router.choose(state, 8)) == label.nonzero().flatten().tolist()


def test_the_kept_loss_is_that_of_the_router_that_is_kept() -> None:
    """The held-out queries are drawn first from the seed's stream."""
    states, labels = separable()
    trained = train(states, labels, SETTINGS, 7)
    held = torch.randperm(len(states), generator=torch.Generator().manual_seed(7))[:16]
    loss = functional.binary_cross_entropy_with_logits(trained.router.logits(states[held]), labels[held])
    torch.testing.assert_close(float(loss), trained.losses[1], rtol=1e-5, atol=1e-7)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    states, labels = separable()
    first, again, other = (train(states, labels, SETTINGS, seed).router.tensors() for seed in (1, 1, 2))
    for name, tensor in first.items():
        assert tensor.numpy().tobytes() == again[name].numpy().tobytes(), name
    assert not torch.equal(first["projection"], other["projection"])


def test_where_nothing_holds_for_others_everybody_gets_the_frequencies() -> None:
    """What the training queries teach is the opposite of what the held-out ones want: the start is kept."""
    states, labels = separable(40)
    held = torch.randperm(40, generator=torch.Generator().manual_seed(3))[:8]
    labels = labels.clone()
    labels[held, :4] = 1 - labels[held, :4]
    trained = train(states, labels, RouterSettings(learning_rate=0.1), 3)
    assert trained.epoch == 0
    assert trained.losses[0] == trained.losses[1]
    used = labels[[row for row in range(40) if row not in held.tolist()]]
    expected = (used.sum(0) + 0.5) / (len(used) + 1)
    torch.testing.assert_close(trained.router.bias.sigmoid(), expected)
    assert (trained.router.logits(states).sigmoid() - expected).abs().max() < 0.03


def test_tensors_hold_all_of_a_router() -> None:
    states, labels = separable(20)
    made = train(states, labels, SETTINGS, 4).router
    again = Router.from_tensors({**made.tensors(), "unrelated": torch.ones(1)})
    assert torch.equal(again.logits(states), made.logits(states))


def test_as_many_heads_as_the_probabilities_add_up_to() -> None:
    state = torch.zeros(HIDDEN)
    assert router([-3.0, 3.0, 0.0, 2.0]).choose(state, 8) == [1, 3]
    sure = router([4.0, 6.0, -9.0, 5.0])
    assert sure.choose(state, 8) == [1, 3, 0]
    assert sure.choose(state, 2) == [1, 3]
    assert router([2.0, 2.0, 2.0]).choose(state, 2) == [0, 1], "equal ones in the order of the list"


def test_no_head_where_the_probabilities_add_up_to_less_than_a_half() -> None:
    state = torch.zeros(HIDDEN)
    assert router([-2.0, -2.0, -2.0]).choose(state, 8) == []
    state[0] = 1
    assert router([-2.0, -2.0, -2.0], weight=8.0).choose(state, 8) == [0, 1, 2]
