"""Which actions of the audit log the source can write, read from its syntax.

An action is read where it is a text, a choice between texts, a constant, a value of a constant
dict, a parameter annotated as a `Literal`, or a parameter to which every caller gives one of these.
Anything else is refused: what nobody can read here, nobody can give words to.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

HOME = "vocapp.workspaces.service"  # where `audit` is

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(eq=False)
class Module:
    """A parsed file. parents: of each node; imported: local name to (module, name)."""

    name: str
    tree: ast.Module
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def package(self) -> str:
        """Of the layer: the second part of the name."""
        return [*self.name.split("."), ""][1]

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        while node in self.parents:
            node = self.parents[node]
            yield node


class Unreadable(Exception):
    """The action of a call cannot be read."""


class Source:
    """All modules below a folder that is a package."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.modules = {name: _parsed(name, text) for name, text in texts.items()}

    @classmethod
    def below(cls, folder: Path) -> Source:
        def name_of(path: Path) -> str:
            parts = path.relative_to(folder.parent).with_suffix("").parts
            return ".".join(parts).removesuffix(".__init__")

        return cls({name_of(each): each.read_text("utf-8") for each in folder.rglob("*.py")})

    def written(self) -> tuple[dict[str, set[str]], list[str]]:
        """The actions by layer, and the places where one cannot be read."""
        found: dict[str, set[str]] = defaultdict(set)
        unread = []
        for module in self.modules.values():
            for node in ast.walk(module.tree):
                if not self._is_writer(module, node):
                    continue
                try:
                    found[module.package] |= self._written_at(module, node)
                except Unreadable as exc:
                    unread.append(f"{module.name}:{node.lineno}: {exc}")
        return dict(found), unread

    # --- where something is written ---------------------------------------------------

    def _is_writer(self, module: Module, node: ast.AST) -> bool:
        """Whether it names `audit` or the table's class, to call it or to hand it on."""
        if isinstance(node, ast.Attribute):
            is_row = node.attr == "AuditEntry" and self._is_called(module, node)
            return node.attr == "audit" or is_row
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
            return False
        _home, name = module.imported.get(node.id, ("", node.id))
        if name == "AuditEntry":
            return self._is_called(module, node) and not self._is_in_audit(module, node)
        return name == "audit" and (node.id in module.imported or module.name == HOME)

    def _is_called(self, module: Module, node: ast.AST) -> bool:
        call = module.parents[node]
        return isinstance(call, ast.Call) and call.func is node

    def _is_in_audit(self, module: Module, node: ast.AST) -> bool:
        return module.name == HOME and any(
            isinstance(each, Function) and each.name == "audit" for each in module.above(node)
        )

    def _written_at(self, module: Module, node: ast.AST) -> set[str]:
        call = module.parents[node]
        if not isinstance(call, ast.Call) or call.func is not node:
            raise Unreadable("audit is handed on, not called")
        for keyword in call.keywords:
            if keyword.arg == "action":
                return self._texts(module, keyword.value, ())
        if len(call.args) < 3 or any(isinstance(each, ast.Starred) for each in call.args[:3]):
            raise Unreadable("no action stands third among the arguments")
        return self._texts(module, call.args[2], ())

    # --- what an expression can be --------------------------------------------------------

    def _texts(self, module: Module, node: ast.AST, seen: tuple[object, ...]) -> set[str]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return {node.value}
        if isinstance(node, ast.IfExp):
            return self._texts(module, node.body, seen) | self._texts(module, node.orelse, seen)
        if isinstance(node, ast.FormattedValue):
            return self._texts(module, node.value, seen)
        if isinstance(node, ast.JoinedStr):
            parts = [sorted(self._texts(module, each, seen)) for each in node.values]
            return {"".join(each) for each in product(*parts)}
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            return self._values_of_dict(module, node.value, seen)
        if isinstance(node, ast.Name):
            return self._texts_of_name(module, node, seen)
        raise Unreadable(f"cannot read {ast.unparse(node)}; write the action as a text")

    def _values_of_dict(self, module: Module, name: ast.Name, seen: tuple[object, ...]) -> set[str]:
        for value in _assigned(module.tree.body, name.id):
            if isinstance(value, ast.Dict):
                return {text for each in value.values for text in self._texts(module, each, seen)}
        raise Unreadable(f"{name.id} is no dict of this module")

    def _texts_of_name(self, module: Module, node: ast.Name, seen: tuple[object, ...]) -> set[str]:
        for function in module.above(node):
            if isinstance(function, Function):
                if node.id in _parameters(function):
                    return self._texts_of_parameter(module, function, node.id, seen)
                if values := list(_assigned(ast.walk(function), node.id)):
                    return {text for each in values for text in self._texts(module, each, seen)}
        if values := list(_assigned(module.tree.body, node.id)):
            return {text for each in values for text in self._texts(module, each, seen)}
        home, name = module.imported.get(node.id, ("", ""))
        if home in self.modules:
            there = self.modules[home]
            return {
                text
                for each in _assigned(there.tree.body, name)
                for text in self._texts(there, each, seen)
            }
        raise Unreadable(f"cannot tell what {node.id} is")

    def _texts_of_parameter(
        self, module: Module, function: Function, name: str, seen: tuple[object, ...]
    ) -> set[str]:
        if (function, name) in seen:
            return set()
        if literal := _literal(function, name):
            return literal
        found: set[str] = set()
        is_called = False
        for where, call in self._calls_of(module, function):
            given = _argument(call, function, name)
            if given is None:
                raise Unreadable(f"{where.name}:{call.lineno} does not say {name}")
            found |= self._texts(where, given, (*seen, (function, name)))
            is_called = True
        if not is_called:
            raise Unreadable(f"nobody was found who calls {function.name}")
        return found

    def _calls_of(self, module: Module, function: Function) -> Iterator[tuple[Module, ast.Call]]:
        """By name: of what is private (or of a private class) in its module, else in its layer."""
        owner = module.parents[function]
        is_method = isinstance(owner, ast.ClassDef)
        is_private = function.name.startswith("_") or (is_method and owner.name.startswith("_"))
        places = (
            [module]
            if is_private
            else [each for each in self.modules.values() if each.package == module.package]
        )
        for where in places:
            for node in ast.walk(where.tree):
                if isinstance(node, ast.Call) and _names(node.func, function.name, is_method):
                    yield where, node


def _names(called: ast.expr, name: str, is_method: bool) -> bool:
    if isinstance(called, ast.Attribute):
        return called.attr == name
    return not is_method and isinstance(called, ast.Name) and called.id == name


def _parsed(name: str, text: str) -> Module:
    module = Module(name, ast.parse(text))
    for node in ast.walk(module.tree):
        for child in ast.iter_child_nodes(node):
            module.parents[child] = node
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                module.imported[alias.asname or alias.name] = (node.module, alias.name)
    return module


def _assigned(nodes: Iterator[ast.AST] | list[ast.stmt], name: str) -> Iterator[ast.expr]:
    for node in nodes:
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets = [node.target]
        else:
            continue
        if any(isinstance(each, ast.Name) and each.id == name for each in targets):
            yield node.value  # type: ignore[misc]


def _parameters(function: Function) -> list[str]:
    arguments = function.args
    return [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _literal(function: Function, name: str) -> set[str]:
    """The texts of a parameter that is annotated `Literal[…]`."""
    arguments = function.args
    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        note = each.annotation
        is_asked = each.arg == name and isinstance(note, ast.Subscript)
        if is_asked and ast.unparse(note.value) == "Literal":
            return {
                part.value
                for part in ast.walk(note.slice)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            }
    return set()


def _argument(call: ast.Call, function: Function, name: str) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    places = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    if places and places[0] == "self":
        places = places[1:]
    if name in places and places.index(name) < len(call.args):
        return call.args[places.index(name)]
    arguments = function.args
    defaults = dict(zip(reversed(places), reversed(arguments.defaults), strict=False))
    defaults |= {
        each.arg: value
        for each, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if value is not None
    }
    return defaults.get(name)
