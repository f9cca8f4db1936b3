"""docker/Dockerfile as a list of instructions."""

import json
import re
import shlex
from dataclasses import dataclass

from sse_assets_tests.docker.compose_files import DOCKER


@dataclass(frozen=True)
class Instruction:
    name: str
    text: str

    @property
    def words(self) -> list[str]:
        return json.loads(self.text) if self.text.startswith("[") else shlex.split(self.text)


def instructions() -> list[Instruction]:
    lines = [line for line in (DOCKER / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    found = (line.split(None, 1) for line in joined.splitlines() if line.strip())
    return [Instruction(name, text.strip()) for name, text in found]


def all_of(name: str) -> list[Instruction]:
    return [instruction for instruction in instructions() if instruction.name == name]


def copied() -> dict[str, str]:
    """Where each file or folder of the project comes to lie, by its path."""
    places = {}
    for instruction in all_of("COPY"):
        *sources, place = instruction.words
        places |= dict.fromkeys(sources, place)
    return places


def environment() -> dict[str, str]:
    return dict(word.split("=", 1) for instruction in all_of("ENV") for word in instruction.words)


def folders_of_the_user() -> set[str]:
    """Folders that are made for the user that services run as."""
    (made,) = re.findall(r"install --directory --owner=10001 --group=10001 ([^&]+)", _run())
    return set(made.split())


def extras() -> set[str]:
    (names,) = re.findall(r"--editable '\.\[([a-z,-]+)\]'", _run())
    return set(names.split(","))


def _run() -> str:
    return "\n".join(instruction.text for instruction in all_of("RUN"))
