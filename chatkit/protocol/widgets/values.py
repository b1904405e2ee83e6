"""The value types that several components share (protocol, section 19)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Required, TypedDict

from chatkit.protocol.widgets.checks import Rule


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


#: An icon's name. `validate` accepts any string; builders replace or drop unknown names (icons.py).
Icon = str
#: An ISO 8601 date or date and time.
Moment = Annotated[str, Rule("an ISO date and time", _is_moment)]

#: A number is px or spacing units, depending on the prop; a string is CSS.
Dim = float | str
Radius = Literal[
    "2xs", "xs", "sm", "md", "lg", "xl", "2xl", "3xl", "4xl", "full", "100%", "none"
]  # fmt: skip
Align = Literal["start", "center", "end", "baseline", "stretch"]
Justify = Literal["start", "center", "end", "between", "around", "evenly", "stretch"]
TextAlign = Literal["start", "center", "end"]
Weight = Literal["normal", "medium", "semibold", "bold"]
Direction = Literal["row", "col"]
Theme = Literal["light", "dark"]
TextSize = Literal["xs", "sm", "md", "lg", "xl"]
TitleSize = Literal["sm", "md", "lg", "xl", "2xl", "3xl", "4xl", "5xl"]
IconSize = Literal["xs", "sm", "md", "lg", "xl", "2xl", "3xl"]
ControlVariant = Literal["solid", "soft", "outline", "ghost"]
ControlSize = Literal["3xs", "2xs", "xs", "sm", "md", "lg", "xl", "2xl", "3xl"]
GutterSize = Literal["2xs", "xs", "sm", "md", "lg", "xl"]
BadgeColor = Literal["secondary", "success", "danger", "warning", "info", "discovery"]
ButtonColor = Literal[
    "primary", "secondary", "info", "discovery", "success", "caution", "warning", "danger"
]
CurveType = Literal[
    "basis", "basisClosed", "basisOpen", "bumpX", "bumpY", "bump", "linear", "linearClosed",
    "natural", "monotoneX", "monotoneY", "monotone", "step", "stepBefore", "stepAfter",
]  # fmt: skip


class ThemeColor(TypedDict):
    """A color for each theme."""

    light: Required[str]
    dark: Required[str]


#: A token (`secondary`), a primitive (`red-100`), a CSS color, or one for each theme.
Color = str | ThemeColor


class Edges(TypedDict, total=False):
    """A distance for each edge, or for both edges of an axis."""

    top: Dim
    right: Dim
    bottom: Dim
    left: Dim
    x: Dim
    y: Dim


Spacing = Dim | Edges


class BorderLine(TypedDict, total=False):
    """One border; `size` is px."""

    size: Required[int]
    color: Color
    style: Literal["solid", "dashed", "dotted", "double", "groove", "ridge", "inset", "outset"]


class Borders(TypedDict, total=False):
    """A border for each edge, or for both edges of an axis."""

    top: int | BorderLine
    right: int | BorderLine
    bottom: int | BorderLine
    left: int | BorderLine
    x: int | BorderLine
    y: int | BorderLine


Border = int | BorderLine | Borders


class ActionConfig(TypedDict, total=False):
    """The configuration of a click, change or submit (protocol, section 15). See `action`."""

    type: Required[str]
    payload: Any
    handler: Literal["server", "client"]
    loadingBehavior: Literal["auto", "none", "self", "container"]
    streaming: bool


class CardAction(TypedDict):
    """A button below a card."""

    label: Required[str]
    action: Required[ActionConfig]


class Status(TypedDict, total=False):
    """The line above a card or a list. `favicon` is a URL; `frame` applies to it."""

    text: Required[str]
    favicon: str
    frame: bool
    icon: Icon


class Editable(TypedDict, total=False):
    """Makes a `Text` an editable field of the enclosing form."""

    name: Required[str]
    autoFocus: bool
    autoSelect: bool
    autoComplete: str
    allowAutofillExtensions: bool
    pattern: str
    placeholder: str
    required: bool


class Option(TypedDict, total=False):
    """One option of a select or of a radio group; a radio group shows no description."""

    value: Required[str]
    label: Required[str]
    disabled: bool
    description: str


class Series(TypedDict, total=False):
    """One series. `stack` is for bars and areas, `curveType` for lines and areas."""

    type: Required[Literal["bar", "line", "area"]]
    dataKey: Required[str]
    label: str
    color: Color
    stack: str
    curveType: CurveType


class Axis(TypedDict, total=False):
    """The axis below a chart. `labels` maps values of `dataKey` to the texts to show."""

    dataKey: Required[str]
    hide: bool
    labels: dict[str, str]
