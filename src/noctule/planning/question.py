"""The one question the planner may ask, and the option that answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from noctule.messages import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noctule.apidoc import ApiOperation
    from noctule.messages import Language
    from noctule.providers import Need, Pack

MAX_CHOICES = 7


@dataclass(frozen=True)
class QuestionChoice:
    value: str
    """The value for the option."""
    label: str


@dataclass(frozen=True)
class Question:
    about: Literal["provider", "need", "operation"]
    """Also the name of the option of `noctule plan` that answers it."""
    text: str
    choices: tuple[QuestionChoice, ...]

    @property
    def option(self) -> str:
        return f"--{self.about}"

    def as_json(self) -> dict[str, Any]:
        choices = [{"value": choice.value, "label": choice.label} for choice in self.choices]
        return {"about": self.about, "text": self.text, "option": self.option, "choices": choices}


def which_provider(packs: Iterable[Pack], language: Language) -> Question:
    choices = tuple(QuestionChoice(pack.id, pack.name) for pack in packs)
    return Question("provider", say(language, "planning.which_provider"), choices)


def which_need(service: str, needs: Iterable[Need], language: Language) -> Question:
    choices = tuple(QuestionChoice(need.id, need.label(language)) for need in needs)
    text = say(language, "planning.which_need", service=service)
    return Question("need", text, choices)


def which_operation(
    service: str, operations: Iterable[ApiOperation], language: Language
) -> Question:
    from noctule.text import one_line

    choices = tuple(
        QuestionChoice(operation.key, one_line(operation.summary or operation.description, 80))
        for operation in operations
    )
    text = say(language, "planning.which_operation", service=service)
    return Question("operation", text, choices[:MAX_CHOICES])
