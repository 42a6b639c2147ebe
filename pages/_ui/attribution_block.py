"""The Block view of the Attribution page: one block in its frame, and maps of it side by side."""

from pages._ui import attribution_frame, attribution_gates, attribution_maps
from pages._ui.attribution_choice import Chosen
from pages._ui.attribution_place import chosen_row


def show(chosen: Chosen) -> None:
    """The whole view."""
    row = chosen_row(chosen.data, chosen.rows)
    attribution_frame.show(chosen, row)
    attribution_maps.show(chosen, row)
    attribution_gates.show(chosen, row)
