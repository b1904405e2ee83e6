"""Every component: the table that says what a tree may hold (protocol, section 19)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Required, TypedDict

from chatkit.protocol.widgets import props as p
from chatkit.protocol.widgets.values import Axis, Icon, Option, Series

# Props that a component cannot be without.


class ValueNeeds(TypedDict):
    """A component of words."""

    value: Required[str]


class LabelNeeds(ValueNeeds):
    """`Label`."""

    fieldName: Required[str]


class BadgeNeeds(TypedDict):
    """`Badge`."""

    label: Required[str]


class FieldNeeds(TypedDict):
    """A field of a form."""

    name: Required[str]


class IconNeeds(TypedDict):
    """`Icon`."""

    name: Required[Icon]


class ImageNeeds(TypedDict):
    """`Image`."""

    src: Required[str]


class ButtonNeeds(TypedDict, total=False):
    """`Button`, which may be an icon alone."""

    label: str


class SelectNeeds(FieldNeeds):
    """`Select`."""

    options: Required[list[Option]]


class RadioNeeds(FieldNeeds, total=False):
    """`RadioGroup`."""

    options: list[Option]


class ChartNeeds(TypedDict):
    """`Chart`."""

    data: Required[list[dict[str, str | float]]]
    series: Required[list[Series]]
    xAxis: Required[str | Axis]


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """What a component may hold. `props` are TypedDicts, all of which it has.

    `children`: none, a list that may be left out, a list, or exactly one node, which may be left
    out. `only` names the one type that children may have.
    """

    props: tuple[type, ...]
    children: Literal["none", "some", "list", "one"] = "none"
    only: str | None = None


COMPONENTS: Final[Mapping[str, Component]] = {
    "Card": Component(props=(p.CardProps,), children="list"),
    "ListView": Component(props=(p.ListViewProps,), children="list", only="ListViewItem"),
    "ListViewItem": Component(props=(p.ListViewItemProps,), children="list"),
    "Basic": Component(props=(p.BasicProps,), children="list"),
    "Box": Component(props=(p.DirectedBoxProps,), children="some"),
    "Row": Component(props=(p.BoxProps,), children="some"),
    "Col": Component(props=(p.BoxProps,), children="some"),
    "Form": Component(props=(p.FormProps,), children="some"),
    "Spacer": Component(props=(p.SpacerProps,)),
    "Divider": Component(props=(p.DividerProps,)),
    "Transition": Component(props=(p.NodeProps,), children="one"),
    "Text": Component(props=(ValueNeeds, p.TextProps)),
    "Title": Component(props=(ValueNeeds, p.TitleProps)),
    "Caption": Component(props=(ValueNeeds, p.CaptionProps)),
    "Markdown": Component(props=(ValueNeeds, p.MarkdownProps)),
    "Label": Component(props=(LabelNeeds, p.LabelProps)),
    "Badge": Component(props=(BadgeNeeds, p.BadgeProps)),
    "Icon": Component(props=(IconNeeds, p.IconProps)),
    "Image": Component(props=(ImageNeeds, p.ImageProps)),
    "Button": Component(props=(ButtonNeeds, p.ButtonProps)),
    "Input": Component(props=(FieldNeeds, p.InputProps)),
    "Textarea": Component(props=(FieldNeeds, p.TextareaProps)),
    "Select": Component(props=(SelectNeeds, p.SelectProps)),
    "DatePicker": Component(props=(FieldNeeds, p.DatePickerProps)),
    "Checkbox": Component(props=(FieldNeeds, p.CheckboxProps)),
    "RadioGroup": Component(props=(RadioNeeds, p.RadioGroupProps)),
    "Chart": Component(props=(ChartNeeds, p.ChartProps)),
    "Table": Component(props=(p.NodeProps,), children="some", only="Table.Row"),
    "Table.Row": Component(props=(p.TableRowProps,), children="some", only="Table.Cell"),
    "Table.Cell": Component(props=(p.TableCellProps,), children="some"),
}

ROOTS: Final = ("Card", "ListView", "Basic")
