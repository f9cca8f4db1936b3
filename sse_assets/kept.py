"""Answers kept by the content of their question, so that nothing is computed twice.

Ground floor. A question names the computation and its version, and holds everything that the answer depends
on: rows, settings, versions of libraries. Questions are told apart by their hash. So an answer that is found
equals the one that would be computed, to the bit, and a run on kept answers equals a run from nothing.
"""

import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

Question = Sequence[object]
"""Texts, numbers, arrays, frames, dataclasses, and lists and mappings of them."""


_QUESTION = "hash of the question"
"""Column of an answer that is kept under a name."""


class Kept:
    """Frames by the questions that they answer."""

    def __init__(self, read: Callable[[str], bytes | None], write: Callable[[str, bytes], None]) -> None:
        """Take the functions that read and write a file by its name; there may be no such file."""
        self._read = read
        self._write = write

    def get(self, question: Question) -> pd.DataFrame | None:
        """Return the answer to a question, if there is one."""
        data = self._read(_file(question))
        return None if data is None else pd.read_parquet(io.BytesIO(data))

    def keep(self, question: Question, answer: pd.DataFrame) -> None:
        """Keep an answer; its index is not kept."""
        content = io.BytesIO()
        answer.to_parquet(content, index=False)
        self._write(_file(question), content.getvalue())

    def frame(self, question: Question, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Return the answer that is kept, or make it and keep it.

        >>> files: dict[str, bytes] = {}
        >>> kept = Kept(files.get, files.__setitem__)
        >>> for times in (1, 2):
        ...     squares = kept.frame(["squares", 3], lambda: pd.DataFrame({"square": [times * 0, 1, 4]}))
        >>> squares["square"].tolist(), len(files)
        ([0, 1, 4], 1)
        """
        found = self.get(question)
        if found is None:
            found = make()
            self.keep(question, found)
        return found

    def latest(self, name: Question, question: Question, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Return the answer that is kept under a name, or make it and keep it there if the question is new.

        So there is one file for each name, however often its question changes.
        """
        file, asked = f"latest/{content_key(name)}.parquet", content_key(question)
        data = self._read(file)
        found = None if data is None else pd.read_parquet(io.BytesIO(data))
        if found is None or (found.pop(_QUESTION) != asked).any():
            found = make()
            content = io.BytesIO()
            found.assign(**{_QUESTION: asked}).to_parquet(content, index=False)
            self._write(file, content.getvalue())
        return found

    def frames(
        self, question: Question, names: Sequence[str], make: Callable[[], Sequence[pd.DataFrame]]
    ) -> list[pd.DataFrame]:
        """Return the answers that are kept, or make them together; they are told apart by name."""
        parts = [[*question, name] for name in names]
        found = [self.get(part) for part in parts]
        if any(answer is None for answer in found):
            made = make()
            for part, answer in zip(parts, made, strict=True):
                self.keep(part, answer)
            return [*made]
        return [answer for answer in found if answer is not None]


NOTHING_KEPT = Kept(lambda name: None, lambda name, data: None)
"""Store that forgets at once."""


def content_key(question: Question) -> str:
    """Return the hash of a question: equal only if all its parts are.

    Raises:
        TypeError: if a part is of a type whose content is not known here.
    """
    digest = hashlib.sha256()
    _add(digest, question)
    return digest.hexdigest()


def versions(*packages: str) -> dict[str, str]:
    """Return the installed versions of packages that have a part in an answer."""
    return {package: _version(package) for package in packages}


_version = cache(version)  # a package's metadata are parsed each time


def _file(question: Question) -> str:
    key = content_key(question)
    return f"{key[:2]}/{key}.parquet"


def _add(digest: Any, part: object) -> None:
    """Add a part to a hash, with its type and length, so that no two questions run into one."""
    match part:
        case pd.DataFrame():
            _add(digest, ["frame", len(part.columns), part.index])
            for name in part:
                _add(digest, [name, part[name]])
        case pd.Series() | pd.Index():
            _add(digest, part.to_numpy())
        case np.ndarray() if part.dtype.kind in "biuf":
            digest.update(f"{part.dtype.str}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        case np.ndarray():
            known = part.astype(object)
            known[pd.isna(part)] = None
            text = json.dumps(known.tolist())
            digest.update(f"array{len(text)}:{text}".encode())
        case str() | bool() | int() | float() | None:
            text = json.dumps(part)
            digest.update(f"{len(text)}:{text}".encode())
        case Mapping():
            _add(digest, [[name, part[name]] for name in part])
        case list() | tuple():
            digest.update(f"list{len(part)}:".encode())
            for one in part:
                _add(digest, one)
        case _ if is_dataclass(part) and not isinstance(part, type):
            _add(digest, [type(part).__name__, asdict(part)])
        case _:
            raise TypeError(f"a question cannot hold {type(part).__name__}: its content is not known")
