"""What forms and files may say about zones, methods and their brackets."""

from __future__ import annotations

from plugins.table_rate.forms.areas import Area, UnknownArea, areas_of, read_area
from plugins.table_rate.forms.brackets import Bracket, Lines, gaps_and_overlaps, lines_of, rearranged, shown
from plugins.table_rate.forms.files import Found, RowError, read_table
from plugins.table_rate.forms.methods import WantedMethod, parse_method
from plugins.table_rate.forms.trial import Trial, parse_trial
from plugins.table_rate.forms.zones import WantedZone, parse_zone

__all__ = [
    "Area",
    "Bracket",
    "Found",
    "Lines",
    "RowError",
    "Trial",
    "UnknownArea",
    "WantedMethod",
    "WantedZone",
    "areas_of",
    "gaps_and_overlaps",
    "lines_of",
    "parse_method",
    "parse_trial",
    "parse_zone",
    "read_area",
    "read_table",
    "rearranged",
    "shown",
]
