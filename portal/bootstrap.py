"""From a fresh machine to a running portal: environment, locked requirements, libraries for PDF. Standard library only.

`./run` starts this file with any Python from 3.11 on. What is already there is left alone, so a second start costs
a few file reads and touches no network.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
RUNTIME, DEVELOPMENT = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"

PDF_LIBRARIES = {
    "linux": (
        "libgobject-2.0.so.0",
        "libpango-1.0.so.0",
        "libpangoft2-1.0.so.0",
        "libharfbuzz.so.0",
        "libharfbuzz-subset.so.0",  # without it a Chinese form takes 13 to 32 times as long
        "libfontconfig.so.1",
    ),
    "darwin": (
        "libgobject-2.0.0.dylib",
        "libpango-1.0.0.dylib",
        "libpangoft2-1.0.0.dylib",
        "libharfbuzz.0.dylib",
        "libharfbuzz-subset.0.dylib",
        "libfontconfig.1.dylib",
    ),
}
PDF_PACKAGES = {
    "apt-get": ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"),
    "dnf": ("pango", "harfbuzz"),
    "brew": ("pango",),
}
INSTALL = {
    "apt-get": ("apt-get", "install", "-y", "--no-install-recommends"),
    "dnf": ("dnf", "install", "-y"),
    "brew": ("brew", "install"),
}
PACKAGES_WANTED = dict[str, tuple[str, ...]]


class SetupError(Exception):
    """The machine lacks something that we may not install; the text is the cure in one line."""


def say(text: str) -> None:
    """Tell the person at the terminal what is being done; standard output stays free for the command's own."""
    print(f"run: {text}", file=sys.stderr, flush=True)


# System packages -----------------------------------------------------------------------------------------------------


def package_manager() -> str | None:
    """The package manager of this machine, when it is one we know."""
    return next((name for name in INSTALL if shutil.which(name)), None)


def install_command(packages: PACKAGES_WANTED) -> str | None:
    """The line a person types to install the packages; None on a machine whose package manager we do not know."""
    manager = package_manager()
    if manager is None or not packages.get(manager):
        return None
    sudo = () if manager == "brew" or os.geteuid() == 0 else ("sudo",)
    return shlex.join((*sudo, *INSTALL[manager], *packages[manager]))


def install_packages(packages: PACKAGES_WANTED) -> bool:
    """Install system packages where we may: as root, with a sudo that asks nothing, or with Homebrew."""
    manager = package_manager()
    if manager is None or not packages.get(manager):
        return False
    if manager == "brew" or os.geteuid() == 0:
        sudo: tuple[str, ...] = ()
    elif shutil.which("sudo") and subprocess.run(("sudo", "-n", "true"), capture_output=True).returncode == 0:
        sudo = ("sudo", "-n")
    else:
        return False
    say(f"installing {' '.join(packages[manager])} with {manager}")
    # Messages go to standard error, so that `./run routes --json > file` holds JSON and nothing else.
    if manager == "apt-get":
        sudo = (*sudo, "env", "DEBIAN_FRONTEND=noninteractive")
        subprocess.run((*sudo, "apt-get", "-q", "update"), stdout=sys.stderr)  # a stale list is no reason to stop
    return subprocess.run((*sudo, *INSTALL[manager], *packages[manager]), stdout=sys.stderr).returncode == 0


# Libraries for PDF ---------------------------------------------------------------------------------------------------


def missing_pdf_libraries() -> list[str]:
    """The shared libraries WeasyPrint opens by name and this machine does not have."""
    missing = []
    for name in PDF_LIBRARIES.get(sys.platform, ()):
        try:
            ctypes.CDLL(name)
        except OSError:
            missing.append(name)
    return missing


def ensure_pdf_libraries() -> None:
    """Install what WeasyPrint needs, once; where we may not, say so in one line and go on without PDF."""
    if not missing_pdf_libraries():
        return
    tried = VENV / "pdf-libraries-tried"
    if not tried.exists():
        tried.touch()
        if install_packages(PDF_PACKAGES) and not missing_pdf_libraries():
            return
    cure = install_command(PDF_PACKAGES) or "install pango and harfbuzz (with its subset library)"
    say(f"PDF files cannot be made well, {', '.join(missing_pdf_libraries())} is missing. Cure: {cure}")


# The environment -----------------------------------------------------------------------------------------------------


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two starts in one checkout do not install over each other: the second waits."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def pip() -> list[str] | None:
    """A pip that installs into our environment: its own, else the system's, else uv."""
    if not PYTHON.exists():
        return None
    own = (("-c", "import pip"), ("-m", "ensurepip"))  # uv makes environments without pip
    if any(subprocess.run((PYTHON, "-I", *words), capture_output=True).returncode == 0 for words in own):
        return [str(PYTHON), "-I", "-m", "pip", "install"]
    if find_spec("pip"):
        return [sys.executable, "-I", "-m", "pip", "--python", str(PYTHON), "install"]
    if shutil.which("uv"):
        return ["uv", "pip", "install", "--python", str(PYTHON)]
    return None


def make_environment() -> list[str]:
    """Make `.venv` and give the pip for it. Debian and Ubuntu ship Python without ensurepip: then we get it first.

    Raises SetupError when there is no way to a pip.
    """
    packages: PACKAGES_WANTED = {"apt-get": (f"python{sys.version_info.major}.{sys.version_info.minor}-venv",)}
    if not (find_spec("ensurepip") and find_spec("venv")):
        install_packages(packages)
    say("making the environment in .venv")
    for extra in ([], ["--without-pip"]):  # a pip of the system, or uv, can fill an environment that has none
        made = subprocess.run((sys.executable, "-I", "-m", "venv", "--clear", *extra, VENV), capture_output=True)
        if made.returncode == 0 and (command := pip()):
            return command
    cure = install_command(packages) or "install the venv and pip modules of this Python"
    raise SetupError(f"Python cannot make an environment, its venv module or pip is missing. Cure: {cure}")


def ensure_requirements(lock: Path) -> None:
    """Bring `.venv` to the lock file, with checksums; nothing happens while the lock file is the installed one."""
    content = lock.read_bytes()
    stamp = VENV / f"installed-{lock.name}"
    checksum = hashlib.sha256(content).hexdigest()
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == checksum:
        return
    command = pip() or make_environment()
    say(f"installing {lock.name}")
    quiet = ["-q"] if command[0] == "uv" else ["-qq", "--disable-pip-version-check", "--no-input"]
    options = ["--require-hashes", "--no-deps", "--only-binary=:all:", *quiet, "-r", str(lock)]
    if subprocess.run([*command, *options], stdout=sys.stderr).returncode != 0:
        raise SetupError(f"the packages of {lock.name} could not be installed; the lines above say why.")
    stamp.write_text(checksum)
    if lock == DEVELOPMENT:  # it contains the other
        (VENV / f"installed-{RUNTIME.name}").write_text(hashlib.sha256(RUNTIME.read_bytes()).hexdigest())


def child_environment(arguments: list[str]) -> dict[str, str]:
    """The environment of the command: the checkout is importable, and `./run` alone means the demo."""
    environ = dict(os.environ)
    environ["PYTHONPATH"] = str(ROOT)
    environ["PYTHONSAFEPATH"] = "1"  # a queue.py in the current folder must not hide the standard one
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling everything at each start would cost seconds
    environ.setdefault("PORTAL_HOME", str(ROOT / "var"))
    if not arguments:
        environ.setdefault("PORTAL_ENV", "demo")
    if sys.platform == "darwin" and (brew := shutil.which("brew")):
        environ.setdefault("DYLD_FALLBACK_LIBRARY_PATH", f"{Path(brew).parent.parent}/lib:/usr/local/lib:/usr/lib")
    return environ


def main(arguments: list[str]) -> None:
    """Set up what is missing, then become the command. Exit 1 with one clear line when that cannot be."""
    testing = arguments[:1] == ["test"]
    try:
        with one_at_a_time():
            ensure_requirements(DEVELOPMENT if testing else RUNTIME)
            ensure_pdf_libraries()
    except SetupError as error:
        say(str(error))
        sys.exit(1)
    module = ["portal.testing", *arguments[1:]] if testing else ["portal", *(arguments or ["serve"])]
    os.execve(PYTHON, [str(PYTHON), "-m", *module], child_environment(arguments))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
