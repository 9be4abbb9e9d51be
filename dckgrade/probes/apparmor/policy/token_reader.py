"""Read a policy word by word, with a look at the next."""

from dckgrade.probes.apparmor.policy.lexer import IncludeReader, InvalidPolicy, Lexer, Problem, Token


class TokenReader:
    """Takes word after word; `InvalidPolicy` at the first that has no place."""

    def __init__(self, text: str, read_include: IncludeReader) -> None:
        self.lexer = Lexer(text, read_include)
        self.ahead: Token | None = None
        self.depth = 0
        """How many braces are open."""

    def peek(self) -> str:
        """Return the kind of the next word."""
        self.ahead = self.ahead or self.lexer.read_token()
        return self.ahead.kind

    def take(self) -> Token:
        """Return the next word, and go past it."""
        self.peek()
        token, self.ahead = self.ahead, None
        if token is None:
            raise self.make_error("syntax")
        return token

    def make_error(self, what: Problem, line: int | None = None) -> InvalidPolicy:
        """Return *what* is wrong at the last word that was read."""
        return InvalidPolicy(what, line or self.lexer.line)

    def expect(self, *kinds: str) -> Token:
        """Take a word of one of the *kinds*."""
        if self.peek() not in kinds:
            raise self.make_error("missing-comma" if kinds == (",",) else self.classify_surprise())
        return self.take()

    def classify_surprise(self) -> Problem:
        """Return the fault that a word without a place most likely comes from."""
        return "braces" if self.peek() == "end" or (self.peek() == "}" and not self.depth) else "syntax"

    def take_if(self, *kinds: str) -> Token | None:
        """Take the next word if it is of one of the *kinds*."""
        return self.take() if self.peek() in kinds else None

    def take_all(self, *kinds: str) -> list[Token]:
        """Take words as long as they are of these *kinds*."""
        found = []
        while self.peek() in kinds:
            found.append(self.take())
        return found


def unquote(written: str) -> str:
    """Return a word without its quotes; what is escaped stays escaped."""
    return written[1:-1] if len(written) > 1 and written.startswith('"') else written
