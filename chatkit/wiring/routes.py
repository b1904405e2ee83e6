"""Joins the routes of every subject, and gives each the parts that it needs."""

from __future__ import annotations

from chatkit.edge.assets import PageRoutes
from chatkit.edge.chat import ChatRoutes
from chatkit.edge.choices_api import ChoiceRoutes
from chatkit.edge.guest_api import GuestRoutes
from chatkit.edge.health import Health
from chatkit.edge.limits import OpenStreams
from chatkit.edge.mcp_api import McpRoutes
from chatkit.edge.mcp_sign_in import McpMetadata
from chatkit.edge.router import Route
from chatkit.edge.sessions import SessionRoutes
from chatkit.edge.tasks_api import TaskRoutes
from chatkit.edge.threads_api import ThreadRoutes
from chatkit.wiring.engine import list_options
from chatkit.wiring.parts import Parts, now
from chatkit.wiring.sign_in import mcp_resource
from chatkit.wiring.user_data import data_routes
from tools.task_cards import task_preview


def join_routes(parts: Parts) -> list[Route]:
    """Every route of the server."""
    settings, authenticator = parts.settings, parts.authenticator
    max_bytes = settings.max_body_bytes
    threads = parts.operations.threads
    return [
        *_chat_routes(parts).routes(),
        *SessionRoutes(
            authenticator=authenticator,
            sessions=parts.sessions,
            domain_key=settings.chatkit_domain_key,
            max_body_bytes=max_bytes,
        ).routes(),
        *TaskRoutes(
            authenticator=authenticator,
            tasks=parts.tasks,
            history=parts.task_history,
            max_body_bytes=max_bytes,
            now=now,
        ).routes(),
        *parts.files.routes(authenticator),
        *data_routes(settings, authenticator, parts.database, parts.operations, now=now),
        *ThreadRoutes(
            authenticator=authenticator, threads=threads, max_body_bytes=max_bytes
        ).routes(),
        *ChoiceRoutes(
            authenticator=authenticator,
            options=lambda say: list_options(settings, parts.operations.offers, say),
            tool_servers=lambda: parts.tools.describe(settings.tool_approval),
            tasks=parts.tasks,
            preview=task_preview,
            today=lambda: now().date(),
        ).routes(),
        *McpRoutes(
            authenticator=authenticator,
            metadata=McpMetadata(resource=mcp_resource(settings), proxies=settings.trusted_proxies),
            answer=parts.tools.answer_mcp,
            with_audit_origin=parts.auditor.with_audit_origin,
            max_body_bytes=max_bytes,
        ).routes(),
        *GuestRoutes(authenticator, parts.guest_links).routes(),
        *Health(parts.database, parts.operations.running).routes(),
        *PageRoutes(settings.image_domains).routes(),
    ]


def _chat_routes(parts: Parts) -> ChatRoutes:
    settings = parts.settings
    return ChatRoutes(
        authenticator=parts.authenticator,
        operations=parts.operations,
        turns=parts.operations.running,
        links=parts.files.links,
        with_audit_origin=parts.auditor.with_audit_origin,
        max_body_bytes=settings.max_body_bytes,
        streams=OpenStreams(
            max_open=settings.max_streams,
            max_per_user=4 * settings.max_turns_per_user,
            max_per_address=max(settings.max_streams // 2, 1),
            proxies=settings.trusted_proxies,
        ),
    )
