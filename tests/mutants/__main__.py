"""`python -m tests.mutants quant/FILE.py`: changes one module in small ways and shows the changes no test notices.

mutmut works in a copy below `.local/mutants`, where there is no conftest that starts servers: the tests of `quant` are
all it runs. Each change is tried with the tests that call the changed function. Constants of a module and decorated
functions are not changed.
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
LIMIT_SECONDS = 18 * 60  # the rest of twenty minutes is for showing what survived
PROCESSES = 2
NOTICED = ("killed", "timeout", "segfault")

# The suite's own options hold, so that a warning fails a test here too. The examples of Hypothesis are the same for
# every change, or the same change would survive only now and then.
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
# The BLAS of numpy keeps threads, which do not survive the fork that each change is tried in.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def main(arguments: list[str]) -> int:
    console = Console(highlight=False, soft_wrap=True)
    path = (ROOT / arguments[0]).resolve() if len(arguments) == 1 else ROOT
    if not (path.is_file() and path.suffix == ".py" and path.is_relative_to(ROOT / "quant")):
        console.print("Name one module of quant: make mutants MODULE=quant/FILE.py")
        return 2
    module = path.relative_to(ROOT)
    workplace = copied(module)
    finished = run_within_limit(workplace)
    verdicts = verdicts_in(workplace)
    if not verdicts:
        console.print(f"No change of {module} was tried; mutmut says above why.")
        return 1
    tried = {name: verdict for name, verdict in verdicts.items() if verdict != "not checked"}
    survivors = [name for name, verdict in tried.items() if verdict not in NOTICED]
    for name in survivors:
        console.print(f"\n[bold]{name}[/bold]: {tried[name]}")
        console.print(difference(workplace, name), markup=False)
    noticed = len(tried) - len(survivors)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(Counter(verdicts.values()).items()))
    share = f" ({noticed / len(tried):.1%})" if tried else ""
    console.print(f"\n{module}: the tests notice {noticed} of {len(tried)} changes{share}: {counts}")
    return 0 if finished else 1


def copied(module: Path) -> Path:
    """A fresh copy of what the tests of quant need, with mutmut's settings for this module."""
    workplace = ROOT / ".local" / "mutants" / ".".join(module.with_suffix("").parts)
    shutil.rmtree(workplace, ignore_errors=True)
    for name in COPIED:
        shutil.copytree(ROOT / name, workplace / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tests/__init__.py", "pyproject.toml"):
        shutil.copy(ROOT / name, workplace / name)
    (workplace / "setup.cfg").write_text(SETTINGS.format(module=module.as_posix()), encoding="utf-8")
    return workplace


def mutmut(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("mutmut")), *arguments]


def run_within_limit(workplace: Path) -> bool:
    """Tries every change; whether all were tried in time. mutmut keeps the verdicts it has when it is interrupted."""
    command = mutmut("run", "--max-children", str(PROCESSES))
    with subprocess.Popen(command, cwd=workplace, env=os.environ | ENVIRONMENT) as process:
        try:
            return process.wait(LIMIT_SECONDS) == 0
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            return False


def verdicts_in(workplace: Path) -> dict[str, str]:
    listed = output(workplace, "results", "--all", "true")
    return dict(re.findall(r"^ *(\S+): (.+)$", listed, flags=re.MULTILINE))


def difference(workplace: Path, name: str) -> str:
    """The changed lines of the function and those around them."""
    lines = output(workplace, "show", name).splitlines()
    return "\n".join(line for line in lines if not line.startswith(("# ", "---", "+++")))


def output(workplace: Path, *arguments: str) -> str:
    command = mutmut(*arguments)
    return subprocess.run(command, cwd=workplace, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
