"""Any body of an item, for properties that must hold for all of them."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import strategies as st

from chatkit.protocol.bodies import (
    AssistantMessage,
    Body,
    ClientToolCall,
    EndOfTurn,
    GeneratedImage,
    Note,
    StopMark,
    StructuredInput,
    TaskBody,
    ToolRound,
    UserMessage,
    WidgetBody,
    WorkflowBody,
)
from chatkit.protocol.calls import CallRecord, Reasoning
from chatkit.protocol.content import (
    Annotation,
    EntitySource,
    FileSource,
    InferenceOptions,
    InputTag,
    InputText,
    UrlSource,
)
from chatkit.protocol.structured import Answer, Question
from chatkit.protocol.workflows import (
    CustomTask,
    FileTask,
    ImageTask,
    ThoughtTask,
    WebSearchTask,
    Workflow,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
TAGS = st.builds(
    InputTag,
    id=TEXT,
    text=TEXT,
    data=st.dictionaries(TEXT, JSON, max_size=3),
    group=st.none() | TEXT,
    interactive=st.booleans(),
)
MAYBE = st.none() | TEXT
DESCRIBED: dict[str, Any] = {
    "title": TEXT,
    "description": MAYBE,
    "timestamp": MAYBE,
    "group": MAYBE,
}
WORDS = TEXT.filter(bool)
TOOLS = st.from_regex(re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII), fullmatch=True)
URLS = st.builds(UrlSource, **DESCRIBED, url=TEXT.map("https://{}".format), attribution=MAYBE)
FILES = st.builds(FileSource, **DESCRIBED, filename=TEXT)
SOURCES = (
    URLS
    | FILES
    | st.builds(
        EntitySource,
        **DESCRIBED,
        id=TEXT,
        icon=MAYBE,
        label=MAYBE,
        inline_label=MAYBE,
        interactive=st.booleans(),
        data=st.dictionaries(TEXT, TEXT, max_size=2),
    )
)
STATUS = st.sampled_from(["none", "loading", "complete"])
STEPS = st.one_of(
    st.builds(CustomTask, status=STATUS, title=MAYBE, icon=MAYBE, content=MAYBE),
    st.builds(ThoughtTask, status=STATUS, title=MAYBE, content=TEXT),
    st.builds(
        WebSearchTask,
        status=STATUS,
        title=MAYBE,
        queries=st.lists(TEXT, max_size=2).map(tuple),
        sources=st.lists(URLS, max_size=2).map(tuple),
    ),
    st.builds(FileTask, status=STATUS, title=MAYBE, sources=st.lists(FILES, max_size=2).map(tuple)),
    st.builds(ImageTask, status=STATUS, title=MAYBE),
)
ANSWERS = st.none() | st.builds(
    Answer, values=st.lists(TEXT, max_size=2).map(tuple), skipped=st.booleans()
)
QUESTIONS = st.builds(
    Question,
    id=TEXT,
    question=TEXT,
    options=st.lists(TEXT, min_size=1, max_size=3).map(tuple),
    multiple=st.booleans(),
    answer=ANSWERS,
) | st.builds(Question, id=TEXT, question=TEXT, description=MAYBE, answer=ANSWERS)
WORKFLOW: dict[str, Any] = {
    "type": st.sampled_from(["custom", "reasoning"]),
    "steps": st.lists(STEPS, max_size=3).map(tuple),
    "expanded": st.booleans(),
}
#: What a client may see, but for widgets, whose trees have rules of their own.
VISIBLE: st.SearchStrategy[Body] = st.one_of(
    st.builds(
        UserMessage,
        content=st.lists(st.builds(InputText, text=TEXT) | TAGS, max_size=3).map(tuple),
        quoted_text=st.none() | TEXT,
        inference_options=st.builds(
            InferenceOptions, model=st.none() | TEXT, tool_choice=st.none() | TEXT
        ),
    ),
    st.builds(AssistantMessage, text=st.none() | TEXT),
    st.builds(
        AssistantMessage,
        text=TEXT,
        annotations=st.lists(
            st.builds(Annotation, source=SOURCES, index=st.none() | st.integers(0, 99)), max_size=3
        ).map(tuple),
    ),
    st.builds(
        ClientToolCall,
        call_id=WORDS,
        name=TOOLS,
        arguments=st.dictionaries(TEXT, JSON, max_size=2),
        status=st.just("completed"),
        output=JSON,
        has_output=st.just(True),
    ),
    st.builds(ClientToolCall, call_id=WORDS, name=TOOLS, arguments=st.just({})),
    st.builds(GeneratedImage, file_id=st.none() | TEXT),
    st.builds(
        StructuredInput,
        questions=st.lists(QUESTIONS, min_size=1, max_size=3).map(tuple),
        status=st.sampled_from(["pending", "answered", "skipped"]),
    ),
    st.builds(
        WorkflowBody,
        workflow=st.one_of(
            st.builds(Workflow, **WORKFLOW, duration=st.none() | st.integers(0, 99)),
            st.builds(Workflow, **WORKFLOW, title=TEXT, icon=MAYBE),
        ),
    ),
    st.builds(TaskBody, step=STEPS),
    st.just(EndOfTurn()),
)

HIDDEN: st.SearchStrategy[Body] = st.one_of(
    st.builds(StopMark, TEXT),
    st.builds(Note, text=TEXT, carried=st.booleans()),
    st.builds(
        ToolRound,
        calls=st.lists(
            st.builds(
                CallRecord,
                call_id=TEXT,
                name=TEXT,
                arguments=TEXT,
                output=TEXT,
                failed=st.booleans(),
                extra=st.none() | st.dictionaries(TEXT, JSON, max_size=2),
            ),
            max_size=3,
        ).map(tuple),
        after_text=st.booleans(),
        carried=st.booleans(),
        reasoning=st.none()
        | st.builds(
            Reasoning,
            model=TEXT,
            parts=st.lists(
                st.tuples(
                    st.sampled_from(["reasoning_content", "reasoning_details", "thinking_blocks"]),
                    JSON,
                ),
                max_size=2,
            ).map(tuple),
        ),
    ),
)

BODIES: st.SearchStrategy[Body] = st.one_of(
    VISIBLE,
    HIDDEN,
    st.builds(
        WidgetBody,
        widget=st.dictionaries(TEXT, JSON, max_size=3).map(lambda tree: {**tree, "type": "Card"}),
        copy_text=st.none() | TEXT,
    ),
)
