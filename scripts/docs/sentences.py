"""The sentences that a user may meet, as they stand in the sources.

An error, a warning and a refusal are each written where they are raised, so this is where they are read.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import chain, product
from pathlib import Path

from source_zoom import exceptions
from source_zoom.api.errors import RULES, Action, Rule

PACKAGE = Path(str(exceptions.__file__)).parent
FOLDERS = (".", "api", "engine", "streams")
# What a command answers is no message, and is explained where the command is.
ANSWERS = ("estimate.py",)
ERRORS = {
    name
    for name, kind in vars(exceptions).items()
    if isinstance(kind, type) and issubclass(kind, exceptions.ZoomError)
}
LOGGED = ("info", "warning", "error", "critical")
# Functions that put a sentence into another: which of their arguments it is, and what is around it.
WRAPPERS = {"_warn": (0, "…: {}."), "warn": (0, "…: {}."), "_way": (1, "{} …")}
ANYTHING = "…"


@cache
def sentences() -> frozenset[str]:
    """All of them, with … for what is filled in."""
    return frozenset(
        sentence for module in _modules() for sentence in module.sentences() if re.search(r"\w{3}", sentence)
    )


@cache
def judged() -> list[Rule]:
    """What an answer of Zoom's can be judged as: the table, and what no row of it matches."""
    found = list(RULES)
    for node in chain.from_iterable(module.nodes for module in _modules()):
        match node:
            case ast.Call(
                func=ast.Name(id="Verdict"),
                args=[ast.Attribute(attr=action), ast.Constant(value=str(reason)), *_],
            ):
                found.append(Rule(Action[action], reason))
    return found


class Module:
    """What stands in a module, and what its names stand for where they are used.

    `owners` says in which function a node is; `texts` holds what is assigned to a name in a function, or
    outside of all of them: None for what is no text, as for a parameter. `called` holds what functions
    return that return nothing but sentences.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.nodes = list(ast.walk(tree))
        self.called: dict[str, list[str]] = {}
        self.owners: dict[ast.AST, ast.AST] = {}
        self.texts: defaultdict[tuple[ast.AST | None, str], list[ast.expr | None]] = defaultdict(list)
        # Outer functions come before those in them.
        for function in (node for node in self.nodes if isinstance(node, ast.FunctionDef)):
            self.owners |= dict.fromkeys(ast.walk(function), function)
            for parameter in ast.walk(function.args):
                if isinstance(parameter, ast.arg):
                    self.texts[function, parameter.arg].append(None)
        for node in self.nodes:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.texts[self.owners.get(node), name].append(value)

    def sentences(self) -> Iterator[str]:
        """The sentences that errors, warnings and refusals are made of, with … for what is filled in."""
        for node in self.nodes:
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=arguments):
                    if name in WRAPPERS:
                        position, around = WRAPPERS[name]
                        yield from map(around.format, self.templates(arguments[position]))
                    elif name in {*ERRORS, *LOGGED} and arguments:
                        yield from self.templates(arguments[0])
                case ast.Return(value=ast.Tuple(elts=[ast.Constant(value=False), said])):
                    yield from self.templates(said)
                case ast.Yield(value=ast.JoinedStr() as said):
                    yield from self.templates(said)

    def templates(self, text: ast.expr | None) -> list[str]:
        """What a text can be: several where it depends on a condition."""
        match text:
            case ast.Constant(value=str(value)):
                return [re.sub(r"\{\w+\}", ANYTHING, value)]
            case ast.JoinedStr(values=parts):
                return ["".join(chosen) for chosen in product(*map(self.templates, parts))]
            case ast.FormattedValue(value=value):
                return self.templates(value)
            case ast.IfExp(body=body, orelse=other):
                return self.templates(body) + self.templates(other)
            case ast.Name(id=name):
                assigned = self.texts.get((self.owners.get(text), name)) or self.texts.get((None, name), [])
                # What a name had been before may be part of what it becomes.
                texts = [None if value and _names(value, name) else value for value in assigned]
                found = [template for value in texts for template in self.templates(value)]
                return [ANYTHING] if ANYTHING in found else found or [ANYTHING]
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                return self.called.get(name, [ANYTHING])
        return [ANYTHING]

    def advice(self) -> Iterator[tuple[str, list[str]]]:
        """The functions that return nothing but sentences, which others put behind theirs."""
        for function in (node for node in self.nodes if isinstance(node, ast.FunctionDef)):
            returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
            found = [template for value in returned for template in self.templates(value)]
            if found and all(template.endswith(".") and len(template) > 1 for template in found):
                yield function.name, found


def _names(text: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(text))


@cache
def _modules() -> list[Module]:
    paths = [path for folder in FOLDERS for path in sorted((PACKAGE / folder).glob("*.py"))]
    paths = [path for path in paths if path.name not in ANSWERS]
    found = [Module(ast.parse(path.read_text())) for path in paths]
    advice = dict(chain.from_iterable(module.advice() for module in found))
    for module in found:
        module.called |= advice
    return found
