from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from chatkit.access.quotas import Quotas
from chatkit.access.rates import Rate
from chatkit.answer.approving import ApprovalPolicy
from chatkit.edge.proxies import TrustedProxies
from chatkit.models.deprecations import end_of_service
from chatkit.wiring.settings import (
    DEFAULT_MODELS,
    DEMO_MODEL,
    Settings,
    load_settings,
    read_environment,
    read_instructions,
)
from chatkit.wiring.variables import SettingsError
from tests.model_table import model_table

SECRET = "hush-hush-hush-hush-hush-hush-hush"
PEM = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----"


def test_nothing_set_gives_the_documented_defaults() -> None:
    assert load_settings({}) == Settings(
        host="127.0.0.1",
        port=8000,
        uds=None,
        data_dir=Path(".data"),
        database_url=None,
        database_pool=16,
        better_auth_secret=None,
        better_auth_secret_previous=None,
        better_auth_url=None,
        auth_issuer=None,
        auth_audience=None,
        guests="auto",
        chatkit_domain_key="local-dev",
        allowed_origins=frozenset(),
        allowed_hosts=frozenset(),
        trusted_proxies=TrustedProxies.parse("127.0.0.1"),
        public_url=None,
        model_fallbacks=(),
        model=DEMO_MODEL,
        other_models=(),
        title_model=None,
        transcribe_model=None,
        image_model=None,
        model_api_base=None,
        model_api_key=None,
        instructions=None,
        mcp_servers=None,
        tool_approval=ApprovalPolicy(),
        client_tools=None,
        image_domains=(),
        on_disconnect="auto",
        context_tokens=None,
        max_body_bytes=1024 * 1024,
        max_upload_bytes=25 * 1024 * 1024,
        quotas=Quotas(),
        max_tool_rounds=8,
        model_timeout_s=120.0,
        rate_limit_user=Rate(60, 60),
        rate_limit_ip=Rate(300, 60),
        shared_limits=False,
        max_turns_per_user=5,
        max_streams=1000,
        signing_secret=None,
        secrets_key=None,
        retention_days=90,
        log_level="info",
        log_format="text",
    )


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("PORT", "0", "port", 0),
        ("PORT", " 65535 ", "port", 65535),
        ("UDS", "/run/chat.sock", "uds", Path("/run/chat.sock")),
        ("DATA_DIR", "/srv/chat", "data_dir", Path("/srv/chat")),
        ("DATABASE_URL", "postgres://u:p@h/d", "database_url", "postgres://u:p@h/d"),
        ("DATABASE_URL", "postgresql://h/d", "database_url", "postgresql://h/d"),
        ("BETTER_AUTH_SECRET", SECRET, "better_auth_secret", SECRET),
        ("BETTER_AUTH_URL", "https://auth.example/", "better_auth_url", "https://auth.example"),
        ("AUTH_ISSUER", "https://auth.example", "auth_issuer", "https://auth.example"),
        ("AUTH_AUDIENCE", "chat", "auth_audience", "chat"),
        ("GUESTS", "ON", "guests", "on"),
        ("GUESTS", "off", "guests", "off"),
        ("CHATKIT_DOMAIN_KEY", "domain_pk_1", "chatkit_domain_key", "domain_pk_1"),
        (
            "ALLOWED_ORIGINS",
            "https://A.example, http://localhost:3000,",
            "allowed_origins",
            frozenset({"https://a.example", "http://localhost:3000"}),
        ),
        ("TRUSTED_PROXIES", "10.0.0.0/8", "trusted_proxies", TrustedProxies.parse("10.0.0.0/8")),
        ("MODEL", "ollama/llama3", "model", "ollama/llama3"),
        ("TITLE_MODEL", "openai/small", "title_model", "openai/small"),
        ("PUBLIC_URL", "http://chat.example/x", "public_url", "http://chat.example/x"),
        ("MODEL_FALLBACKS", "a/b, c", "model_fallbacks", ("a/b", "c")),
        ("TRANSCRIBE_MODEL", "gpt-transcribe", "transcribe_model", "gpt-transcribe"),
        ("IMAGE_MODEL", "gpt-image-2.5-flare", "image_model", "gpt-image-2.5-flare"),
        ("MODEL_API_KEY", "k", "model_api_key", "k"),
        ("INSTRUCTIONS", "prompt.txt", "instructions", Path("prompt.txt")),
        ("MCP_SERVERS", '{"mcpServers": {}}', "mcp_servers", '{"mcpServers": {}}'),
        ("ON_DISCONNECT", "continue", "on_disconnect", "continue"),
        ("CONTEXT_TOKENS", "8000", "context_tokens", 8000),
        ("MAX_BODY_BYTES", "4096", "max_body_bytes", 4096),
        ("MAX_BODY_BYTES", "2 MiB", "max_body_bytes", 2 * 1024 * 1024),
        ("MAX_BODY_BYTES", "512kib", "max_body_bytes", 512 * 1024),
        ("MAX_BODY_BYTES", "3 MB", "max_body_bytes", 3_000_000),
        ("MAX_BODY_BYTES", "9 B", "max_body_bytes", 9),
        ("MAX_UPLOAD_BYTES", "100 MiB", "max_upload_bytes", 100 * 1024 * 1024),
        ("MAX_STORAGE_BYTES", "5 GiB", "quotas", Quotas(file_bytes=5 * 1024**3)),
        ("MAX_TEXT_BYTES", "1 MiB", "quotas", Quotas(text_bytes=1024**2)),
        ("MAX_TASKS", "5", "quotas", Quotas(tasks=5)),
        ("MAX_THREADS", "6", "quotas", Quotas(threads=6)),
        ("MAX_SESSIONS", "7", "quotas", Quotas(sessions=7)),
        ("MAX_TOOL_ROUNDS", "1", "max_tool_rounds", 1),
        ("TOOL_APPROVAL", "never", "tool_approval", ApprovalPolicy.parse("never")),
        ("MODEL_TIMEOUT_S", "2.5", "model_timeout_s", 2.5),
        (
            "ALLOWED_HOSTS",
            "Chat.example, localhost:8000,[::1]",
            "allowed_hosts",
            frozenset({"chat.example", "localhost:8000", "[::1]"}),
        ),
        ("RATE_LIMIT_USER", "5/second", "rate_limit_user", Rate(5, 1)),
        ("RATE_LIMIT_USER", "off", "rate_limit_user", None),
        ("RATE_LIMIT_IP", "1000/hour", "rate_limit_ip", Rate(1000, 3600)),
        ("RATE_LIMIT_IP", "OFF", "rate_limit_ip", None),
        ("SHARED_LIMITS", "on", "shared_limits", True),
        ("MAX_TURNS_PER_USER", "2", "max_turns_per_user", 2),
        ("MAX_STREAMS", "50", "max_streams", 50),
        ("DATABASE_POOL", "4", "database_pool", 4),
        ("LOG_LEVEL", "Debug", "log_level", "debug"),
        ("LOG_FORMAT", "json", "log_format", "json"),
    ],
)
def test_each_variable_sets_its_field_and_no_other(
    name: str, text: str, field: str, value: Any
) -> None:
    changed, default = load_settings({name: text}), load_settings({})
    assert getattr(changed, field) == value
    differing = [
        key for key in Settings.__slots__ if getattr(changed, key) != getattr(default, key)
    ]
    assert differing == [field]


@pytest.mark.parametrize(
    ("environ", "models"),
    [
        ({}, (DEMO_MODEL,)),
        ({"MODEL": "a/b"}, ("a/b",)),
        ({"MODEL": "a/b", "MODELS": "c/d, e/f"}, ("a/b", "c/d", "e/f")),
        ({"MODEL": "a/b", "MODELS": "c/d,a/b,,c/d"}, ("a/b", "c/d")),
        ({"MODELS": "c/d,e/f"}, ("c/d", "e/f")),
        ({"MODELS": "c/d,e/f", "MODEL_API_BASE": "http://h/v1"}, ("c/d", "e/f")),
        (
            {"MODELS": "c/d", "OPENAI_API_KEY": "k"},
            (DEFAULT_MODELS["OPENAI_API_KEY"], "c/d"),
        ),
    ],
)
def test_the_models_to_choose_from_begin_with_the_one_that_answers_unasked(
    environ: dict[str, str], models: tuple[str, ...]
) -> None:
    settings = load_settings(environ)
    assert settings.models == models
    assert settings.model == models[0]


@pytest.mark.parametrize("name", ["PORT", "GUESTS", "BETTER_AUTH_SECRET", "MODEL", "DATABASE_URL"])
@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_variable_counts_as_not_set(name: str, text: str) -> None:
    assert load_settings({name: text}) == load_settings({})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "http"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "8_000"),
        ("PORT", "\u0663"),
        ("UDS", "/tmp/" + "a" * 103),
        ("DATABASE_URL", "mysql://root:password@h/d"),
        ("DATABASE_URL", "password"),
        ("BETTER_AUTH_SECRET", "password"),
        ("BETTER_AUTH_SECRET", "password" * 4 + "\n"),
        ("BETTER_AUTH_SECRET", PEM),
        ("BETTER_AUTH_SECRET", '{"kty": "oct", "k": "password-password-password"}'),
        ("BETTER_AUTH_SECRET_PREVIOUS", "password"),
        ("BETTER_AUTH_SECRET_PREVIOUS", "password" * 4),  # without the one that follows it
        ("BETTER_AUTH_URL", "auth.example"),
        ("BETTER_AUTH_URL", "https://u:password@auth.example:65536"),
        ("BETTER_AUTH_URL", "https://auth.example:0"),
        ("BETTER_AUTH_URL", "https://auth.example?token=password"),
        ("BETTER_AUTH_URL", "https://auth.example#password"),
        ("GUESTS", "maybe"),
        ("ALLOWED_ORIGINS", "*"),
        ("ALLOWED_ORIGINS", "https://a.example/"),
        ("ALLOWED_ORIGINS", "https://a.example, b.example"),
        ("TRUSTED_PROXIES", "nginx"),
        ("MODEL_API_BASE", "localhost:11434"),
        ("MODEL_API_BASE", "http://"),
        ("MODEL_API_BASE", "http://u:password@h\u2100"),
        ("ON_DISCONNECT", "stop"),
        ("CONTEXT_TOKENS", "0"),
        ("MAX_BODY_BYTES", "0"),
        ("MAX_BODY_BYTES", "1 parsec"),
        ("MAX_BODY_BYTES", "1.5 MiB"),
        ("MAX_TOOL_ROUNDS", "many"),
        ("TOOL_APPROVAL", "files:sometimes"),
        ("MODEL_TIMEOUT_S", "0"),
        ("MODEL_TIMEOUT_S", "nan"),
        ("MODEL_TIMEOUT_S", "inf"),
        ("MODEL_TIMEOUT_S", "soon"),
        ("ALLOWED_HOSTS", "https://chat.example"),
        ("ALLOWED_HOSTS", "chat.example/path"),
        ("PUBLIC_URL", "chat.example"),
        ("PUBLIC_URL", "https://chat.example/?a=1"),
        ("PUBLIC_URL", "https://user:password@chat.example"),
        ("RATE_LIMIT_USER", "60"),
        ("RATE_LIMIT_USER", "0/minute"),
        ("RATE_LIMIT_IP", "60/fortnight"),
        ("SHARED_LIMITS", "maybe"),
        ("MAX_TURNS_PER_USER", "0"),
        ("MAX_STREAMS", "few"),
        ("DATABASE_POOL", "0"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("HOST", "\udcff"),
        ("BETTER_AUTH_SECRET", "password" * 4 + "\udcff"),
    ],
)
def test_a_bad_value_is_one_sentence_that_names_the_variable(name: str, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"MODEL": "demo/tasks", name: text})
    sentence = str(caught.value)
    assert sentence.startswith(f"{name} ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "password" not in sentence


@pytest.mark.parametrize(
    ("guests", "environ", "policy"),
    [
        ("auto", {}, "local"),
        ("auto", {"BETTER_AUTH_SECRET": SECRET}, "off"),
        ("auto", {"BETTER_AUTH_URL": "https://auth.example"}, "off"),
        ("auto", {"AUTH_ISSUER": "https://auth.example"}, "local"),
        ("on", {"BETTER_AUTH_SECRET": SECRET}, "on"),
        ("on", {}, "on"),
        ("off", {}, "off"),
    ],
)
def test_guests_are_automatic_only_while_there_is_no_other_way_in(
    guests: str, environ: dict[str, str], policy: str
) -> None:
    assert load_settings({"GUESTS": guests, **environ}).guest_policy == policy


def test_two_secrets_are_taken_during_a_change() -> None:
    new, old = SECRET + "-new", SECRET + "-old"
    settings = load_settings({"BETTER_AUTH_SECRET": new, "BETTER_AUTH_SECRET_PREVIOUS": old})
    assert settings.better_auth_secrets == (new, old)
    assert load_settings({"BETTER_AUTH_SECRET": new}).better_auth_secrets == (new,)
    assert load_settings({}).better_auth_secrets == ()


def test_secrets_are_not_shown() -> None:
    settings = load_settings(
        {
            "DATABASE_URL": "postgres://u:hush@h/d",
            "BETTER_AUTH_SECRET": SECRET,
            "BETTER_AUTH_SECRET_PREVIOUS": SECRET,
            "BETTER_AUTH_URL": "https://u:hush@auth.example",
            "MODEL": "openai/own",
            "MODEL_API_BASE": "http://u:hush@h/v1",
            "MODEL_API_KEY": "hush",
            "MCP_SERVERS": '{"mcpServers": {"a": {"env": {"KEY": "hush"}}}}',
        }
    )
    assert settings.model_api_base == "http://u:hush@h/v1"
    for shown in (repr(settings), str(settings), f"{settings}"):
        assert "hush" not in shown


# --- The model ------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", range(len(DEFAULT_MODELS)))
def test_the_first_key_that_is_set_chooses_the_model(count: int) -> None:
    order = ("OPENROUTER_API_KEY", "GEMINI_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY")
    assert tuple(DEFAULT_MODELS) == order
    environ = dict.fromkeys(order[count:], "k") | dict.fromkeys(order[:count], "")
    assert load_settings(environ).model == DEFAULT_MODELS[order[count]]
    assert load_settings(environ | {"MODEL": "own"}).model == "own"


def test_an_own_model_server_wants_the_model_named() -> None:
    base = {"MODEL_API_BASE": "http://127.0.0.1:11434"}
    with pytest.raises(SettingsError, match="MODEL_API_BASE wants MODEL"):
        load_settings(base)
    assert load_settings(base | {"MODEL": "ollama/a"}).model_api_base == base["MODEL_API_BASE"]
    assert load_settings(base | {"OPENAI_API_KEY": "k"}).model == DEFAULT_MODELS["OPENAI_API_KEY"]


@pytest.mark.parametrize("model", DEFAULT_MODELS.values())
def test_each_default_model_is_cheap_calls_tools_and_has_no_announced_end(model: str) -> None:
    table = model_table()
    # The table has no entries of OpenRouter's own; it passes the same models on.
    known = table[model.removeprefix("openrouter/openai/")]
    assert known["supports_function_calling"] is True
    assert known["input_cost_per_token"] <= 1e-6
    assert end_of_service(model, table) is None


# --- Files ----------------------------------------------------------------------------------------


def test_the_env_file_fills_in_what_the_environment_does_not_have(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text('PORT=9000\nexport OPENAI_API_KEY="k=1" # mine\nGUESTS=on\nHOST\n')
    environ = {"PORT": "8001", "GUESTS": ""}
    assert read_environment(environ, file) is environ
    assert environ == {"PORT": "8001", "GUESTS": "", "OPENAI_API_KEY": "k=1"}


def test_the_process_environment_gets_the_keys_that_litellm_looks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("OPENROUTER_API_KEY=from-the-file\n")
    monkeypatch.setenv("OPENROUTER_API_KEY", "gone in a moment, and again after the test")
    monkeypatch.delenv("OPENROUTER_API_KEY")
    monkeypatch.chdir(tmp_path)
    assert load_settings(read_environment()).model == DEFAULT_MODELS["OPENROUTER_API_KEY"]
    assert os.environ["OPENROUTER_API_KEY"] == "from-the-file"


def test_no_env_file_is_no_fault(tmp_path: Path) -> None:
    assert read_environment({"PORT": "1"}, tmp_path / ".env") == {"PORT": "1"}


def test_an_env_file_that_is_not_text_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"KEY=\xff\xfe")
    with pytest.raises(SettingsError, match=r"\.env cannot be read"):
        read_environment({}, file)
    file.write_bytes(b"CHATKIT_TEST_NUL=a\0b")
    with pytest.raises(SettingsError, match="CHATKIT_TEST_NUL"):
        read_environment(os.environ, file)


def test_instructions_are_the_text_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "prompt.txt"
    file.write_text("\ufeffBe brief.\n", encoding="utf-8")
    assert read_instructions(file) == "Be brief."


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff"])
def test_instructions_that_cannot_be_read_are_one_sentence(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "prompt.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"^INSTRUCTIONS .*\.$"):
        read_instructions(file)


def test_the_public_address_names_an_origin_and_is_one_of_the_allowed_hosts() -> None:
    given = {"MODEL": "demo/tasks", "PUBLIC_URL": "https://App.example:8443/assistant/"}
    settings = load_settings(given)
    assert settings.public_url == "https://App.example:8443/assistant"
    assert settings.public_origin == "https://app.example:8443"
    assert settings.allowed_hosts == frozenset()  # any
    listed = load_settings({**given, "ALLOWED_HOSTS": "other.example"})
    assert listed.allowed_hosts == {"other.example", "app.example:8443"}
    assert load_settings({"MODEL": "demo/tasks"}).public_origin is None
