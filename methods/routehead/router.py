"""The router: query embedding and head embeddings to a probability for each head, and its training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from methods.base import Options


class RouterSettings(Options):
    """How a router is trained; what the paper leaves open is chosen here and ablated in docs/heads.md."""

    size: int = Field(default=32, gt=0)
    """Length of the embeddings."""
    sparsity: float = Field(default=0.05, ge=0)
    """Weight of the mean probability (L1) in the loss."""
    held_out: float = Field(default=0.2, gt=0, lt=0.9)
    """Share of the training queries that decide when to stop."""
    epochs: int = Field(default=300, gt=0)
    patience: int = Field(default=30, gt=0)
    """Epochs without a lower loss on the held-out queries, after which training stops."""
    learning_rate: float = Field(default=0.003, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)


@dataclass(frozen=True)
class Router:
    """A trained router.

    Attributes:
        projection: ``[size, hidden size]``; embeddings: ``[heads, size]``; bias: ``[heads]``, the log odds that a
            head is wanted by any query.
        mean, scale: ``[hidden size]``, of the training queries' states.
    """

    projection: Tensor
    embeddings: Tensor
    bias: Tensor
    mean: Tensor
    scale: Tensor

    def logits(self, states: Tensor) -> Tensor:
        """``[..., hidden size]`` to ``[..., heads]``."""
        query = (states.float() - self.mean) / self.scale @ self.projection.T
        found: Tensor = query @ self.embeddings.T / self.projection.shape[0] ** 0.5 + self.bias
        return found

    def choose(self, states: Tensor, most: int) -> list[int]:
        """Heads for one query: as many as the probabilities add up to, the most probable ones first.

        Args:
            states: ``[hidden size]``; most: heads at most.

        Returns:
            Indices of heads; empty when the probabilities add up to less than a half.
        """
        probabilities = self.logits(states).sigmoid()
        number = min(most, round(float(probabilities.sum())))
        return probabilities.argsort(descending=True, stable=True)[:number].tolist()

    def tensors(self) -> dict[str, Tensor]:
        """All of it, by name; `from_tensors` reads it."""
        return dict(vars(self))

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> Router:
        """The router that `tensors` gave."""
        return cls(**{name: tensors[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Trained:
    """A router with how its training went.

    Attributes:
        epoch: the one that was kept, 0 for the untrained start; losses: of the held-out queries, at the start and then.
    """

    router: Router
    epoch: int
    losses: tuple[float, float]


def train(states: Tensor, labels: Tensor, settings: RouterSettings, seed: int) -> Trained:
    """Binary cross-entropy to the labels plus the sparsity penalty; Adam with decoupled weight decay, whole batches.

    It starts from head embeddings so small that every query gets the labels' frequencies, and keeps the epoch with the
    lowest cross-entropy on held-out queries: with too few queries that is the start, which chooses alike for all.

    Args:
        states: ``[queries, hidden size]``; labels: ``[queries, heads]``, 0 or 1; seed: of initial weights and split.
    """
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(states), generator=generator)
    held = order[: max(1, round(settings.held_out * len(states)))]
    used = order[len(held) :]
    mean, scale = states[used].mean(0), states[used].std(0) + 1e-6
    inputs, targets = (states - mean) / scale, labels.float()
    hidden, heads = states.shape[1], labels.shape[1]
    frequency = (targets[used].sum(0) + 0.5) / (len(used) + 1)
    weights = [
        torch.randn(settings.size, hidden, generator=generator) / hidden**0.5,
        torch.randn(heads, settings.size, generator=generator) * 0.01,
        frequency.logit(),
    ]
    for weight in weights:
        weight.requires_grad_()
    optimiser = torch.optim.AdamW(weights, lr=settings.learning_rate, weight_decay=settings.weight_decay)

    def logits(rows: Tensor) -> Tensor:
        projection, embeddings, bias = weights
        found: Tensor = inputs[rows] @ projection.T @ embeddings.T / settings.size**0.5 + bias
        return found

    def held_out_loss() -> float:
        with torch.no_grad():
            return float(functional.binary_cross_entropy_with_logits(logits(held), targets[held]))

    start = best = held_out_loss()
    kept, kept_epoch = [weight.detach().clone() for weight in weights], 0
    for epoch in range(1, settings.epochs + 1):
        optimiser.zero_grad()
        found = logits(used)
        loss = functional.binary_cross_entropy_with_logits(found, targets[used])
        torch.autograd.backward(loss + settings.sparsity * found.sigmoid().mean())
        optimiser.step()
        now = held_out_loss()
        if now < best:
            best, kept, kept_epoch = now, [weight.detach().clone() for weight in weights], epoch
        elif epoch - kept_epoch >= settings.patience:
            break
    projection, embeddings, bias = kept
    return Trained(Router(projection, embeddings, bias, mean, scale), kept_epoch, (start, best))
