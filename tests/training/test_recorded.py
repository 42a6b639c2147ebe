import pytest
import torch

from av1core.training.recorded import Recorded


def test_on_a_cpu_the_work_is_done_each_time():
    calls = []
    again = Recorded(lambda: calls.append(1), [torch.Generator(), None], torch.device("cpu"))
    for _ in range(6):
        again()
    assert len(calls) == 6


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_recording_draws_and_learns_as_the_work_itself():
    device, found = torch.device("cuda"), []
    for recorded in (False, True):
        generator = torch.Generator(device).manual_seed(3)
        weight = torch.ones(8, device=device, requires_grad=True)
        optimiser = torch.optim.AdamW([weight], lr=0.1, fused=True, capturable=True)

        def step(generator=generator, weight=weight, optimiser=optimiser) -> None:
            weight.grad = None
            ((weight - torch.rand(8, device=device, generator=generator)) ** 2).sum().backward()
            optimiser.step()

        again = Recorded(step, [generator], device) if recorded else step
        for _ in range(12):
            again()
        found.append(weight.detach().cpu())
    assert torch.equal(*found)
