"""Which frames of a clip to take: all, every Nth, some spread evenly, or a list of numbers."""

import re
from dataclasses import dataclass

from av1core.errors import MediaError
from av1core.translation import message


@dataclass(frozen=True)
class FrameChoice:
    """A choice of frames that does not depend on a clip's length; `numbers` applies it to one.

    Exactly one field is set, or none for all frames. step: every Nth from 0. count: that many, evenly spread.
    listed: these numbers, ascending, each once.
    """

    step: int | None = None
    count: int | None = None
    listed: tuple[int, ...] | None = None

    @classmethod
    def parse(cls, text: str) -> "FrameChoice":
        """The choice that `text` names: "all", "every:N", "count:N" (N at least 1) or numbers as in "0,5,9".

        A list may be in any order and repeat itself: it stands for a set. MediaError for any other text.
        """
        text = text.strip()
        if text == "all":
            return cls()
        if match := re.fullmatch(r"(every|count):([0-9]{1,9})", text):
            if not (value := int(match[2])):
                raise MediaError(
                    message('The choice of frames "{choice}" takes none; N must be at least 1.', choice=text)
                )
            return cls(step=value) if match[1] == "every" else cls(count=value)
        if re.fullmatch(r"[0-9]{1,9}(\s*,\s*[0-9]{1,9})*", text):
            return cls(listed=tuple(sorted({int(number) for number in text.split(",")})))
        raise MediaError(
            message(
                '"{choice}" is no choice of frames; write "all", "every:N", "count:N" or a list of frame numbers such '
                'as "0,5,9".',
                choice=text,
            )
        )

    def numbers(self, total: int) -> tuple[int, ...]:
        """The chosen frame numbers of a clip of `total` frames, ascending, from 0.

        `count` takes the first and the last frame and rounds the ones between to the nearest; a count of 1 is
        the middle frame. MediaError if the clip has no frames, or too few for the count or the list.
        """
        if total < 1:
            raise MediaError(message("The clip has no frames to choose from."))
        if self.listed is not None:
            if self.listed[-1] >= total:
                raise MediaError(
                    message(
                        "There is no frame {number} in a clip of frames 0 to {last}.",
                        number=self.listed[-1], last=total - 1,
                    )
                )  # fmt: skip
            return self.listed
        if self.count is not None:
            return self._spread(total)
        return tuple(range(0, total, self.step or 1))

    def __str__(self) -> str:
        if self.listed is not None:
            return ",".join(map(str, self.listed))
        if self.count is not None:
            return f"count:{self.count}"
        return f"every:{self.step}" if self.step is not None else "all"

    def _spread(self, total: int) -> tuple[int, ...]:
        if self.count > total:
            raise MediaError(
                message(
                    "A clip of {total} frames cannot give {wanted}; ask for at most {total}.",
                    total=total, wanted=self.count,
                )
            )  # fmt: skip
        if self.count == 1:
            return (total // 2,)
        gaps = self.count - 1
        # In whole numbers: the nearest to index × (total − 1) / gaps, which floating point could miss.
        return tuple((2 * index * (total - 1) + gaps) // (2 * gaps) for index in range(self.count))
