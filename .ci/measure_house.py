"""Measures of the code in ``sim/``: its size by package, the length of functions, docstrings.

``python .ci/measure_house.py`` prints them. A code line holds more than a comment, a docstring or
nothing. The length of a function is the number of code lines of its body.
"""

from __future__ import annotations

import ast
import io
import statistics
import sys
import tokenize
from collections import Counter, defaultdict
from pathlib import Path

SIM = Path(__file__).parents[1] / "sim"
LONGEST = 60
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
DOCUMENTED = (ast.Module, ast.ClassDef, *FUNCTION)
BESIDE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
          tokenize.ENDMARKER}  # fmt: skip


def docstring_lines(tree: ast.Module) -> set[int]:
    """Numbers of the lines that docstrings take."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            first = node.body[0]
            lines |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return lines


def code_lines(text: str, tree: ast.Module) -> set[int]:
    """Numbers of the lines that hold code."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in BESIDE:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return lines - docstring_lines(tree)


def main() -> int:
    """Print the measures."""
    size: Counter[str] = Counter()
    modules: Counter[str] = Counter()
    documentation, bodies = 0, []
    classes: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(SIM.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        inside = path.relative_to(SIM)
        package = inside.parts[0] if len(inside.parts) > 1 else "(flat)"
        code = code_lines(text, tree)
        size[package] += len(code)
        modules[package] += 1
        documentation += len(docstring_lines(tree))
        for node in ast.walk(tree):
            if isinstance(node, FUNCTION):
                body = range(node.body[0].lineno, (node.body[-1].end_lineno or 0) + 1)
                bodies.append((len(code & set(body)), f"{inside}: {node.name}"))
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                classes[node.name].append(str(inside))
    total = sum(size.values())
    for package in sorted(size):
        print(f"{package:12} {modules[package]:3} modules {size[package]:6,} code lines")
    lengths = sorted(length for length, _ in bodies)
    print(f"{'all':12} {sum(modules.values()):3} modules {total:6,} code lines")
    print(f"docstrings by code: {documentation / total:.2f}")
    print(
        f"bodies of functions: median {statistics.median(lengths):g}, 90th percentile "
        f"{lengths[int(0.9 * len(lengths))]}, longest {lengths[-1]}"
    )
    for length, name in sorted(bodies, reverse=True):
        if length > LONGEST:
            print(f"  {length} lines: {name}")
    for name, places in classes.items():
        if len(places) > 1:
            print(f"class {name} stands in {', '.join(places)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
