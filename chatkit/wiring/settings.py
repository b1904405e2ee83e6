"""The configuration: environment variables and `.env`, parsed into one checked `Settings`.

An empty variable counts as unset. A bad one raises SettingsError with one sentence that names the
variable. No error and no `repr` contains the value of a secret.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar, get_args
from urllib.parse import urlsplit

import dotenv
from jwt.algorithms import HMACAlgorithm
from jwt.exceptions import InvalidKeyError

from chatkit.access.quotas import Quotas
from chatkit.access.rates import Rate
from chatkit.answer.approving import ApprovalPolicy
from chatkit.answer.leaving import OnDisconnect
from chatkit.edge.cors import normalize_host
from chatkit.edge.guest_door import GuestPolicy
from chatkit.edge.origins import normalize_origin
from chatkit.edge.proxies import TrustedProxies
from chatkit.wiring.variables import SettingsError, Variables, parse_size

Guests = Literal["auto", "on", "off"]
LogLevel = Literal["debug", "info", "warning", "error", "critical"]
LogFormat = Literal["text", "json"]

#: The model if MODEL is not set: that of the first key that is set. All are cheap and call tools.
DEFAULT_MODELS: Mapping[str, str] = {
    "OPENROUTER_API_KEY": "openrouter/openai/gpt-6-luna",
    "GEMINI_API_KEY": "gemini/gemini-3.5-flash-lite",
    "OPENAI_API_KEY": "gpt-6-luna",
    "ANTHROPIC_API_KEY": "claude-haiku-5-5",
}
#: The built-in model, which needs no key and no network.
DEMO_MODEL = "demo/tasks"

_NO_DOMAINS: tuple[str, ...] | None = ()
_USER_RATE: Rate | None = Rate(60, 60)
_IP_RATE: Rate | None = Rate(300, 60)
_SHORTEST_SECRET = 32
_MAX_SOCKET_PATH_BYTES = 107  # sun_path holds 108 bytes with the closing NUL (unix(7))
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,62})\.)*[a-z0-9](?:[a-z0-9-]{0,62})", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,15}", re.ASCII)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of an operator, checked."""

    host: str
    port: int
    """0 lets the system choose."""
    uds: Path | None
    """A unix socket to listen on, instead of host and port."""
    data_dir: Path
    database_url: str | None = field(repr=False)
    """None: the embedded database under `data_dir`."""
    database_pool: int
    """How many statements of this process may run at once."""
    better_auth_secret: str | None = field(repr=False)
    better_auth_secret_previous: str | None = field(repr=False)
    """Still taken while a change of the secret reaches every server."""
    better_auth_url: str | None = field(repr=False)
    auth_issuer: str | None
    auth_audience: str | None
    guests: Guests
    chatkit_domain_key: str
    allowed_origins: frozenset[str]
    """In canonical form; empty: the same origin only."""
    allowed_hosts: frozenset[str]
    """Names that the server answers to, each with a port or for every port; empty: any."""
    trusted_proxies: TrustedProxies
    public_url: str | None
    """Base of every address that leaves the server; None: from each request."""
    model: str
    other_models: tuple[str, ...]
    """What a client may choose instead of `model`, in the order of the list."""
    model_fallbacks: tuple[str, ...]
    """Who answers, in this order, when the model cannot."""
    title_model: str | None
    """None: `model`."""
    transcribe_model: str | None
    image_model: str | None
    """Of these two, None: the feature is off."""
    model_api_base: str | None = field(repr=False)
    model_api_key: str | None = field(repr=False)
    instructions: Path | None
    """The file of the system prompt; None: the built-in one."""
    mcp_servers: str | None = field(repr=False)
    """As it was given: a path, or JSON that may hold keys."""
    tool_approval: ApprovalPolicy
    client_tools: str | None
    """As it was given: a path, or JSON."""
    image_domains: tuple[str, ...] | None
    """From where answers may show images; None: from anywhere."""
    on_disconnect: OnDisconnect
    context_tokens: int | None
    """None: from the model's window."""
    max_body_bytes: int
    max_upload_bytes: int
    quotas: Quotas
    max_tool_rounds: int
    model_timeout_s: float
    rate_limit_user: Rate | None
    rate_limit_ip: Rate | None
    shared_limits: bool
    """Whether the rates hold for all processes on the database together."""
    max_turns_per_user: int
    max_streams: int
    signing_secret: str | None = field(repr=False)
    """Shared with servers that may ask in the name of any user."""
    secrets_key: str | None = field(repr=False)
    """What the generated keys are encrypted with in the database; None: they are not."""
    retention_days: int
    """How long an entry of the audit log is kept."""
    log_level: LogLevel
    log_format: LogFormat

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that a client may choose; the first is the default."""
        return (self.model, *self.other_models)

    @property
    def public_origin(self) -> str | None:
        """The canonical origin of `public_url`."""
        parts = urlsplit(self.public_url or "")
        return normalize_origin(f"{parts.scheme}://{parts.netloc}")

    @property
    def guest_policy(self) -> GuestPolicy:
        """`auto` allows guests only if no sign-in is configured.

        With the demo alone they come from this machine; with a model that costs something, by the
        link that a start prints, since a proxy cannot be told from a browser for certain.
        """
        if self.guests != "auto":
            return self.guests
        if self.signs_in:
            return "off"
        features = (self.title_model, self.transcribe_model, self.image_model)
        used = {
            *self.models,
            *self.model_fallbacks,
            *(model for model in features if model is not None),
        }
        return "local" if used == {DEMO_MODEL} else "link"

    @property
    def signs_in(self) -> bool:
        """Whether a sign-in is configured."""
        return self.better_auth_secret is not None or self.better_auth_url is not None

    @property
    def better_auth_secrets(self) -> tuple[str, ...]:
        """The accepted signing secrets, the current one first. May be empty."""
        given = (self.better_auth_secret, self.better_auth_secret_previous)
        return tuple(secret for secret in given if secret is not None)


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check every variable. Raises SettingsError for the first bad one."""
    read = Variables(environ)
    models = read.names("MODELS")
    model = _choose_model(read, models)
    public_url = read.value("PUBLIC_URL", _public_url, None)
    hosts: frozenset[str] = read.value("ALLOWED_HOSTS", _hosts, frozenset())
    if hosts and public_url is not None:
        hosts |= _hosts(urlsplit(public_url).netloc)
    return Settings(
        host=read.value("HOST", str, "127.0.0.1"),
        port=read.value("PORT", _port, 8000),
        uds=read.value("UDS", _socket_path, None),
        data_dir=read.value("DATA_DIR", Path, Path(".data")),
        database_url=read.value("DATABASE_URL", _database_url, None),
        database_pool=read.value("DATABASE_POOL", _positive, 16),
        better_auth_secret=read.value("BETTER_AUTH_SECRET", _auth_secret, None, strip=False),
        better_auth_secret_previous=_previous_secret(read),
        better_auth_url=read.value("BETTER_AUTH_URL", _base_url, None),
        auth_issuer=read.value("AUTH_ISSUER", str, None),
        auth_audience=read.value("AUTH_AUDIENCE", str, None),
        guests=read.choice("GUESTS", get_args(Guests), "auto"),
        chatkit_domain_key=read.value("CHATKIT_DOMAIN_KEY", str, "local-dev"),
        allowed_origins=read.value("ALLOWED_ORIGINS", _origins, frozenset()),
        allowed_hosts=hosts,
        public_url=public_url,
        trusted_proxies=read.value(
            "TRUSTED_PROXIES", TrustedProxies.parse, TrustedProxies.parse("127.0.0.1")
        ),
        model=model,
        other_models=tuple(name for name in models if name != model),
        model_fallbacks=read.names("MODEL_FALLBACKS"),
        title_model=read.value("TITLE_MODEL", str, None),
        transcribe_model=read.value("TRANSCRIBE_MODEL", str, None),
        image_model=read.value("IMAGE_MODEL", str, None),
        model_api_base=read.value("MODEL_API_BASE", _http_url, None),
        model_api_key=read.value("MODEL_API_KEY", str, None),
        instructions=read.value("INSTRUCTIONS", Path, None),
        mcp_servers=read.value("MCP_SERVERS", str, None),
        tool_approval=read.value("TOOL_APPROVAL", ApprovalPolicy.parse, ApprovalPolicy()),
        client_tools=read.value("CLIENT_TOOLS", str, None),
        image_domains=read.value("IMAGE_DOMAINS", _image_domains, _NO_DOMAINS),
        on_disconnect=read.choice("ON_DISCONNECT", get_args(OnDisconnect), "auto"),
        context_tokens=read.value("CONTEXT_TOKENS", _positive, None),
        max_body_bytes=read.value("MAX_BODY_BYTES", parse_size, 2**20),
        max_upload_bytes=read.value("MAX_UPLOAD_BYTES", parse_size, 25 * 2**20),
        quotas=Quotas(
            text_bytes=read.value("MAX_TEXT_BYTES", parse_size, 64 * 2**20),
            file_bytes=read.value("MAX_STORAGE_BYTES", parse_size, 2**30),
            tasks=read.value("MAX_TASKS", _positive, 10_000),
            threads=read.value("MAX_THREADS", _positive, 100_000),
            sessions=read.value("MAX_SESSIONS", _positive, 100),
        ),
        max_tool_rounds=read.value("MAX_TOOL_ROUNDS", _positive, 8),
        model_timeout_s=read.value("MODEL_TIMEOUT_S", _seconds, 120.0),
        rate_limit_user=read.value("RATE_LIMIT_USER", Rate.parse, _USER_RATE),
        rate_limit_ip=read.value("RATE_LIMIT_IP", Rate.parse, _IP_RATE),
        shared_limits=read.choice("SHARED_LIMITS", ("on", "off"), "off") == "on",
        max_turns_per_user=read.value("MAX_TURNS_PER_USER", _positive, 5),
        max_streams=read.value("MAX_STREAMS", _positive, 1000),
        signing_secret=read.value("SIGNING_SECRET", _auth_secret, None, strip=False),
        secrets_key=read.value("SECRETS_KEY", _auth_secret, None, strip=False),
        retention_days=read.value("RETENTION_DAYS", _positive, 90),
        log_level=read.choice("LOG_LEVEL", get_args(LogLevel), "info"),
        log_format=read.choice("LOG_FORMAT", get_args(LogFormat), "text"),
    )


def read_environment(
    environ: MutableMapping[str, str] = os.environ, file: Path = Path(".env")
) -> Mapping[str, str]:
    """Add the variables of the `.env` file to `environ`, and return it.

    This changes the process's own environment, because LiteLLM reads its providers' keys there. A
    variable that is set, even to nothing, takes precedence over the file.
    """
    try:
        values = dotenv.dotenv_values(file)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("The file .env cannot be read as UTF-8 text.") from error
    for name, value in values.items():
        if value is None or name in environ:
            continue
        try:
            environ[name] = value
        except ValueError as error:  # a NUL character, not possible in an environment
            raise SettingsError(f"{name} in the file .env holds a NUL character.") from error
    return environ


def read_instructions(path: Path) -> str:
    """Read the system prompt from the file that INSTRUCTIONS names. Raises SettingsError."""
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"INSTRUCTIONS must be the path of a UTF-8 text file, and {str(path)!r} is not."
        ) from error
    if not text:
        raise SettingsError(f"INSTRUCTIONS names the file {str(path)!r}, which is empty.")
    return text


def _choose_model(read: Variables, models: tuple[str, ...]) -> str:
    model = read.text("MODEL")
    if model is not None:
        return model
    for key, default in DEFAULT_MODELS.items():
        if read.text(key) is not None:
            return default
    if models:
        return models[0]
    if read.text("MODEL_API_BASE") is not None:
        raise SettingsError(
            "MODEL_API_BASE wants MODEL as well: the name of a model that is served there."
        )
    return DEMO_MODEL


def _previous_secret(read: Variables) -> str | None:
    previous = read.value("BETTER_AUTH_SECRET_PREVIOUS", _auth_secret, None, strip=False)
    if previous is not None and read.text("BETTER_AUTH_SECRET") is None:
        raise SettingsError(
            "BETTER_AUTH_SECRET_PREVIOUS wants BETTER_AUTH_SECRET as well: the one that follows it."
        )
    return previous


def _port(text: str) -> int:
    if _WHOLE.fullmatch(text) is None or int(text) > 65535:
        raise ValueError(f"{text!r} is no whole number from 0 to 65535")
    return int(text)


def _positive(text: str) -> int:
    if _WHOLE.fullmatch(text) is None or int(text) == 0:
        raise ValueError(f"{text!r} is no whole number above 0")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise ValueError(f"{text!r} is no number of seconds above 0")
    return seconds


def _socket_path(text: str) -> Path:
    if len(os.fsencode(text)) > _MAX_SOCKET_PATH_BYTES:
        raise ValueError(f"the path of a unix socket has at most {_MAX_SOCKET_PATH_BYTES} bytes")
    return Path(text)


def _origins(text: str) -> frozenset[str]:
    origins = set()
    for entry in filter(None, (part.strip() for part in text.split(","))):
        origin = normalize_origin(entry)
        if origin is None:
            raise ValueError(f"{entry!r} is no origin, such as https://app.example without a path")
        origins.add(origin)
    return frozenset(origins)


def _hosts(text: str) -> frozenset[str]:
    hosts = set()
    for entry in filter(None, (part.strip() for part in text.split(","))):
        host = normalize_host(entry)
        if host is None:
            raise ValueError(f"{entry!r} is no host, such as chat.example or chat.example:8000")
        hosts.add(host)
    return frozenset(hosts)


def _image_domains(text: str) -> tuple[str, ...] | None:
    if text.strip() == "*":
        return None
    domains = [part.strip().lower() for part in text.split(",") if part.strip()]
    for domain in domains:
        if _DOMAIN.fullmatch(domain) is None:
            raise ValueError(f"{domain!r} is no domain, such as images.example")
    return tuple(dict.fromkeys(domains))


def _http_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:  # its message could repeat a password in the URL
        known = False
    if not known or not parts.hostname:
        raise ValueError("it must be a URL that begins with http:// or https://")
    return text


def _base_url(text: str) -> str:
    if "?" in text or "#" in text:
        raise ValueError("it must be an address without ? and #, such as https://auth.example")
    return _http_url(text).rstrip("/")


def _public_url(text: str) -> str:
    parts = urlsplit(_base_url(text))
    if normalize_origin(f"{parts.scheme}://{parts.netloc}") is None:
        raise ValueError("it must be an address such as https://chat.example or …/assistant")
    return parts.geturl()


def _database_url(text: str) -> str:
    if not text.startswith(("postgres://", "postgresql://")):
        raise ValueError("it must be a URL that begins with postgres:// or postgresql://")
    return text


def _auth_secret(text: str) -> str:
    if len(text) < _SHORTEST_SECRET:
        raise ValueError(f"it must have at least {_SHORTEST_SECRET} characters")
    if text != text.strip():  # unknown whether Better Auth signs with the spaces
        raise ValueError("it begins or ends with white space")
    try:
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(text)
    except InvalidKeyError:
        raise ValueError("it looks like a key file or a JWK, not like a shared secret") from None
    return text
