"""Experiments whose truth is known: runs of recipes that classify the blocks of sources as clustered data."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from av1core.analysis.confusion import f1_per_class
from av1core.analysis.verdicts import Measured


@dataclass(frozen=True)
class World:
    """How validation pictures and trained runs vary. Standard deviations are on the logit of recognising a block.

    A block of source g is recognised by run r of recipe k with logit skill + effect_k + difficulty_g + taste_kg +
    seed_r + whim_rg. A recognised block counts for its class, others fall to the remaining classes evenly.
    """

    sources: int = 12
    seeds: int = 6
    blocks: int = 600
    """Mean blocks of a source."""
    unequal: float = 0.7
    """Standard deviation of the logarithm of their number."""
    mix: tuple[float, ...] = (0.2, 0.45, 0.35)
    """Mean share of each class; those of each source scatter about it."""
    alike: float = 10.0
    """Concentration of the Dirichlet distribution from which the shares of a source are drawn: less is more unlike."""
    skill: float = 0.4
    difficulty: float = 0.5
    taste: float = 0.0
    """How much recipes differ from picture to picture, in all their runs alike, with population mean 0."""
    seed: float = 0.03
    whim: float = 0.1

    def experiments(self, random: np.random.Generator, effects: Sequence[float] = (0.0, 0.0)) -> list[Measured]:
        """A Measured for each recipe, validated on the same sources; effects are on the logit, about 0.24 a percent."""
        recipes, classes = len(effects), len(self.mix)
        sizes = self.blocks * random.lognormal(-(self.unequal**2) / 2, self.unequal, self.sources)
        shares = random.dirichlet(self.alike * np.array(self.mix), self.sources)
        blocks = np.maximum(1, np.round(sizes[:, None] * shares)).astype(np.int64)  # (G, C)

        logit = (
            self.skill
            + np.reshape(effects, (-1, 1, 1))
            + random.normal(0, self.difficulty, self.sources)
            + random.normal(0, self.taste, (recipes, 1, self.sources))
            + random.normal(0, self.seed, (recipes, self.seeds, 1))
            + random.normal(0, self.whim, (recipes, self.seeds, self.sources))
        )
        right = 1 / (1 + np.exp(-logit))[..., None, None]  # (recipes, seeds, G, 1, 1)
        itself = np.eye(classes)
        outcome = right * itself + (1 - right) * (1 - itself) / (classes - 1)
        confusion = random.multinomial(blocks, outcome)  # (recipes, seeds, G, C, C)
        return [
            Measured(
                f"recipe {number}",
                {seed: 100 * float(f1_per_class(run.sum(0)).mean()) for seed, run in enumerate(runs)},
                dict(enumerate(runs)),
            )
            for number, runs in enumerate(confusion)
        ]
