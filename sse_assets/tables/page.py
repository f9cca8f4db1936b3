"""The page docs/tables.md, made from the declarations."""

from sse_assets.tables.catalogue import TABLES
from sse_assets.tables.declaration import Column, Table

_HEAD = """# Tables

`python -m sse_assets.tables` makes this page from the declarations in `sse_assets/tables`.

Every table lies as Parquet below `blobs/tables/` in `SSE_HOME` and, for SQL, in `warehouse.duckdb`. A frame
that breaks its declaration is not stored: the step fails and names the column, the rows and the rule. "May be
empty" means that a cell can be missing.
"""


def page() -> str:
    """Return the page as Markdown, a section for each table."""
    return "\n".join([_HEAD, *map(_section, TABLES.values())])


def _section(table: Table) -> str:
    columns = [*table.columns, *([table.pattern] if table.pattern else [])]
    key = f" Key: {', '.join(f'`{name}`' for name in table.key)}." if table.key else ""
    lines = [
        f"## {table.name}",
        "",
        f"One row: {table.meaning[0].lower()}{table.meaning[1:]}{key}",
        "",
        "| column | type | unit | meaning | allowed |",
        "|---|---|---|---|---|",
        *(_line(column, table) for column in columns),
        "",
    ]
    return "\n".join(lines)


def _line(column: Column, table: Table) -> str:
    is_pattern = column is table.pattern
    name = "each element" if is_pattern else f"`{column.name}`"
    meaning = column.meaning.format("the element") if is_pattern else column.meaning
    cells = [name, column.kind.name.lower(), column.unit or "", meaning, "; ".join(_rules(column))]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _rules(column: Column) -> list[str]:
    bounds = (("above", column.above), ("at least", column.at_least), ("at most", column.at_most))
    return [
        *([", ".join(column.allowed)] if column.allowed else []),
        *(f"{word} {bound:g}" for word, bound in bounds if bound is not None),
        *(["may be empty"] if column.optional else []),
    ]
