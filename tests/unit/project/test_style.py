"""What a project says about its code is obeyed."""

from pathlib import Path

import pytest

from noctule.problem import Exit, Problem
from noctule.project.style import Style, style_of


@pytest.mark.parametrize(
    ("files", "width"),
    [
        ({}, 88),
        ({"pyproject.toml": "[tool.ruff]\nline-length = 100\n"}, 100),
        ({"pyproject.toml": "[tool.black]\nline-length = 79\n"}, 79),
        ({"pyproject.toml": "[tool.ruff]\nline-length = 120\n", "ruff.toml": ""}, 120),
        ({"pyproject.toml": "[tool.ruff]\nline-length = 120\n",
          "ruff.toml": "line-length = 90\n"}, 90),
        ({".ruff.toml": "line-length = 110\n"}, 110),
        ({"pyproject.toml": "[tool.ruff]\nline-length = 5\n"}, 60),
        ({"pyproject.toml": "[tool.ruff]\nline-length = true\n"}, 88),
        ({"pyproject.toml": "tool = 3\n"}, 88),
        ({"pyproject.toml": "not toml"}, 88),
    ],
)  # fmt: skip
def test_the_width_of_lines(tmp_path: Path, files: dict[str, str], width: int) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert style_of(tmp_path) == Style(width)


@pytest.mark.parametrize("python", [">=3.9,<3.11", "==3.10.*", "<=3.10", "~=3.10.1", "<3.11.0"])
def test_a_python_that_cannot_run_the_code_is_one_clear_problem(
    tmp_path: Path, python: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[project]\nrequires-python = "{python}"\n')
    with pytest.raises(Problem) as caught:
        style_of(tmp_path)
    assert (caught.value.key, caught.value.exit) == ("project.python_too_old", Exit.USAGE)
    assert python in caught.value.cause("fr")


@pytest.mark.parametrize(
    "python", [">=3.9", ">=3.11,<4", "<3.12", "==3.11.*", "~=3.11", "~=3.9", ""]
)
def test_any_other_python_will_do(tmp_path: Path, python: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[project]\nrequires-python = "{python}"\n')
    assert style_of(tmp_path) == Style()
