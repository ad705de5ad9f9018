"""The rules of the house, each a function from a source tree to the list of what breaks it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

#: Module and function length: 95th percentile and longest. [lines]
MODULE_P95, MODULE_MAX, FUNCTION_P95, FUNCTION_MAX, JAVASCRIPT_MAX = 400, 600, 40, 80, 2000

PURE = ("kernel", "engines", "protocols")
DOCUMENTED = (*PURE, "spine")
_SILENCER = re.compile(r"#\s*(type:\s*ignore|noqa)(\[[^\]]*\]|:\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)?(.*)")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules(package: Path) -> Iterator[tuple[Path, ast.Module]]:
    """Yield every module of the product but its migrations, parsed."""
    for path in sorted(package.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path, ast.parse(path.read_text(encoding="utf-8"), str(path))


def functions(tree: ast.AST) -> Iterator[Function]:
    """Yield every function and method."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def percentile_95(numbers: list[int]) -> int:
    """Return the smallest number that at least 95 % do not exceed."""
    return sorted(numbers)[max(0, -(-len(numbers) * 95 // 100) - 1)] if numbers else 0


def long_modules(package: Path) -> list[str]:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path, _tree in modules(package)}
    wrong = [f"{path}: {size} lines, at most {MODULE_MAX}" for path, size in sizes.items() if size > MODULE_MAX]
    p95 = percentile_95(list(sizes.values()))
    return wrong + ([f"95 % of modules have up to {p95} lines, at most {MODULE_P95}"] if p95 > MODULE_P95 else [])


def long_functions(package: Path) -> list[str]:
    sizes: dict[str, int] = {}
    for path, tree in modules(package):
        for function in functions(tree):
            sizes[f"{path}:{function.lineno} {function.name}"] = _lines(function)
    wrong = [f"{name}: {size} lines, at most {FUNCTION_MAX}" for name, size in sizes.items() if size > FUNCTION_MAX]
    p95 = percentile_95(list(sizes.values()))
    return wrong + (
        [f"95 % of functions have up to {p95} lines, at most {FUNCTION_P95}"] if p95 > FUNCTION_P95 else []
    )


def _lines(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def silencers_without_reason(package: Path) -> list[str]:
    wrong = []
    for path in sorted(package.rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = _SILENCER.search(line)
            if found and not (found[2] and re.match(r"\s*[#-]\s*\S+", found[3])):
                wrong.append(f"{path}:{number}: {found[1]} needs its code and a reason after it")
    return wrong


def undocumented(package: Path) -> list[str]:
    """Public functions, methods and classes without a docstring in the rooms that others build upon."""
    wrong = []
    for path, tree in modules(package):
        if path.relative_to(package).parts[0] in DOCUMENTED:
            wrong += [f"{path}:{node.lineno} {node.name}" for node in _public(tree) if not ast.get_docstring(node)]
    return wrong


def _public(tree: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            if node.name in {"Meta", "Migration"} or any(_is_overload(d) for d in node.decorator_list):
                continue
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node)


def _is_overload(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "overload"


def impure_imports(package: Path) -> list[str]:
    """Imports of Django at any depth in rooms that only think."""
    wrong = []
    for path, tree in modules(package):
        if path.relative_to(package).parts[0] in PURE:
            for node in ast.walk(tree):
                wrong += [
                    f"{path}:{node.lineno} {name}" for name in _imported(node) if name.split(".")[0] == "django"
                ]
    return wrong


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def too_much_javascript(package: Path) -> list[str]:
    own = [p for p in package.rglob("*.js") if "vendor" not in p.parts and "node_modules" not in p.parts]
    total = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in own)
    return [f"{total} lines of own JavaScript, at most {JAVASCRIPT_MAX}"] if total > JAVASCRIPT_MAX else []


def _files_of(package: Path, name: str) -> Iterator[tuple[Path, ast.Module]]:
    """Yield the modules called ``name``, or inside a folder of that name."""
    for path, tree in modules(package):
        if path.stem == name or path.parent.name == name:
            yield path, tree


def actions_without_actor(package: Path) -> list[str]:
    return [
        f"{path}:{node.lineno} {node.name} does not take actor by keyword only"
        for path, tree in _files_of(package, "actions")
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and "actor" not in {argument.arg for argument in node.args.kwonlyargs}
    ]


def queries_without_viewer(package: Path) -> list[str]:
    return [
        f"{path}:{node.lineno} {node.name} does not take viewer first"
        for path, tree in _files_of(package, "queries")
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)][:1] != ["viewer"]
    ]


_RUNS_SQL = {"execute", "executemany", "executescript", "raw", "RawSQL", "extra"}


def sql_by_formatting(package: Path) -> list[str]:
    """Statements put together by formatting, where they are run or under a name just before; values go beside them.

    What is the product's own may be put in where ``noqa: S608`` says so and why, or ``# sql:`` and the reason where
    the linter sees nothing to silence.
    """
    wrong = []
    for path, tree in modules(package):
        lines = path.read_text(encoding="utf-8").splitlines()
        for scope in (tree, *functions(tree)):
            named = _named_by_formatting(scope)
            for node in _own_nodes(scope):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                said = node.args[0].value if isinstance(node.args[0], ast.NamedExpr) else node.args[0]
                made = [said] if _formats(said) else named.get(said.id, []) if isinstance(said, ast.Name) else []
                runs = getattr(node.func, "attr", getattr(node.func, "id", "")) in _RUNS_SQL
                if runs and any(not _excused(one, lines) for one in made):
                    wrong.append(f"{path}:{node.lineno} SQL put together by formatting")
    return wrong


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a module or function without those of the functions in it."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from _own_nodes(child)


def _named_by_formatting(scope: ast.AST) -> dict[str, list[ast.expr]]:
    """Return the names of a scope that hold a formatted text, with the expressions that made it."""
    found: dict[str, list[ast.expr]] = {}
    for node in _own_nodes(scope):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None) if isinstance(node, _ASSIGNS) else None
        # adding to a statement is putting it together, whatever is added
        if value is not None and (_formats(value) or (isinstance(node, ast.AugAssign) and not _is_text(value))):
            for target in targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(value)
    return found


_EXCUSE = re.compile(r"noqa: S608|# sql: \S+ \S+")
_ASSIGNS = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)


def _excused(node: ast.expr, lines: list[str]) -> bool:
    return any(_EXCUSE.search(line) for line in lines[node.lineno - 1 : node.end_lineno or node.lineno])


def _formats(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
        return any(isinstance(part, ast.Constant | ast.JoinedStr) for part in (node.left, node.right))
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"


def room_of(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the room of a path or dotted name below the package: ``("spine",)``, ``("domains", "factory")``."""
    return parts[:2] if parts[0] == "domains" else parts[:1]


def models_across_rooms(package: Path) -> list[str]:
    """Imports of another room's tables: rooms meet in types, actions and queries, tables point by name."""
    wrong = []
    for path, tree in modules(package):
        here = room_of(path.relative_to(package).parts)
        for node in ast.walk(tree):
            for name in _imported(node):
                parts = tuple(name.split("."))
                if parts[0] == "chanye" and "models" in parts and room_of(parts[1:]) != here:
                    wrong.append(f"{path}:{node.lineno} {name}")
    return wrong
