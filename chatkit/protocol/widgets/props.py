"""The props of every component, under their wire names. An unset prop is left out."""

from __future__ import annotations

from typing import Literal, TypedDict

from chatkit.protocol.widgets.values import (
    ActionConfig,
    Align,
    BadgeColor,
    Border,
    ButtonColor,
    CardAction,
    Color,
    ControlSize,
    ControlVariant,
    Dim,
    Direction,
    Editable,
    GutterSize,
    Icon,
    IconSize,
    Justify,
    Moment,
    Radius,
    Spacing,
    Status,
    TextAlign,
    TextSize,
    Theme,
    TitleSize,
    Weight,
)


class NodeProps(TypedDict, total=False):
    """The props of every node. `key` is unique among siblings, `id` in the whole tree."""

    key: str
    id: str


class SizeProps(NodeProps, total=False):
    """The size of a node."""

    height: Dim
    width: Dim
    size: Dim
    minHeight: Dim
    minWidth: Dim
    minSize: Dim
    maxHeight: Dim
    maxWidth: Dim
    maxSize: Dim
    aspectRatio: Dim
    flex: Dim


class BlockProps(SizeProps, total=False):
    """A node with a background."""

    radius: Radius
    margin: Spacing
    background: Color


class BoxProps(BlockProps, total=False):
    """The layout of children, for `Row` and `Col`."""

    align: Align
    justify: Justify
    wrap: Literal["nowrap", "wrap", "wrap-reverse"]
    gap: Dim
    padding: Spacing
    border: Border


class DirectedBoxProps(BoxProps, total=False):
    """`Box`."""

    direction: Direction


class FormProps(DirectedBoxProps, total=False):
    """`Form`."""

    onSubmitAction: ActionConfig


class CardProps(NodeProps, total=False):
    """`Card`. With `asForm`, confirm and cancel also send the values of the fields inside."""

    asForm: bool
    background: Color
    border: Border
    size: Literal["sm", "md", "lg", "full"]
    padding: Spacing
    status: Status
    collapsed: bool
    confirm: CardAction
    cancel: CardAction
    theme: Theme


class ListViewProps(NodeProps, total=False):
    """`ListView`. Items above `limit` are hidden behind "Show more"."""

    limit: int | Literal["auto"]
    status: Status
    theme: Theme


class ListViewItemProps(NodeProps, total=False):
    """`ListViewItem`."""

    onClickAction: ActionConfig
    gap: Dim
    align: Align


class BasicProps(NodeProps, total=False):
    """`Basic`."""

    theme: Theme
    direction: Direction
    gap: Dim
    padding: Spacing
    align: Align
    justify: Justify


class SpacerProps(NodeProps, total=False):
    """`Spacer`."""

    minSize: Dim


class DividerProps(NodeProps, total=False):
    """`Divider`."""

    color: Color
    size: Dim
    spacing: Dim
    flush: bool


class _TextProps(NodeProps, total=False):
    color: Color
    weight: Weight
    textAlign: TextAlign
    truncate: bool
    maxLines: int


class TextProps(_TextProps, total=False):
    """`Text`. With `streaming` and an `id` its value may grow."""

    size: TextSize
    streaming: bool
    italic: bool
    lineThrough: bool
    width: Dim
    minLines: int
    editable: Literal[False] | Editable


class TitleProps(_TextProps, total=False):
    """`Title`."""

    size: TitleSize


class CaptionProps(_TextProps, total=False):
    """`Caption`."""

    size: Literal["sm", "md", "lg"]


class MarkdownProps(NodeProps, total=False):
    """`Markdown`. With `streaming` and an `id` its value may grow."""

    streaming: bool


class LabelProps(NodeProps, total=False):
    """`Label`."""

    size: TextSize
    weight: Weight
    textAlign: TextAlign
    color: Color


class BadgeProps(NodeProps, total=False):
    """`Badge`."""

    color: BadgeColor
    variant: Literal["solid", "soft", "outline"]
    size: Literal["sm", "md", "lg"]
    pill: bool


class IconProps(NodeProps, total=False):
    """`Icon`."""

    color: Color
    size: IconSize


class ImageProps(BlockProps, total=False):
    """`Image`."""

    alt: str
    fit: Literal["cover", "contain", "fill", "scale-down", "none"]
    position: Literal[
        "top left", "top", "top right", "left", "center", "right",
        "bottom left", "bottom", "bottom right",
    ]  # fmt: skip
    frame: bool
    flush: bool


class ButtonProps(NodeProps, total=False):
    """`Button`."""

    submit: bool
    onClickAction: ActionConfig
    iconStart: Icon
    iconEnd: Icon
    style: Literal["primary", "secondary"]
    iconSize: Literal["sm", "md", "lg", "xl", "2xl"]
    color: ButtonColor
    variant: ControlVariant
    size: ControlSize
    pill: bool
    uniform: bool
    block: bool
    disabled: bool


class _WritingProps(NodeProps, total=False):
    defaultValue: str
    required: bool
    pattern: str
    placeholder: str
    allowAutofillExtensions: bool
    autoSelect: bool
    autoFocus: bool
    disabled: bool
    variant: Literal["soft", "outline"]
    size: ControlSize
    gutterSize: GutterSize


class InputProps(_WritingProps, total=False):
    """`Input`."""

    inputType: Literal["number", "email", "text", "password", "tel", "url"]
    pill: bool


class TextareaProps(_WritingProps, total=False):
    """`Textarea`."""

    rows: int
    autoResize: bool
    maxRows: int


class _PickingProps(NodeProps, total=False):
    onChangeAction: ActionConfig
    placeholder: str
    variant: ControlVariant
    size: ControlSize
    pill: bool
    block: bool
    clearable: bool
    disabled: bool


class SelectProps(_PickingProps, total=False):
    """`Select`."""

    defaultValue: str
    searchable: bool


class DatePickerProps(_PickingProps, total=False):
    """`DatePicker`."""

    defaultValue: Moment
    min: Moment
    max: Moment
    side: Literal["top", "bottom", "left", "right"]
    align: TextAlign


class CheckboxProps(NodeProps, total=False):
    """`Checkbox`."""

    label: str
    defaultChecked: bool
    onChangeAction: ActionConfig
    disabled: bool
    required: bool


class RadioGroupProps(NodeProps, total=False):
    """`RadioGroup`."""

    ariaLabel: str
    onChangeAction: ActionConfig
    defaultValue: str
    direction: Direction
    disabled: bool
    required: bool


class ChartProps(SizeProps, total=False):
    """`Chart`; gaps are px."""

    showYAxis: bool
    showLegend: bool
    showTooltip: bool
    barGap: int
    barCategoryGap: int


class TableRowProps(NodeProps, total=False):
    """`Table.Row`."""

    header: bool


class TableCellProps(NodeProps, total=False):
    """`Table.Cell`."""

    width: Dim
    padding: Spacing
    colSpan: int
    rowSpan: int
    align: TextAlign
    vAlign: TextAlign
    colSize: TextSize
