"""Where chunks of work are done: here, or on a Dask cluster whose address is configured. What the work is, the engines say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from cyberpunk_ai.core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

A = TypeVar("A")
B = TypeVar("B")

PATIENCE = "10s"


def chunk_runner(address: str | None) -> Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]] | None:
    """Return what works on chunks at an address, or None for here.

    Args:
        address: Of a Dask scheduler, such as `tcp://10.0.0.5:8786`; None or empty for this process.
    """
    if not address:
        return None

    def run(function: Callable[[Any], Any], chunks: Sequence[Any]) -> list[Any]:
        return run_in_chunks(function, chunks, address=address)

    return run


def run_in_chunks(
    function: Callable[[A], B],
    chunks: Iterable[A],
    *,
    address: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    on_answer: Callable[[int, B], None] | None = None,
    workers: int = 1,
) -> list[B]:
    """Apply a function to every chunk and return the answers in order.

    Args:
        function: A plain function, or a partial of one, that needs nothing but its argument; workers must have this package installed.
        chunks: What to work on.
        address: Of a Dask scheduler; here when None.
        on_progress: Called with chunks done and chunks in all; what it raises ends the work.
        on_answer: Called here with the place of a chunk and its answer as soon as it is there.
        workers: Processes to use here; 1 for this one.

    Raises:
        Unavailable: dask.distributed is not installed, or nobody answers at the address.
    """
    work = list(chunks)
    answers: dict[int, B] = {}

    def take(place: int, answer: B) -> None:
        answers[place] = answer
        if on_answer is not None:
            on_answer(place, answer)
        if on_progress is not None:
            on_progress(len(answers), len(work))

    if address and len(work) > 1:
        _on_cluster(function, work, address, take)
    elif workers > 1 and len(work) > 1:
        _in_processes(function, work, min(workers, len(work)), take)
    else:
        for place, chunk in enumerate(work):
            take(place, function(chunk))
    return [answers[place] for place in range(len(work))]


def _in_processes(function: Callable[[A], B], work: list[A], workers: int, take: Callable[[int, B], None]) -> None:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed

    # Started fresh and not forked: a fork in the middle of other threads copies their locks as they are.
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_one_thread)
    try:
        futures = {pool.submit(function, chunk): place for place, chunk in enumerate(work)}
        for future in as_completed(futures):
            take(futures[future], future.result())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _one_thread() -> None:
    """Keep numerical libraries to one thread per process, so that processes do not fight over cores."""
    import os

    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"


def _on_cluster(function: Callable[[A], B], work: list[A], address: str, take: Callable[[int, B], None]) -> None:
    try:
        from distributed import Client
    except ImportError as error:
        raise Unavailable("a Dask address is set, but dask.distributed is missing", hint='pip install "cyberpunk-ai[scale]"') from error
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        hint = "start one with `dask scheduler`, or unset CYBERPUNK_DASK_ADDRESS"
        raise Unavailable(f"no Dask scheduler answers at {address}", hint=hint) from error
    with client:
        # Not by name and input: Dask would hash every chunk first, which takes longer than to score it.
        for place, future in enumerate(client.map(function, work, pure=False)):
            take(place, future.result())
