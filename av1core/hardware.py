"""What this machine computes with, found without importing torch."""

import os
import platform
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@cache
def cpu_name() -> str:
    """The processor's model name, or its architecture where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


@cache
def gpu_names() -> tuple[str, ...]:
    """The NVIDIA GPUs that the driver lists; empty without a driver."""
    if shutil.which("nvidia-smi") is None:
        return ()
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(listed.stdout.split("\n")[:-1])


def cores() -> int:
    """Logical cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def wait_for(device: "torch.device") -> None:
    """Return when a torch device has done what it was given; a CPU has."""
    if device.type == "cuda":
        import torch

        torch.cuda.synchronize(device)


def exact_on_cuda() -> None:
    """Let this process's convolutions on CUDA be float32 where float32 is said, and the same each time.

    Else cuDNN rounds their factors to 10 bits (TF32) and adds up gradients in whatever order threads come.
    """
    import torch

    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
