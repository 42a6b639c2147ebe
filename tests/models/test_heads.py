import pytest
import torch

from av1core.models.heads import CosineHead


def test_logits_are_the_scaled_cosines_of_the_angles():
    head = CosineHead(2, 3, scale=8.0)
    head.load_state_dict({"weight": torch.tensor([[2.0, 0.0], [0.0, 0.5], [-1.0, -1.0]])})
    logits = head(torch.tensor([[3.0, 0.0], [0.0, 0.1]]))
    assert logits.detach().numpy() == pytest.approx(
        8 * torch.tensor([[1, 0, -(0.5**0.5)], [0, 1, -(0.5**0.5)]]).numpy()
    )


def test_lengths_do_not_matter():
    head, x = CosineHead(5, 3, scale=16.0), torch.randn(4, 5)
    torch.testing.assert_close(head(x), head(7 * x))


def test_the_feature_of_a_dead_network_has_finite_logits_and_gradients():
    head, x = CosineHead(5, 3, scale=16.0), torch.zeros(2, 5, requires_grad=True)
    head(x).sum().backward()
    assert x.grad.isfinite().all() and head.weight.grad.isfinite().all()
