"""Functions for processes that may hang or die; each does what its name says."""

import ctypes
import os
import signal
import threading
import time


def doubled(number: int) -> int:
    return 2 * number


def doubled_unless(number: int, what: str) -> int:
    """Twice the number, unless something is to happen."""
    match what:
        case "hang":
            hang()
        case "hang in C":
            sum(range(10**12))  # an hour in which Python looks at no signal
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "exit":
            ctypes.CDLL(None).exit(3)
        case "raise":
            raise ValueError(f"{number} is not wanted")
    return doubled(number)


def hang(*_: object) -> None:
    time.sleep(600)


def die(*_: object) -> None:
    os._exit(1)


def process_and_threads() -> tuple[int, dict[str, int]]:
    """The process that this is, and the threads that torch and linear algebra have in it."""
    import numpy as np
    import torch
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    libraries = {library["user_api"]: library["num_threads"] for library in threadpool_info()}
    return os.getpid(), {"torch": torch.get_num_threads(), "python": threading.active_count(), **libraries}
