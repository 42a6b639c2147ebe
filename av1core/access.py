"""Who may change runs and datasets."""

from dataclasses import dataclass

from av1core.errors import AccessError


@dataclass(frozen=True)
class Access:
    """Who may change things: everybody if the reason is empty, else nobody, and why."""

    reason: str = ""

    @property
    def may_change(self) -> bool:
        return not self.reason

    def require(self) -> None:
        """Raises AccessError with the reason."""
        if self.reason:
            raise AccessError(self.reason)


EVERYBODY = Access()
