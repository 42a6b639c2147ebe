"""What people say of a run after it was launched: another name, tags, a note, and whether it is the pinned baseline."""

from dataclasses import dataclass

from av1core.errors import RunError
from av1core.translation import message

MOST_NAME, MOST_TAGS, MOST_TAG, MOST_NOTE = 80, 20, 40, 20_000
"""Characters of a name, tags of a run, characters of a tag and of a note."""


@dataclass(frozen=True)
class Annotations:
    """annotations.json. name: shown in place of the spec's; empty for the spec's own. baseline: what Δ is taken from.

    Raises RunError that names the field and its limit.
    """

    name: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    baseline: bool = False

    def __post_init__(self) -> None:
        for field, text, most in ((message("name"), self.name, MOST_NAME), (message("note"), self.note, MOST_NOTE)):
            if len(text) > most:
                raise RunError(
                    message(
                        "{field}: {length:,} characters are too many; at most {most:,} fit.",
                        field=field,
                        length=len(text),
                        most=most,
                    )
                )
        if len(self.tags) > MOST_TAGS:
            raise RunError(
                message("tags: a run has at most {most}, and these are {count}.", most=MOST_TAGS, count=len(self.tags))
            )
        for tag in self.tags:
            if not 0 < len(tag) <= MOST_TAG:
                raise RunError(
                    message(
                        "tags: {tag!r} has {length:,} characters; a tag has 1 to {most}.",
                        tag=tag[:MOST_TAG],
                        length=len(tag),
                        most=MOST_TAG,
                    )
                )


def parse_tags(text: str) -> tuple[str, ...]:
    """Tags from a text like "bn fix, thesis": split at commas, trimmed, each once, in order."""
    return tuple(dict.fromkeys(tag for part in text.split(",") if (tag := part.strip())))
