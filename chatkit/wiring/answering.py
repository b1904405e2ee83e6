"""The parts that answers are made by, put together as the settings have it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chatkit.answer.asking import ASK_USER
from chatkit.answer.drafting import WRITE_DRAFT
from chatkit.engine.acting import Acting
from chatkit.engine.calling import GENERATE_IMAGE, Calls
from chatkit.engine.context import Context
from chatkit.engine.elsewhere import Orphans
from chatkit.engine.instructions import DEFAULT_INSTRUCTIONS
from chatkit.engine.listening import Listening
from chatkit.engine.offers import Offers
from chatkit.engine.operations import JOIN_S, Operations
from chatkit.engine.runner import Runner
from chatkit.engine.titling import Titles
from chatkit.engine.turn_limit import TurnLimit
from chatkit.engine.turns import LEASE_S, LIVING_S, Turns
from chatkit.models.litellm_model import LiteLLMModel
from chatkit.models.media import Media
from chatkit.models.pure.tools import ToolSpec
from chatkit.ports.cards import Cards
from chatkit.ports.tools import ToolBox
from chatkit.protocol.ids import NewId
from chatkit.protocol.requests import MAX_ATTACHMENTS
from chatkit.wiring.client_tools import read_client_tools
from chatkit.wiring.files import FileParts
from chatkit.wiring.settings import Settings, read_instructions
from store.actions import Actions
from store.postgres import Database
from store.requests import AcceptedRequests
from store.threads import Threads
from store.turn_log import TurnLogs
from store.turns import StoredTurns


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What is read from files before anything is begun. Raises SettingsError."""

    instructions: str
    client_tools: tuple[ToolSpec, ...]

    @classmethod
    def read(cls, settings: Settings) -> Texts:
        """As the settings name them."""
        client_tools = read_client_tools(settings.client_tools) if settings.client_tools else ()
        instructions = DEFAULT_INSTRUCTIONS
        if settings.instructions is not None:
            instructions = read_instructions(settings.instructions)
        return cls(instructions=instructions, client_tools=client_tools)


def open_model(settings: Settings, stack: AsyncExitStack) -> LiteLLMModel:
    """The model; what it holds open is closed by `stack`."""
    model = LiteLLMModel(
        model=settings.model,
        api_base=settings.model_api_base,
        api_key=settings.model_api_key,
        timeout_s=settings.model_timeout_s,
    )
    stack.push_async_callback(model.aclose)
    return model


def build_operations(
    settings: Settings,
    *,
    texts: Texts,
    database: Database,
    model: LiteLLMModel,
    tools: ToolBox,
    cards: Cards,
    files: FileParts,
    new_id: NewId,
    now: Callable[[], datetime],
    stack: AsyncExitStack,
) -> Operations:
    """All that the protocol asks for. Titles that are late are given up when `stack` is closed."""
    threads = Threads(database, settings.image_domains)
    owner = new_id("trn")
    stored = StoredTurns(
        database, owner=owner, lease_s=LEASE_S, image_domains=settings.image_domains
    )
    logs = TurnLogs(database, owner=owner, living_s=LIVING_S)
    requests = AcceptedRequests(database, fresh_s=JOIN_S)
    media = Media(
        model,
        transcribe_model=settings.transcribe_model,
        image_model=settings.image_model,
        timeout_s=settings.model_timeout_s,
    )
    images = media if settings.image_model is not None else None
    own_tools = (
        ASK_USER,
        WRITE_DRAFT,
        *((GENERATE_IMAGE,) if images is not None else ()),
        *texts.client_tools,
    )
    titles = Titles(
        model=model, title_model=settings.title_model or settings.model, threads=threads
    )
    stack.push_async_callback(titles.aclose)
    runner = Runner(
        model=model,
        context=Context(
            model=model,
            files=files.store,
            instructions=texts.instructions,
            tokens=settings.context_tokens,
            now=now,
        ),
        calls=Calls(tools=tools, cards=cards, images=images, files=files.store, new_id=new_id),
        own_tools=own_tools,
        turns=stored,
        titles=titles,
        max_rounds=settings.max_tool_rounds,
        new_id=new_id,
        now=now,
    )
    turns = Turns(
        runner=runner,
        store=stored,
        logs=logs,
        requests=requests,
        orphans=Orphans(turns=stored, logs=logs, new_id=new_id),
        on_disconnect=settings.on_disconnect,
        alone=settings.database_url is None,  # the embedded database serves one process
        now=now,
    )
    return Operations(
        threads=threads,
        turns=stored,
        requests=requests,
        files=files.store,
        attachments=files.attachments,
        acting=Acting(cards=cards, actions=Actions(database), new_id=new_id, now=now),
        listening=Listening(model=media if settings.transcribe_model is not None else None),
        offers=Offers(models=settings.models, own_tools=own_tools, tools=tools),
        running=turns,
        limit=TurnLimit(
            most=settings.max_turns_per_user,
            shared=settings.shared_limits,
            running=turns,
            turns=stored,
            requests=requests,
        ),
        new_id=new_id,
        now=now,
    )


async def list_options(settings: Settings, offers: Offers) -> dict[str, Any]:
    """What a page offers its user, as JSON."""
    return {
        **await offers.listed(),
        "attachments": {
            "enabled": True,
            "max_bytes": settings.max_upload_bytes,
            "max_count": MAX_ATTACHMENTS,
        },
        "dictation": settings.transcribe_model is not None,
    }
