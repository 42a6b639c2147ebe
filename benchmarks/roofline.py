"""What a device could do: its measured rate of matrix products and of copies, and the work of a piece of code."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class Rates:
    """Floating-point operations and bytes (read and written) a second."""

    flops: float
    bytes: float


@dataclass(frozen=True)
class Work:
    """Floating-point operations of matrix products and convolutions, and bytes that all operations read and wrote."""

    flops: int
    bytes: int

    def least_seconds(self, rates: Rates) -> float:
        """The roofline: arithmetic or traffic, whichever takes longer."""
        return max(self.flops / rates.flops, self.bytes / rates.bytes)


class _Traffic(TorchDispatchMode):
    """Adds up the sizes of the tensors that every operation takes and gives; views are free."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        if not function.is_view:
            tensors = [leaf for leaf in tree_leaves((args, kwargs, out)) if isinstance(leaf, torch.Tensor)]
            self.bytes += sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        return out


def count_work(code: Callable[[], object]) -> Work:
    """The work of one call. Operations in backward passes count too."""
    with _Traffic() as traffic, FlopCounterMode(display=False) as counter:
        code()
    return Work(counter.get_total_flops(), traffic.bytes)


def rates(device: torch.device, dtype: torch.dtype) -> Rates:
    """The best of several sizes and runs, on as many threads as torch has."""
    sizes = ((1024, 1024, 1024), (2048, 512, 512)) if device.type == "cpu" else ((8192, 8192, 8192), (8192, 512, 512))
    best = 0.0
    for rows, inside, columns in sizes:
        a = torch.randn(rows, inside, device=device).to(dtype)
        b = torch.randn(inside, columns, device=device).to(dtype)
        best = max(best, 2 * rows * inside * columns / _seconds(lambda a=a, b=b: a @ b, device))
    source = torch.empty(64 << 20, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return Rates(best, 2 * source.numel() / _seconds(lambda: target.copy_(source), device))


def _seconds(code: Callable[[], object], device: torch.device, runs: int = 20) -> float:
    best = float("inf")
    for _ in range(runs):
        started = time.perf_counter()
        code()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - started)
    return best
