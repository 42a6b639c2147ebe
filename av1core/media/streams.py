"""AV1 files to partition trees: the mode info of each shown intra frame, without decoding anything else.

An intra frame depends on no other: its primary_ref_frame is always NONE (AV1 specification, section 5.9.2), so that
the sequence header and the frame's own OBUs are all that a decoder needs.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from av1core.errors import MediaError, said
from av1core.media.containers import opened_video, packets
from av1core.media.libaom import ModeInfo, read_mode_info
from av1core.media.obu import Frame, SequenceHeader, UnitParser
from av1core.translation import message

_CONFIGURATION_MARKER, _CONFIGURATION_BYTES = 0x81, 4  # av1C: fixed head, then OBUs


@dataclass(frozen=True, eq=False)
class StreamFrame:
    """number: of the frame in display order, from 0. mode_info: its final tree."""

    number: int
    mode_info: ModeInfo


@dataclass(frozen=True)
class Stream:
    """The AV1 video of a file. frames: how many it shows. height, width: pixels.

    intra: numbers, in display order from 0, of the shown frames that are KEY or INTRA_ONLY. hidden: how many
    intra frames are decoded without being shown (forward key frames, alternative references); no picture belongs
    to them, and they are left out.
    """

    path: Path
    frames: int
    height: int
    width: int
    intra: tuple[int, ...]
    hidden: int

    def read(self, numbers: Iterable[int] | None = None) -> Iterator[StreamFrame]:
        """The trees of the frames with these numbers, which must be in `intra`; of all of `intra` if None.

        In ascending order. MediaError if a number is no shown intra frame, the file is damaged, or a frame has
        another size than the first.
        """
        wanted = set(self.intra if numbers is None else numbers)
        if wrong := sorted(wanted - set(self.intra)):
            raise MediaError(
                message(
                    "Frame {number} of {path} is no intra frame that is shown.", number=str(wrong[0]), path=self.path
                )
            )
        return self._trees(wanted)

    def _trees(self, wanted: set[int]) -> Iterator[StreamFrame]:
        if not wanted:
            return
        shown = ((frame, sequence) for frame, sequence in _frames(self.path) if frame.shown)
        last = max(wanted)
        for number, (frame, sequence) in enumerate(shown):
            if number not in wanted:
                continue
            mode_info = _tree(self.path, number, frame, sequence)
            if (mode_info.height, mode_info.width) != (self.height, self.width):
                raise MediaError(
                    message(
                        "Frame {number} of {path} has {found} pixels, frame {first} {size}; cut the stream into parts "
                        "of one size.",
                        number=number, path=self.path, found=f"{mode_info.width}×{mode_info.height}",
                        first=self.intra[0], size=f"{self.width}×{self.height}",
                    )
                )  # fmt: skip
            yield StreamFrame(number, mode_info)
            if number == last:
                return


def open_stream(path: str | os.PathLike) -> Stream:
    """An AV1 stream in IVF, OBU (sections 5.2 and Annex B), MP4, WebM, MKV or AVIF, its frames listed.

    Every coded frame counts, those that an MP4's edit list hides too. MediaError, naming the file, if it is no
    AV1 or damaged.
    """
    path, intra, frames, hidden, first = Path(path), [], 0, 0, None
    if not path.is_file():
        raise MediaError(message("There is no AV1 stream at {path}.", path=path))
    for frame, sequence in _frames(path):
        if frame.spatial_layer:
            raise MediaError(
                message("{path} has spatial layers, whose frames are no whole pictures; encode it in one.", path=path)
            )
        if frame.is_intra:
            if frame.shown:
                first = first or _tree(path, frames, frame, sequence)  # headers can give more than the coded size
                intra.append(frames)
            else:
                hidden += 1
        frames += frame.shown
    if first is None:
        raise MediaError(message("{path} shows no intra frame, whose blocks could be read.", path=path))
    return Stream(path, frames, first.height, first.width, tuple(intra), hidden)


def _tree(path: Path, number: int, frame: Frame, sequence: SequenceHeader) -> ModeInfo:
    try:
        return read_mode_info(sequence.data + frame.data)
    except MediaError as error:
        raise MediaError(
            message("Frame {number} of {path}: {reason}", number=number, path=path, reason=said(error))
        ) from error


def _frames(path: Path) -> Iterator[tuple[Frame, SequenceHeader]]:
    """Every coded frame in decoding order, which is AV1's display order too, with the sequence header in force."""
    with opened_video(path) as (container, stream):
        codec = stream.codec_context.codec.canonical_name
        if codec != "av1":
            raise MediaError(
                message("{path} holds {codec} video; partition labels are read from AV1.", path=path, codec=codec)
            )
        parser = UnitParser()
        _split(path, parser, _configuration_units(stream.codec_context.extradata or b""))
        for packet in packets(path, container, stream):
            for frame in _split(path, parser, bytes(packet)):
                yield frame, parser.sequence


def _split(path: Path, parser: UnitParser, unit: bytes) -> list[Frame]:
    try:
        return parser.frames_of(unit)
    except MediaError as error:
        raise MediaError(message("{where}: {reason}", where=path, reason=said(error))) from error


def _configuration_units(extradata: bytes) -> bytes:
    """The OBUs of a container's codec configuration: MP4 and WebM may keep the sequence header there alone."""
    wrapped = extradata[:1] == bytes([_CONFIGURATION_MARKER])
    return extradata[_CONFIGURATION_BYTES:] if wrapped else extradata
