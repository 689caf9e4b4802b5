"""Layers that several networks share: plain functions first, modules where there is something to learn."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FORBIDDEN_SCORE = 30.0
"""Taken off the score of a forbidden class: finite, so that softmax and its gradient stay so too."""


def upsample(x: Tensor, factor: int = 2) -> Tensor:
    """(B, C, h, w) -> (B, C, factor h, factor w), bilinear."""
    return F.interpolate(x, scale_factor=float(factor), mode="bilinear", align_corners=False)


def share(x: Tensor, scale: int) -> Tensor:
    """(B, C, H, W) -> (B, C, H/2^scale, W/2^scale): the mean of each cell. Of a mask: the share of the cell that is hole."""
    return F.avg_pool2d(x, 2**scale) if scale else x


def one_hot(ids: Tensor, classes: int) -> Tensor:
    """(B, H, W) int64 -> (B, K, H, W) float; an id outside 0..K-1 (255 above all) gives zeros."""
    return (ids.unsqueeze(1) == torch.arange(classes, device=ids.device).view(1, -1, 1, 1)).float()


def steer(logits: Tensor, hole: Tensor, hints: Tensor, forbid: Tensor) -> Tensor:
    """The map that guides a scale: class probabilities, less what is forbidden inside the hole, overruled where a hint stands.

    logits: (B, K, h, w) class scores.   hole: (B, 1, h, w), share of each cell that is hole.
    hints: (B, K, h, w), area-averaged one-hot hints of that size.   forbid: (B, K) bool.
    Returns (B, K, h, w) float32, sums to 1 over K.
    """
    scores = logits.float() - FORBIDDEN_SCORE * hole * forbid.float()[:, :, None, None]
    hinted = hints.sum(dim=1, keepdim=True)  # (B, 1, h, w), share of the cell that carries a hint
    return scores.softmax(dim=1) * (1 - hinted) + hints


def spread(values: Tensor, known: Tensor, scales: int) -> Tensor:
    """What is known at some pixels, carried on into the others, and fading out within about 2^scales pixels.

    values: (B, C, H, W).   known: (B, 1, H, W), 1 = known.   Returns (B, C, H, W), equal to `values` where they are known.
    Coarse to fine: a cell takes the share of it that is known from its own values, the rest from the coarser cells around it.
    The values and the share of them that arrives (`reach`) go the same way; near the border the one is divided by the other.
    """
    both = torch.cat((values * known, known), dim=1)
    arrived = share(both, scales)
    for scale in range(scales - 1, -1, -1):
        arrived = share(both, scale) + (1 - share(known, scale)) * upsample(arrived)
    carried, reach = arrived[:, :-1], arrived[:, -1:]
    return carried / reach.clamp(min=0.5)


class DilatedResidual(nn.Module):
    """x + conv(conv(x, dilated)), (B, C, h, w) -> the same."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.dilated = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.mix = nn.Conv2d(channels, channels, 3, padding=1)
        he_initialise(self)
        scale_down(self.mix, 0.2)  # starts near the identity, so that deep stacks need no normalisation

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.mix(F.leaky_relu(self.dilated(F.leaky_relu(x, 0.2)), 0.2))
        return x + change


class SelfAttention(nn.Module):
    """x + attention over all positions (Vaswani et al. 2017), (B, C, h, w) -> the same. Its cost grows with (h w)^2."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(channels)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)  # a bias of the keys would cancel in the softmax
        self.out = nn.Conv2d(channels, channels, 1)
        he_initialise(self)
        scale_down(self.qkv, 0.7)
        scale_down(self.out, 0.2)

    def forward(self, x: Tensor) -> Tensor:
        normed = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        b, c, h, w = x.shape
        qkv = self.qkv(normed).view(b, 3, self.heads, c // self.heads, h * w)
        q, k, v = qkv.transpose(3, 4).unbind(1)  # each (B, heads, h w, C/heads)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(2, 3).reshape(b, c, h, w)
        attended: Tensor = self.out(mixed)
        return x + attended


class BatchNorm(nn.Module):
    """Batch normalisation (Ioffe & Szegedy 2015), (B, C, h, w) -> the same: by the batch in training, else by running averages.

    `nn.BatchNorm2d` cannot be exported beside its weights: it is merged into the convolution before it. Here every tensor meets
    the signal in an operation of its own; what is averaged is the deviation, for a root of the variance would be computed ahead.
    """

    MOMENTUM, EPSILON = 0.1, 1e-5
    mean: Tensor
    deviation: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))
        self.register_buffer("mean", torch.zeros(channels, 1, 1))
        self.register_buffer("deviation", torch.ones(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return (x - self.mean) / self.deviation * self.weight + self.bias
        with torch.no_grad():
            variance, mean = torch.var_mean(x.float(), dim=(0, 2, 3), correction=0)
            self.mean.lerp_(mean.view_as(self.mean), self.MOMENTUM)
            self.deviation.lerp_((variance + self.EPSILON).sqrt().view_as(self.deviation), self.MOMENTUM)
        weight, bias = self.weight.flatten(), self.bias.flatten()
        return F.batch_norm(x, None, None, weight, bias, training=True, eps=self.EPSILON)


class ChannelwiseLinear(nn.Module):
    """A fully connected layer inside each channel, then a 1x1 convolution across them (Pathak et al. 2016, Sec. 3.1).

    (B, C, side, side) -> the same, of one size only.
    """

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, side**2, side**2) / side)
        self.across = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        mixed = torch.einsum("bcn,cnm->bcm", x.flatten(2), self.weight.to(x.dtype)).view(x.shape)
        mixed_channels: Tensor = self.across(F.leaky_relu(mixed, 0.2))
        return mixed_channels


def scale_down(layer: nn.Conv2d, factor: float) -> None:
    """Multiplies a layer's initial weights."""
    with torch.no_grad():
        layer.weight.mul_(factor)


def he_initialise(module: nn.Module) -> None:
    """He et al. 2015 for leaky ReLU 0.2 in every convolution: signals keep their size through layers without normalisation."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, a=0.2)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
