"""Rule books: what providers are known to refuse, and how they answer. One file for each kind."""

from __future__ import annotations

from tests.models.rule_books.anthropic import ANTHROPIC
from tests.models.rule_books.book import Book, BookServer, Called, Rule, Said
from tests.models.rule_books.deepseek import DEEPSEEK
from tests.models.rule_books.gemini import GEMINI
from tests.models.rule_books.groq import GROQ
from tests.models.rule_books.mistral import MISTRAL
from tests.models.rule_books.ollama import OLLAMA
from tests.models.rule_books.openai import AZURE, OPENAI
from tests.models.rule_books.openrouter import OPENROUTER
from tests.models.rule_books.templates import LLAMA_CPP, LM_STUDIO, VLLM

__all__ = ["BOOKS", "Book", "BookServer", "Called", "Rule", "Said"]

BOOKS = (
    *(OPENAI, AZURE, ANTHROPIC, GEMINI, MISTRAL, DEEPSEEK),
    *(OPENROUTER, GROQ, OLLAMA, VLLM, LLAMA_CPP, LM_STUDIO),
)
