"""The page on the architecture shows the tree as it is; `python -m tests.test_architecture` writes it there."""

import ast
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "```text\ndiffeliash/\n", "```\n"
ORDER = {
    "diffeliash": ["physics", "data", "inverse", "models", "training", "analysis", "paper", "cli"],
    "physics": ["numerics", "material", "matsubara", "critical", "real_axis"],
    "data": ["storage", "input_files", "families", "dataset", "generation"],
    "paper": ["stages", "verdicts", "report"],
    "cli": ["terminal", "arguments", "spectra", "inversion", "datasets", "training", "studies"],
}
"""Rooms from the lowest to the highest, where there is such an order."""
WIDTH = 28


def tree(folder: pathlib.Path = ROOT / "diffeliash", depth: int = 1) -> list[str]:
    """The rooms and files of a folder, each with the first line of its docstring: files first, rooms in their order."""
    rooms = {path.name: path for path in folder.iterdir() if (path / "__init__.py").is_file()}
    known = [name for name in ORDER.get(folder.name, []) if name in rooms]
    files = sorted(path for path in folder.glob("*.py") if path.name not in ("__init__.py", "__main__.py"))
    lines = [_line(path.name, path, depth) for path in files]
    for name in [*known, *sorted(set(rooms) - set(known))]:
        lines += [_line(f"{name}/", rooms[name] / "__init__.py", depth), *tree(rooms[name], depth + 1)]
    return lines


def _line(name: str, path: pathlib.Path, depth: int) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    start = f"{'  ' * depth}{name}"
    return f"{start:<{WIDTH + 2 * depth}} {docstring.splitlines()[0]}"


def test_the_page_shows_the_tree():
    text = PAGE.read_text()
    shown = text[text.index(BEGIN) + len(BEGIN) :]
    assert shown[: shown.index(END)].splitlines() == tree(), "run: python -m tests.test_architecture"


def test_no_folder_holds_more_than_a_dozen_files():
    for folder in {path.parent for path in (ROOT / "diffeliash").rglob("*.py")}:
        assert len(list(folder.glob("[!_]*.py")) + list(folder.glob("_[!_]*.py"))) <= 12, folder


def main() -> None:
    """Write the tree into the page."""
    text = PAGE.read_text()
    before, rest = text.split(BEGIN, 1)
    PAGE.write_text(before + BEGIN + "\n".join(tree()) + "\n" + rest[rest.index(END) :])


if __name__ == "__main__":
    main()
