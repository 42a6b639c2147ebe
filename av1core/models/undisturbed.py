"""Looking into a model without leaving a trace: one at a time, in eval mode, and as it was afterwards."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from torch import nn

_HOOKS = (
    "_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks", "_forward_hooks_with_kwargs",
    "_forward_pre_hooks_with_kwargs", "_forward_hooks_always_called",
)  # fmt: skip

# Re-entrant, so that a check of a map may hold the model while it asks for maps.
_locks: WeakKeyDictionary[nn.Module, threading.RLock] = WeakKeyDictionary()
_locks_guard = threading.Lock()


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Hold a model alone, in eval mode; its mode and hooks are as before at the end, also after an error.

    Whatever hooks a model needs this wherever threads share it: each would else read what the others' passes left.
    Gradients are the caller's to keep away: torch.autograd.grad leaves none on parameters.
    """
    with _lock(model):
        modules = list(model.modules())
        modes = [module.training for module in modules]
        hooks = [[list(getattr(module, kind)) for kind in _HOOKS] for module in modules]
        model.eval()
        try:
            yield
        finally:
            for module, mode, before in zip(modules, modes, hooks, strict=True):
                module.training = mode
                for kind, keys in zip(_HOOKS, before, strict=True):
                    now = getattr(module, kind)
                    for key in [key for key in now if key not in keys]:
                        del now[key]


def _lock(model: nn.Module) -> threading.RLock:
    with _locks_guard:
        return _locks.setdefault(model, threading.RLock())
