"""Whether a routing can be made after: steps, rework loops, alternatives; and how it is drawn. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class FlowStep:
    """A step as the flow sees it: where pieces that fail go, and where rework gives them back."""

    number: int
    name: str
    kind: str
    on_fail: int | None = None
    returns_to: int | None = None


def faults_of(steps: Sequence[FlowStep]) -> Iterator[tuple[int, str, str]]:
    """Yield what is wrong with a routing: number of the step, its member, the rule."""
    by_number = {step.number: step for step in steps}
    if not any(step.kind == "main" for step in steps):
        yield 0, "kind", _("A routing needs at least one main step.")
    fed = {step.on_fail for step in steps}
    for step in steps:
        if step.on_fail is not None:
            target = by_number.get(step.on_fail)
            if target is None or target.kind != "rework":
                yield step.number, "on_fail", _("Pieces that fail go to a rework step of this routing.")
            elif step.kind == "rework":
                yield step.number, "on_fail", _("A rework step sends nothing to rework.")
        if step.kind == "rework":
            back = by_number.get(step.returns_to or 0)
            if back is None or back.kind != "main":
                yield step.number, "returns_to", _("A rework step gives pieces back to a main step.")
            if step.number not in fed:
                yield step.number, "number", _("No step sends pieces to this rework step.")
        elif step.returns_to is not None:
            yield step.number, "returns_to", _("Only rework steps give pieces back.")


#: Size of a box and the gaps between boxes of the drawing. [px]
BOX, HIGH, GAP, ROW = 118, 40, 34, 88


@dataclass(frozen=True, slots=True)
class Box:
    """A step where it is drawn: upper left corner [px] and name."""

    number: int
    name: str
    kind: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Flow:
    """A drawn routing: boxes, arrows (SVG paths) from step to step, of failed pieces, and back; its size [px]."""

    boxes: tuple[Box, ...]
    main: tuple[str, ...]
    fail: tuple[str, ...]
    back: tuple[str, ...]
    width: int
    height: int


def draw_flow(steps: Sequence[FlowStep]) -> Flow:
    """Return how a routing is drawn: main steps in a row, rework below the step that feeds it."""
    main = sorted((step for step in steps if step.kind == "main"), key=lambda step: step.number)
    at = {step.number: (i * (BOX + GAP), 0) for i, step in enumerate(main)}
    boxes = [Box(step.number, step.name, step.kind, *at[step.number]) for step in main]
    taken: set[int] = set()
    for step in sorted((step for step in steps if step.kind == "rework"), key=lambda step: step.number):
        feeder = next((one for one in main if one.on_fail == step.number), None)
        x = at[feeder.number][0] if feeder else 0
        while x in taken:
            x += BOX + GAP
        taken.add(x)
        at[step.number] = x, ROW
        boxes.append(Box(step.number, step.name, step.kind, x, ROW))
    line = tuple(f"M{at[a.number][0] + BOX} {HIGH // 2}h{GAP - 3}" for a, _b in pairwise(main))
    fail = tuple(_down(at[s.number], at[s.on_fail]) for s in steps if s.kind == "main" and s.on_fail in at)
    back = tuple(_up(at[s.number], at[s.returns_to]) for s in steps if s.kind == "rework" and s.returns_to in at)
    width = max((box.x + BOX for box in boxes), default=0)
    return Flow(tuple(boxes), line, fail, back, width, (ROW + HIGH if taken else HIGH) + 4)


def _down(start: tuple[int, int], end: tuple[int, int]) -> str:
    x, to = start[0] + BOX * 2 // 3, end[0] + BOX * 2 // 3
    return f"M{x} {start[1] + HIGH}C{x} {ROW - 20} {to} {start[1] + HIGH + 20} {to} {ROW - 3}"


def _up(start: tuple[int, int], end: tuple[int, int]) -> str:
    x, to = start[0] + BOX // 3, end[0] + BOX // 3
    return f"M{x} {ROW}C{x} {HIGH + 20} {to} {ROW - 20} {to} {HIGH + 3}"
