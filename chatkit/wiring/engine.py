"""Builds the engine: models, turns and operations, from plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chatkit.access.quotas import Quotas
from chatkit.answer.approving import ApprovalPolicy
from chatkit.answer.asking import ASK_USER
from chatkit.answer.drafting import WRITE_DRAFT
from chatkit.answer.leaving import OnDisconnect
from chatkit.engine.acting import Acting
from chatkit.engine.attachments import Attachments
from chatkit.engine.beginning import Beginning
from chatkit.engine.calling import GENERATE_IMAGE, Calls
from chatkit.engine.context import Context
from chatkit.engine.elsewhere import Orphans
from chatkit.engine.instructions import DEFAULT_INSTRUCTIONS
from chatkit.engine.listening import Listening
from chatkit.engine.offers import Offers
from chatkit.engine.operations import JOIN_S, Operations
from chatkit.engine.runner import Runner
from chatkit.engine.titling import ThreadTitles
from chatkit.engine.turn_limit import TurnLimit
from chatkit.engine.turns import LEASE_S, LIVING_S, Turns
from chatkit.models.litellm_model import LiteLLMModel
from chatkit.models.media import Media
from chatkit.models.pure.tools import ToolSpec
from chatkit.ports.cards import Cards
from chatkit.ports.files import FileStore
from chatkit.ports.models import Images, Model, Transcriber
from chatkit.ports.tools import ToolBox
from chatkit.protocol.file_types import EXTENSIONS
from chatkit.protocol.ids import NewId
from chatkit.protocol.requests import MAX_ATTACHMENTS
from chatkit.wiring.client_tools import read_client_tools
from chatkit.wiring.settings import Settings, read_instructions
from chatkit.words.say import Say
from store.actions import Actions
from store.postgres import Database
from store.requests import AcceptedRequests
from store.threads import Threads
from store.turn_log import TurnLogs
from store.turns import StoredTurns


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """The files that the settings name, read before the server starts."""

    instructions: str
    client_tools: tuple[ToolSpec, ...]

    @classmethod
    def read(cls, settings: Settings) -> Texts:
        """Read the system prompt and the client tools. Raises SettingsError."""
        client_tools = read_client_tools(settings.client_tools) if settings.client_tools else ()
        instructions = DEFAULT_INSTRUCTIONS
        if settings.instructions is not None:
            instructions = read_instructions(settings.instructions)
        return cls(instructions=instructions, client_tools=client_tools)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """Options of the engine, as plain values.

    `models` begins with the default model. `alone` means that no other process uses the database.
    `owner` identifies this process in leases. Times are in seconds.
    """

    instructions: str
    models: Sequence[str]
    title_model: str
    own_tools: Sequence[ToolSpec]
    context_tokens: int | None
    tool_approval: ApprovalPolicy
    max_tool_rounds: int
    max_turns_per_user: int
    shared_limits: bool
    image_domains: tuple[str, ...] | None
    quotas: Quotas
    on_disconnect: OnDisconnect
    alone: bool
    owner: str
    lease_s: float = LEASE_S
    living_s: float = LIVING_S
    join_s: float = JOIN_S

    @classmethod
    def of(cls, settings: Settings, texts: Texts, owner: str) -> EngineOptions:
        """The options for these settings."""
        draws = (GENERATE_IMAGE,) if settings.image_model is not None else ()
        return cls(
            instructions=texts.instructions,
            models=settings.models,
            title_model=settings.title_model or settings.model,
            own_tools=(ASK_USER, WRITE_DRAFT, *draws, *texts.client_tools),
            context_tokens=settings.context_tokens,
            tool_approval=settings.tool_approval,
            max_tool_rounds=settings.max_tool_rounds,
            max_turns_per_user=settings.max_turns_per_user,
            shared_limits=settings.shared_limits,
            image_domains=settings.image_domains,
            quotas=settings.quotas,
            on_disconnect=settings.on_disconnect,
            alone=settings.database_url is None,  # the embedded database serves one process
            owner=owner,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineParts:
    """The dependencies of the engine. `images` and `transcriber` are None if they are disabled."""

    database: Database
    files: FileStore
    attachments: Attachments
    model: Model
    tools: ToolBox
    cards: Cards
    images: Images | None
    transcriber: Transcriber | None
    new_id: NewId
    now: Callable[[], datetime]


def build_operations(
    parts: EngineParts, options: EngineOptions, stack: AsyncExitStack
) -> Operations:
    """Build the operations of the protocol. Closing `stack` cancels pending titles."""
    database, new_id, now = parts.database, parts.new_id, parts.now
    threads = Threads(database, options.image_domains, options.quotas)
    stored = StoredTurns(
        database,
        owner=options.owner,
        lease_s=options.lease_s,
        image_domains=options.image_domains,
        quotas=options.quotas,
    )
    requests = AcceptedRequests(database, fresh_s=options.join_s)
    titles = ThreadTitles(model=parts.model, title_model=options.title_model, threads=threads)
    stack.push_async_callback(titles.aclose)
    turns = _build_turns(parts, options, stored, requests, titles)
    offers = Offers(models=options.models, own_tools=options.own_tools, tools=parts.tools)
    return Operations(
        threads=threads,
        requests=requests,
        attachments=parts.attachments,
        acting=Acting(cards=parts.cards, actions=Actions(database), new_id=new_id, now=now),
        beginning=Beginning(
            turns=stored,
            requests=requests,
            files=parts.files,
            offers=offers,
            new_id=new_id,
            now=now,
        ),
        listening=Listening(model=parts.transcriber),
        offers=offers,
        running=turns,
        limit=TurnLimit(
            most=options.max_turns_per_user,
            shared=options.shared_limits,
            running=turns,
            turns=stored,
            requests=requests,
        ),
        new_id=new_id,
    )


def _build_turns(
    parts: EngineParts,
    options: EngineOptions,
    stored: StoredTurns,
    requests: AcceptedRequests,
    titles: ThreadTitles,
) -> Turns:
    new_id, now = parts.new_id, parts.now
    logs = TurnLogs(parts.database, owner=options.owner, living_s=options.living_s)
    runner = Runner(
        model=parts.model,
        context=Context(
            model=parts.model,
            files=parts.files,
            instructions=options.instructions,
            tokens=options.context_tokens,
            now=now,
        ),
        calls=Calls(
            tools=parts.tools,
            cards=parts.cards,
            images=parts.images,
            files=parts.files,
            new_id=new_id,
        ),
        own_tools=options.own_tools,
        turns=stored,
        titles=titles,
        approval=options.tool_approval,
        max_rounds=options.max_tool_rounds,
        new_id=new_id,
        now=now,
    )
    return Turns(
        runner=runner,
        store=stored,
        logs=logs,
        requests=requests,
        orphans=Orphans(turns=stored, logs=logs, new_id=new_id),
        on_disconnect=options.on_disconnect,
        alone=options.alone,
        now=now,
    )


def open_media(settings: Settings, model: LiteLLMModel) -> Media:
    """The transcription and image models that the settings name, if any."""
    return Media(
        model,
        transcribe_model=settings.transcribe_model,
        image_model=settings.image_model,
        timeout_s=settings.model_timeout_s,
    )


async def list_options(settings: Settings, offers: Offers, say: Say) -> dict[str, Any]:
    """The options that a page offers its user: a part of the widget's `ChatKitOptions`, as JSON."""
    return {
        "composer": {
            **await offers.listed(say),
            "attachments": {
                "enabled": True,
                "maxSize": settings.max_upload_bytes,
                "maxCount": MAX_ATTACHMENTS,
                "accept": EXTENSIONS,
            },
            "dictation": {"enabled": settings.transcribe_model is not None},
        },
        "threadItemActions": {"feedback": True, "retry": True},
    }
