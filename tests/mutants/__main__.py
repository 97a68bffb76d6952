"""Mutation tests of one module: `python -m tests.mutants quant/FILE.py`.

mutmut changes the module in small ways, one at a time, and runs the tests that call the changed function. The changes
that no test detects are printed. mutmut runs in a copy below `.local/mutants` that contains only `quant` and its tests,
without the conftest that starts servers. It changes no module constants and no decorated functions.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from rich.console import Console

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("quant", "tests/quant", "tests/data")
LIMIT_SECONDS = 18 * 60  # leaves two of twenty minutes for printing the undetected changes
PROCESSES = 2
DETECTED = ("killed", "timeout", "segfault")

# The pytest options of pyproject.toml apply, so a warning fails a test here too. The Hypothesis profile `ci` uses the
# same examples for every change; with random examples a change would be detected in some runs only.
SETTINGS = """\
[mutmut]
source_paths = quant
only_mutate = {module}
pytest_add_cli_args_test_selection = tests/quant
pytest_add_cli_args =
    -p
    no:django
    -p
    no:randomly
    -p
    no:cacheprovider
    --hypothesis-profile=ci
use_setproctitle = false
use_git_change_detection = false
track_dependencies = false
"""
# mutmut forks a process for each change, and the threads of numpy's BLAS do not survive a fork.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def main(arguments: list[str]) -> int:
    console = Console(highlight=False, soft_wrap=True)
    path = (ROOT / arguments[0]).resolve() if len(arguments) == 1 else ROOT
    if not (path.is_file() and path.suffix == ".py" and path.is_relative_to(ROOT / "quant")):
        console.print("Name one module of quant: make mutants MODULE=quant/FILE.py")
        return 2
    module = path.relative_to(ROOT)
    directory = copy_sources(module)
    finished = run_within_limit(directory)
    verdicts = read_verdicts(directory)
    if not verdicts:
        console.print(f"No change of {module} was tested; see the output of mutmut above.")
        return 1
    tried = {name: verdict for name, verdict in verdicts.items() if verdict != "not checked"}
    survivors = [name for name, verdict in tried.items() if verdict not in DETECTED]
    for name in survivors:
        console.print(f"\n[bold]{name}[/bold]: {tried[name]}")
        console.print(difference(directory, name), markup=False)
    detected = len(tried) - len(survivors)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(Counter(verdicts.values()).items()))
    share = f" ({detected / len(tried):.1%})" if tried else ""
    console.print(f"\n{module}: the tests detect {detected} of {len(tried)} changes{share}: {counts}")
    return 0 if finished else 1


def copy_sources(module: Path) -> Path:
    """Copy the files that the tests of `quant` need, write the settings of mutmut, and return the directory."""
    directory = ROOT / ".local" / "mutants" / ".".join(module.with_suffix("").parts)
    shutil.rmtree(directory, ignore_errors=True)
    for name in COPIED:
        shutil.copytree(ROOT / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tests/__init__.py", "pyproject.toml"):
        shutil.copy(ROOT / name, directory / name)
    (directory / "setup.cfg").write_text(SETTINGS.format(module=module.as_posix()), encoding="utf-8")
    return directory


def mutmut(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("mutmut")), *arguments]


def run_within_limit(directory: Path) -> bool:
    """Test every change and return whether all were tested in time; an interrupted mutmut keeps its verdicts."""
    command = mutmut("run", "--max-children", str(PROCESSES))
    with subprocess.Popen(command, cwd=directory, env=os.environ | ENVIRONMENT) as process:
        try:
            return process.wait(LIMIT_SECONDS) == 0
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            return False


def read_verdicts(directory: Path) -> dict[str, str]:
    listed = output(directory, "results", "--all", "true")
    return dict(re.findall(r"^ *(\S+): (.+)$", listed, flags=re.MULTILINE))


def difference(directory: Path, name: str) -> str:
    """Return the changed lines of the function with the lines around them."""
    lines = output(directory, "show", name).splitlines()
    return "\n".join(line for line in lines if not line.startswith(("# ", "---", "+++")))


def output(directory: Path, *arguments: str) -> str:
    command = mutmut(*arguments)
    return subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
