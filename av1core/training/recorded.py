"""A step of training that a GPU repeats from a recording: hundreds of small operations are then started as one.

A step on blocks of 16×16 pixels keeps a GPU busy for a fraction of the time that Python takes to start its operations
one by one. A CUDA graph (https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs) starts them all at once.
"""

from collections.abc import Callable, Sequence

import torch

_WARM_UP = 3
"""Steps as usual before the recording: libraries choose their kernels in them, and the optimiser makes its state."""


class Recorded:
    """Does some work again and again; on CUDA from a recording of its fourth time. Elsewhere it is called as it is."""

    def __init__(self, work: Callable[[], None], generators: Sequence[torch.Generator | None], device: torch.device):
        """work: has the same tensors each time, waits for no device, and sets all gradients to None before its backward
        pass. generators: those that it draws from; None stands for none."""
        self.work, self.generators = work, [each for each in generators if each is not None]
        self.on_cuda = device.type == "cuda"
        self.stream = torch.cuda.Stream(device) if self.on_cuda else None
        self.graph: torch.cuda.CUDAGraph | None = None
        self.calls = 0

    def __call__(self) -> None:
        """Do the work once."""
        if not self.on_cuda:
            self.work()
        elif self.graph is not None:
            self.graph.replay()
        elif self.calls < _WARM_UP:
            self.calls += 1
            self.stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self.stream):
                self.work()
            torch.cuda.current_stream().wait_stream(self.stream)
        else:
            graph = torch.cuda.CUDAGraph()
            for generator in self.generators:
                graph.register_generator_state(generator)
            # Runs on other devices of this process may ask for memory meanwhile.
            with torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"):
                self.work()
            self.graph = graph
            graph.replay()
