"""Values for every prop of every component, made from the table, and whole trees of them."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from hypothesis import strategies as st

from chatkit.protocol import widgets as w
from chatkit.protocol.widgets.components import COMPONENTS, ROOTS
from chatkit.protocol.widgets.values import ActionConfig, Option, Series, Status

_MOMENT: Final = "2026-11-30T12:00:00Z"
_PLAIN: Final[Mapping[Any, list[Any]]] = {
    str: ["", "red-100", "größer 👋 \u2028 <b>"],
    bool: [True, False],
    int: [0, 3],
    float: [0, 8],
    Any: [{"deep": [1, "a", True]}],
    ActionConfig: [
        w.action("task.save", {"task_id": "1"}),
        w.action("x", handler="client", loading="container", streaming=False),
    ],
    # The members that exclude each other.
    Status: [{"text": "Ready", "favicon": "https://a.example/i.png", "frame": True},
             {"text": "Ready", "icon": "check"}, {"text": "Ready"}],
    Series: [{"type": "bar", "dataKey": "y", "label": "Y", "stack": "one", "color": "blue"},
             {"type": "line", "dataKey": "y", "label": "Y", "curveType": "natural"},
             {"type": "area", "dataKey": "y", "label": "Y", "curveType": "step", "stack": "a"}],
    Option: [{"value": "a", "label": "A", "disabled": True}, {"value": "b", "label": "B"}],
}  # fmt: skip


def samples(annotation: Any) -> list[Any]:
    """Values of a type: each choice, each alternative, objects full and bare."""
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if is_typeddict(annotation):
        return _objects(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return list(arguments)
    if origin is Annotated:
        return [_MOMENT]
    if origin in (Union, types.UnionType):
        return [value for each in arguments for value in samples(each)]
    if origin is list:
        return [samples(arguments[0]), []]
    assert origin is dict
    return [{"key": value} for value in samples(arguments[1])]


def _objects(kind: type) -> list[dict[str, Any]]:
    fields = [_fields(kind), {name: of for name, of in _fields(kind).items() if of[1]}]
    return [
        {name: values[turn % len(values)] for name, (values, _) in chosen.items()}
        for chosen in fields
        for turn in range(max((len(values) for values, _ in chosen.values()), default=1))
    ]


def _fields(kind: type) -> dict[str, tuple[list[Any], bool]]:
    """Samples by member, and whether it is required."""
    hints = get_type_hints(kind, include_extras=True)
    return {
        name: (samples(get_args(hint)[0] if _is_required(hint) else hint), _is_required(hint))
        for name, hint in hints.items()
    }


def _is_required(hint: Any) -> bool:
    return get_origin(hint) is Required


def props_of(kind: str) -> dict[str, tuple[list[Any], bool]]:
    """Samples of the props of a component, and whether each is required."""
    return {k: v for props in COMPONENTS[kind].props for k, v in _fields(props).items()}


def whole_nodes(kind: str) -> Iterator[w.Node]:
    """Nodes of a component that have every prop, as often as it takes to show each value."""
    props = props_of(kind)
    for turn in range(max(len(values) for values, _ in props.values())):
        node = {name: values[turn % len(values)] for name, (values, _) in props.items()}
        yield {"type": kind, **node, **_children(kind)}


def _children(kind: str) -> dict[str, Any]:
    component = COMPONENTS[kind]
    if component.children == "none":
        return {}
    if component.only:
        return {"children": [{"type": component.only, **_children(component.only)}]}
    child = {"type": "Text", "value": "child"}
    return {"children": child if component.children == "one" else [child]}


def _bare(kind: str) -> st.SearchStrategy[w.Node]:
    """A node without children, with its required props and some of the others."""
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for name, (values, must) in props_of(kind).items():
        (required if must else optional)[name] = st.sampled_from(values)
    optional.pop("id", None)  # given when the tree is whole
    optional["newProp"] = st.just({"later": "than ours"})
    required["type"] = st.just(kind)
    return st.fixed_dictionaries(required, optional=optional)


_LEAVES = [kind for kind, component in COMPONENTS.items() if component.children == "none"]
_BOXES = [
    kind
    for kind, component in COMPONENTS.items()
    if component.children in ("some", "list") and not component.only and kind not in ROOTS
]
_leaf = st.one_of(*map(_bare, _LEAVES), st.just({"type": "Hologram", "depth": 3}))


def _boxed(inner: st.SearchStrategy[w.Node]) -> st.SearchStrategy[w.Node]:
    boxes = st.one_of(*map(_bare, _BOXES))
    several = st.lists(inner, max_size=3)
    held = st.builds(lambda box, children: {**box, "children": children}, boxes, several)
    moving = st.builds(lambda node, child: {**node, "children": child}, _bare("Transition"), inner)
    return held | moving


_coin = st.booleans()

nodes: Final = st.recursive(_leaf, _boxed, max_leaves=8)


@st.composite
def trees(draw: st.DrawFn) -> w.Node:
    """A valid widget; some of its nodes have an id."""
    kind = draw(st.sampled_from(ROOTS))
    children = draw(st.lists(nodes, max_size=3))
    if kind == "ListView":
        children = [{"type": "ListViewItem", "children": [child]} for child in children]
    return with_ids(draw, {**draw(_bare(kind)), "children": children})


def with_ids(draw: st.DrawFn, tree: w.Node) -> w.Node:
    """Ids on some nodes, unique in the tree and of few names, so that two trees share some."""
    names = list(draw(st.permutations([f"n{number}" for number in range(12)])))

    def walk(node: w.Node) -> w.Node:
        node = {name: value for name, value in node.items() if name != "id"}
        if draw(_coin) and names:
            node["id"] = names.pop()
        match node.get("children"):
            case list(children):
                node["children"] = [walk(child) for child in children]
            case dict(child):
                node["children"] = walk(child)
        return node

    return walk(tree)


def every_prop() -> list[tuple[str, str]]:
    """Names of all components with each of their props."""
    return [(kind, name) for kind in COMPONENTS for name in props_of(kind)]
