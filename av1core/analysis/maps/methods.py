"""The ways to make a map of a block: what each is called, what its numbers are, and what it rests on."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from av1core.errors import RunError
from av1core.translation import Message, message

BASELINES = {"mean": message("mean"), "blurred": message("blurred"), "black": message("black")}
"""What a block is compared with: title by name."""

BASELINES_ABOUT = {
    "mean": message("the block's mean: what remains is all that is not flat"),
    "blurred": message("the block blurred (Gaussian, σ = 3 pixels): what remains is its edges and texture"),
    "black": message("black (luma 0): what remains is the luma itself"),
}
"""What each is, and what it leaves."""

OUTPUTS = {"logit": message("logit"), "log_odds": message("log-odds")}
"""What a map explains: title by name."""

OUTPUTS_ABOUT = {
    "logit": message("the logit of the class"),
    "log_odds": message(
        "the log-odds of the class: its logit minus the log-sum-exp of the others, so that what speaks for all "
        "classes alike does not count"
    ),
}

_BLUR = 3.0


@dataclass(frozen=True)
class Method:
    """A way to make maps.

    of: "input", whose maps have the block's size, or "layer", whose maps have the layer's. signed: whether values
    below zero speak against the class. unit: of a value; maps of one unit can share a colour scale. baseline: whether
    it compares the block with one of BASELINES. targeted: whether it depends on the class at all.
    """

    name: str
    title: Message
    of: Literal["input", "layer"]
    signed: bool
    unit: Message
    baseline: bool
    targeted: bool
    about: Message
    paper: str


COMPLETE = ("integrated_gradients", "conductance")
"""Methods whose maps sum to the difference of the outputs for the block and for its baseline."""

LOGITS, SLOPE, ACTIVATION = message("logits"), message("logits per full luma range"), message("activation")

METHODS = {
    method.name: method
    for method in (
        Method("saliency", message("Saliency"), "input", False, SLOPE, False, True,
               message("How steeply the output changes with a pixel, in either direction."),
               "Simonyan et al. 2013, arXiv 1312.6034"),
        Method("integrated_gradients", message("Integrated Gradients"), "input", True, LOGITS, True, True,
               message("What each pixel adds to the output on the straight path from the baseline to the block; the "
                       "map sums to the difference of the two outputs."),
               "Sundararajan et al. 2017, arXiv 1703.01365"),
        Method("occlusion", message("Occlusion"), "input", True, LOGITS, True, True,
               message("How much the output falls when a window of 4×4 pixels is replaced by the baseline, shared "
                       "equally by its pixels, on average over the windows (2 apart) that hold the pixel."),
               "Zeiler and Fergus 2013, arXiv 1311.2901"),
        Method("gradient_shap", message("GradientSHAP"), "input", True, LOGITS, True, True,
               message("Integrated gradients at random points of the paths from the baseline and from blocks of the "
                       "training side, with a little noise."),
               "Lundberg and Lee 2017, arXiv 1705.07874; Erion et al. 2019, arXiv 1906.10670"),
        Method("smoothgrad", message("SmoothGrad"), "input", True, SLOPE, False, True,
               message("The gradient, averaged over copies of the block with noise of 15 % of its range."),
               "Smilkov et al. 2017, arXiv 1706.03825"),
        Method("grad_cam", message("Grad-CAM"), "layer", True, LOGITS, False, True,
               message("The layer's channels, each weighed by its mean gradient; without ReLU, so that evidence "
                       "against the class stays visible."),
               "Selvaraju et al. 2016, arXiv 1610.02391"),
        Method("activation", message("Layer activation"), "layer", True, ACTIVATION, False, False,
               message("The mean over the layer's channels; the same for every class."), ""),
        Method("conductance", message("Layer conductance"), "layer", True, LOGITS, True, True,
               message("What flows through each position of the layer on the path from the baseline to the block; the "
                       "map sums to the difference of the two outputs."),
               "Dhamdhere et al. 2018, arXiv 1805.12233"),
    )
}  # fmt: skip
"""By name, in the order they are shown."""


@dataclass(frozen=True)
class MapSpec:
    """How a map is made, whatever the model, the block and the class. RunError names a field that cannot be.

    method: of METHODS. layer: name of a layer of the model, for the methods of layers alone. baseline: of BASELINES;
    ignored by the methods that use none. output: of OUTPUTS. seed: of the methods that draw.
    """

    method: str
    layer: str | None = None
    baseline: str = "mean"
    output: str = "logit"
    seed: int = 0

    def __post_init__(self) -> None:
        known = {"method": METHODS, "baseline": BASELINES, "output": OUTPUTS}
        for field, names in known.items():
            if getattr(self, field) not in names:
                raise RunError(
                    message(
                        "{field}: there is no {value}. Choose one of {names}.",
                        field=field, value=repr(getattr(self, field)), names=", ".join(names),
                    )
                )  # fmt: skip
        if (self.layer is not None) != (self.about.of == "layer"):
            if self.about.of == "layer":
                raise RunError(message("layer: {method} needs a layer.", method=self.about.title))
            raise RunError(message("layer: {method} is of the input and takes no layer.", method=self.about.title))

    @property
    def about(self) -> Method:
        """The method."""
        return METHODS[self.method]

    @property
    def title(self) -> Message:
        """The method, and the layer if there is one."""
        if self.layer is None:
            return self.about.title
        return message("{method} of {layer}", method=self.about.title, layer=self.layer)


def baseline_luma(pixels: np.ndarray, baseline: str) -> np.ndarray:
    """What blocks are compared with: float32 (N, S, S), luma in 0–1023. pixels: uint16 (N, S, S)."""
    luma = pixels.astype(np.float32)
    if baseline == "black":
        return np.zeros_like(luma)
    if baseline == "mean":
        return np.broadcast_to(luma.mean((1, 2), keepdims=True), luma.shape).copy()
    from scipy.ndimage import gaussian_filter1d

    for axis in (1, 2):
        luma = gaussian_filter1d(luma, _BLUR, axis, mode="nearest")
    return luma
