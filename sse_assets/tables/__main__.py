"""Print docs/tables.md: every stored table with the meaning of its columns.

python -m sse_assets.tables > docs/tables.md
"""

from sse_assets.tables.page import page

if __name__ == "__main__":
    print(page(), end="")
