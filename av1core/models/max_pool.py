"""Max-pooling whose gradient is the same each time on CUDA too, where torch's adds in whatever order threads come."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RepeatableMaxPool2d(nn.MaxPool2d):
    """nn.MaxPool2d with square windows, no dilation and no rounding up; on a CPU it is torch's own."""

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, C, H, W) → (N, C, H', W'). Of equals in a window the first has the gradient, as in torch."""
        if x.is_cuda and x.requires_grad:
            return _MaxPool.apply(x, self.kernel_size, self.stride, self.padding)
        return super().forward(x)


class _MaxPool(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, kernel: int, stride: int, padding: int) -> Tensor:
        out, indices = F.max_pool2d(x, kernel, stride, padding, return_indices=True)
        ctx.save_for_backward(indices)
        ctx.sizes = x.shape, kernel, stride, padding
        return out

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (indices,) = ctx.saved_tensors
        shape, kernel, stride, padding = ctx.sizes
        height, width = shape[2:]
        rows, cols = (torch.arange(side, device=gradient.device) * stride for side in gradient.shape[2:])
        padded = gradient.new_zeros(*shape[:2], height + 2 * padding + stride, width + 2 * padding + stride)
        # One place of every window at a time, so that each sum has a fixed order.
        for row in range(kernel):
            for col in range(kernel):
                place = (rows - padding + row)[:, None] * width + cols - padding + col
                part = torch.where(indices == place, gradient, 0)
                spread = padded[:, :, row::stride, col::stride]
                spread[:, :, : gradient.shape[2], : gradient.shape[3]] += part
        return padded[:, :, padding : padding + height, padding : padding + width], None, None, None
