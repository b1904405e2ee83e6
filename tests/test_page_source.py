"""The page's scripts and styles hold to rules too, as prettier, eslint and the TypeScript compiler
see them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from chatkit.words.catalogue import sentences_of
from tests.acceptance.server import SECRET, ServerProcess

_ROOT: Final = Path(__file__).parents[1]
_CHECKS: Final = Path(__file__).with_name("page_checks")
_PAGE: Final = "chatkit/page"


@pytest.fixture(scope="module", autouse=True)
def packages() -> None:
    """The tools, installed beside their lock file when that is newer than what is there.

    One worker runs all of a module's tests (`--dist loadscope`), so nothing installs beside it.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("the page's checks want Node.js with npm")
    installed = _CHECKS / "node_modules" / ".package-lock.json"
    lock = _CHECKS / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(command, cwd=_CHECKS, check=True, timeout=600)


def _ran_clean(tool: str, *arguments: str | Path) -> None:
    command = [_CHECKS / "node_modules" / ".bin" / tool, *arguments]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_every_file_of_the_page_is_formatted() -> None:
    config = _CHECKS / ".prettierrc.json"
    _ran_clean("prettier", "--check", "--config", config, f"{_PAGE}/*.{{js,ts,css,html}}")


def test_eslint_finds_no_fault_in_the_page() -> None:
    _ran_clean("eslint", "--max-warnings=0", "--config", _CHECKS / "eslint.config.js", _PAGE)


def test_every_type_of_the_page_is_right() -> None:
    _ran_clean("tsc", "--project", _CHECKS)


async def test_what_pages_may_offer_is_of_the_types_of_the_official_widget(
    database_url: str, tmp_path: Path
) -> None:
    async with ServerProcess(
        DATABASE_URL=database_url,
        BETTER_AUTH_SECRET=SECRET,
        MODELS="demo/tasks,openai/gpt-9",
        TRANSCRIBE_MODEL="openai/listener",
    ) as server:
        options = (await server.get("/api/chatkit/options", server.jwt("ada"))).text
    (tmp_path / "node_modules").symlink_to(_CHECKS / "node_modules")
    source = tmp_path / "options.ts"
    source.write_text(
        'import type { ChatKitOptions } from "@openai/chatkit";\n'
        'type Offered = Required<Pick<ChatKitOptions, "composer" | "threadItemActions">>;\n'
        f"export const offered: Offered = {options};\n"
    )
    _ran_clean("tsc", "--noEmit", "--strict", "--module", "preserve", source)
    source.write_text(source.read_text().replace('"maxSize"', '"max_bytes"'))
    with pytest.raises(AssertionError, match="max_bytes"):
        _ran_clean("tsc", "--noEmit", "--strict", "--module", "preserve", source)


def test_the_page_says_every_sentence_of_its_own_and_no_other() -> None:
    sources = [path for kind in ("js", "html") for path in (_ROOT / _PAGE).glob(f"*.{kind}")]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    said = {*re.findall(r'"(page\.\w+)"', text), *re.findall(r"\{\{(page\.\w+)\}\}", text)}
    assert said == sentences_of("en", "page.").keys()


def test_every_plural_of_the_page_has_the_form_that_always_serves() -> None:
    counted = [text for text in sentences_of("en", "page.").values() if not isinstance(text, str)]
    assert counted
    assert all("other" in forms for forms in counted)


def test_no_text_of_the_document_is_written_into_it() -> None:
    document = (_ROOT / _PAGE / "index.html").read_text(encoding="utf-8")
    seen = re.findall(r"(?:aria-label|title|placeholder|alt)=\"([^\"]*)\"", document)
    seen += re.findall(r">([^<>]+)<", document)
    assert [text for text in seen if re.search(r"[^\W\d]", re.sub(r"\{\{.*?\}\}", "", text))] == []
