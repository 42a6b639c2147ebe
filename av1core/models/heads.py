"""A head that compares directions, for losses with an angular margin."""

import torch.nn.functional as F
from torch import Tensor, nn


class CosineHead(nn.Linear):
    """Logits s·cos θ_c, θ_c the angle between the features and the weights of class c.

    As ArcFace's (Deng et al. 2019, arXiv 1801.07698) without the margin, which is the loss's own: the softmax of the
    logits gives the probabilities.
    """

    def __init__(self, features: int, classes: int, scale: float):
        """scale: s > 0, the length that the normalised features are given."""
        super().__init__(features, classes, bias=False)
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, features) → (N, classes) in [−s, s]."""
        return self.scale * F.linear(F.normalize(x), F.normalize(self.weight))
