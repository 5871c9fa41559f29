"""The samples of all notices, for a command: one page, or a list."""

from __future__ import annotations

import msgspec

from sinks.notices.samples import samples
from sinks.notices.samples_page import forms, samples_page


class SampleForms(msgspec.Struct, frozen=True):
    """What a sample is of, and how each channel carries it."""

    title: str
    forms: dict[str, str]


def sample_forms() -> list[SampleForms]:
    """Every sample in every form. Pure."""
    return [SampleForms(each.title, dict(forms(each.message))) for each in samples()]


def page_of_samples() -> str:
    """All of them as one HTML page. Pure."""
    return samples_page(samples())
