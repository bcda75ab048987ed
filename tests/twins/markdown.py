"""Tables of a Markdown text, and the words in them."""

import re


def table(text, *header):
    """The rows below this header, each a list of cells. There has to be one such table."""
    lines = text.splitlines()
    starts = [n for n, line in enumerate(lines) if line == "| " + " | ".join(header) + " |"]
    if len(starts) != 1:
        raise AssertionError(f"{len(starts)} tables with the header {header}")
    rows = []
    for line in lines[starts[0] + 2:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows


def spelled_out(cell):
    """`a1`..`a3` stands for all three."""
    return re.sub(r"`(\w*?)(\d)`\.\.`\1(\d)`", lambda m: " ".join(f"`{m[1]}{n}`" for n in range(int(m[2]), int(m[3]) + 1)), cell)


def words(cell):
    """What stands in backticks, several in one pair or one by one."""
    return [word for quoted in re.findall(r"`([^`]+)`", spelled_out(cell)) for word in quoted.split()]
