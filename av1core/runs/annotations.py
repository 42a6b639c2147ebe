"""What people say of a run after it was launched: another name, tags, a note, and whether it is the pinned baseline."""

from dataclasses import dataclass

from av1core.errors import RunError

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
        for field, length, most in (("name", len(self.name), MOST_NAME), ("note", len(self.note), MOST_NOTE)):
            if length > most:
                raise RunError(f"{field}: {length:,} characters are too many; at most {most:,} fit.")
        if len(self.tags) > MOST_TAGS:
            raise RunError(f"tags: a run has at most {MOST_TAGS}, and these are {len(self.tags)}.")
        for tag in self.tags:
            if not 0 < len(tag) <= MOST_TAG:
                raise RunError(f"tags: {tag[:MOST_TAG]!r} has {len(tag)} characters; a tag has 1 to {MOST_TAG}.")


def parse_tags(text: str) -> tuple[str, ...]:
    """Tags from a text like "bn fix, thesis": split at commas, trimmed, each once, in order."""
    return tuple(dict.fromkeys(tag for part in text.split(",") if (tag := part.strip())))
