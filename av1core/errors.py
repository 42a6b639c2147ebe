"""The exceptions a user can meet. Each message says what happened, in which file or field, and what to do."""

from av1core.translation import Message


class LabError(Exception):
    """Base of every error that is the user's to read; anything else is a defect of the Lab."""


class MediaError(LabError):
    """A picture, a video or libaom itself could not be used."""


class DatasetError(LabError):
    """A dataset folder is missing, damaged or does not hold what a run needs."""


class SpecError(LabError):
    """A run's description is not valid; the message names the field."""


class RunError(LabError):
    """A run cannot be started, resumed or read."""


class LedgerError(LabError):
    """A hypothesis is not valid, or the ledger that keeps them cannot be read or written."""


class PictureError(LabError):
    """A figure cannot be drawn as a file."""


class ReportError(LabError):
    """A report cannot be made or written."""


class ClusterError(LabError):
    """A cluster cannot be joined, or lost what it was given."""


class Cancelled(LabError):
    """The user stopped the work."""


class TakenOver(LabError):
    """Somebody else goes on with the work."""


class AccessError(LabError):
    """Whoever asked may only look."""


def said(error: Exception) -> str:
    """What an error says, to be filled into another message: a `Message` if it was made with one, else its text."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, Message) else str(error)
