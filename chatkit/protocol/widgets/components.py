"""The table of components: the props and children that each may have (protocol, section 19)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Required, TypedDict

from chatkit.protocol.widgets import props as p
from chatkit.protocol.widgets.values import Axis, Icon, Option, Series

# The required props of components.


class ValueNeeds(TypedDict):
    """A component that shows a text."""

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
    """`Button`. The label is optional: it may have only an icon."""

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
    """The props and children of a component. It has the props of all TypedDicts in `props`.

    `children`: "none"; "some", an optional list; "list", a required list; "one", a single optional
    node. `only` is the only type that children may have.
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
