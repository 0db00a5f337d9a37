"""Executors that simulate blocks: threads, processes, or any other; and workers that die.

Any ``concurrent.futures.Executor`` will do. A block whose worker dies, or whose simulation fails,
is simulated again; where it is unknown which block made a worker die, each block that may have
done so is simulated again alone. A block that fails twice is a failure, and the run continues.
Workers that do not start at all end the run at once.

Worker processes are those of loky: they load the project but never the script that started the
run, so scripts, notebooks and standard input need no guard, and objects that a script defines are
sent to them by value.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from typing import Any

from sim.errors import InputError, RunError
from sim.experiment import tasks
from sim.experiment.tasks import Block, Failure, Scheduler, Task, TaskResult

TRIES = 2
MOST_FAILURES = 20  # single replications that may fail before the rest of a block is given up
POOLS = ("threads", "processes")
SECONDS_TO_CONNECT = 10
SECONDS_BETWEEN_LOOKS = 1.0  # of a worker process at its parent


class TaskExecutor(ABC):
    """An executor of tasks: its number of workers, and how to replace them.

    Attributes:
        shared_disk: workers may write into the caller's folder.
    """

    shared_disk = True

    @abstractmethod
    def submit(self, task: Task) -> Future[TaskResult]:
        """Start a task; the future holds its result."""

    @property
    @abstractmethod
    def workers(self) -> int:
        """Number of workers at present."""

    def renew(self) -> None:  # noqa: B027 - not every executor loses its workers
        """Start new workers after one has died."""

    def close(self) -> None:  # noqa: B027 - not every executor has anything to close
        """End the workers; tasks that have not begun are dropped."""


class ThreadExecutor(TaskExecutor):
    """Runs tasks in threads of this process."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self.executor = ThreadPoolExecutor(workers)

    def submit(self, task: Task) -> Future[TaskResult]:  # noqa: D102
        return self.executor.submit(tasks.simulate, task)

    @property
    def workers(self) -> int:  # noqa: D102
        return self._workers

    def close(self) -> None:  # noqa: D102
        self.executor.shutdown(wait=True, cancel_futures=True)


class ProcessExecutor(TaskExecutor):
    """Runs tasks in processes of this machine, which never import the caller's script.

    Raises:
        RunError: the processes do not start.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._start()

    def _start(self) -> None:
        import loky  # takes a tenth of a second, which most runs need not spend

        try:
            self.executor = loky.ProcessPoolExecutor(
                self._workers, initializer=_begin_work, initargs=(os.getpid(),)
            )
            self._started = self.executor.submit(os.getpid)
        except (OSError, RuntimeError) as error:  # no semaphores, no memory, nested too deep
            raise _not_started(str(error).strip()) from error

    def submit(self, task: Task) -> Future[TaskResult]:  # noqa: D102
        future: Future[TaskResult] = self.executor.submit(tasks.simulate, task)
        return future

    @property
    def workers(self) -> int:  # noqa: D102
        return self._workers

    def renew(self) -> None:
        """Start new workers after one has died.

        Raises:
            RunError: none of the old workers had ever started, so new ones would not either.
        """
        self.executor.shutdown(wait=True)
        if error := _error(self._started):
            raise _not_started("they end before their first task") from error
        self._start()

    def close(self) -> None:  # noqa: D102
        self.executor.shutdown(wait=True)


def _not_started(reason: str) -> RunError:
    return RunError(
        f"worker processes do not start: {reason}\n"
        "allowed: workers 1, or pool threads; what was finished is kept"
    )


def _begin_work(parent: int) -> None:
    """Prepare a worker process: it ignores Ctrl-C, and ends when its parent is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os._exit(1)


class ExternalExecutor(TaskExecutor):
    """Runs tasks in an executor that the caller made and will close: mpi4py, ipyparallel, ..."""

    shared_disk = False

    def __init__(self, executor: Executor, workers: int | None = None) -> None:
        self.executor = executor
        self._workers = workers or getattr(executor, "_max_workers", None) or os.cpu_count() or 1

    def submit(self, task: Task) -> Future[TaskResult]:  # noqa: D102
        return self.executor.submit(tasks.simulate, task)

    @property
    def workers(self) -> int:  # noqa: D102
        return self._workers


class SerialExecutor(TaskExecutor):
    """Runs each task at once in the calling thread; for objects that cannot be sent to workers."""

    def submit(self, task: Task) -> Future[TaskResult]:  # noqa: D102
        future: Future[TaskResult] = Future()
        future.set_result(tasks.simulate(task))
        return future

    @property
    def workers(self) -> int:  # noqa: D102
        return 1


class DaskExecutor(TaskExecutor):
    """Runs tasks in the workers of a Dask cluster, also in those that join later.

    Raises:
        InputError: ``distributed`` is not installed, or no scheduler answers.
        RunError: a local cluster does not start.
    """

    shared_disk = False

    def __init__(self, address: str, workers: int | None = None) -> None:
        try:
            import distributed
        except ImportError:
            raise InputError(
                'dask: the package "distributed" is not installed; '
                "allowed: pip install 'detente[dask]'"
            ) from None
        self.cluster, self.scratch = None, None
        if address == "local" and multiprocessing.current_process().daemon:
            raise InputError(
                "--dask local: found a daemonic process, such as a worker of multiprocessing.Pool, "
                "which may not start others; allowed: the address of a scheduler, tcp://host:port"
            )
        try:
            if address == "local":
                self.scratch = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
                self.cluster = distributed.LocalCluster(
                    n_workers=workers or os.cpu_count() or 1,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=None,
                    # Workers load pickles from there; by default it may be somebody else's.
                    local_directory=self.scratch.name,
                    silence_logs=logging.CRITICAL,  # the run prints what matters
                )
            else:
                _answers(address)
            self.client = distributed.Client(
                self.cluster or address, timeout=SECONDS_TO_CONNECT, set_as_default=False
            )
        except RuntimeError as error:
            raise RunError(
                f"--dask local: the cluster does not start ({error}); its workers import the "
                'script that starts them, which must do so below: if __name__ == "__main__":'
            ) from None
        except (OSError, ValueError, TypeError) as error:
            raise InputError(
                f"--dask: nothing answers at {address} ({error}); allowed: local, or the "
                "address of a scheduler, tcp://host:port"
            ) from None
        self.executor = self.client.get_executor(pure=False, retries=TRIES)

    def submit(self, task: Task) -> Future[TaskResult]:  # noqa: D102
        future: Future[TaskResult] = self.executor.submit(tasks.simulate, task)
        return future

    @property
    def workers(self) -> int:  # noqa: D102
        return max(1, sum(self.client.ncores().values()))

    def close(self) -> None:  # noqa: D102
        with contextlib.suppress(Exception):
            self.executor.shutdown(wait=False)
            self.client.close()
            if self.cluster is not None:
                self.cluster.close()
            if self.scratch is not None:
                self.scratch.cleanup()


def _answers(address: str) -> None:
    """Check that a scheduler listens at ``tcp://host:port``, faster than a client would give up.

    Raises:
        OSError, ValueError: nothing listens, or it is no such address.
    """
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), SECONDS_TO_CONNECT):
        pass


# -- sending tasks and collecting results ---------------------------------------------------------


class Dispatcher:
    """Sends tasks to an executor and yields their results, in the order in which they end.

    Args:
        executor: runs the tasks.
        scheduler: says which block is next.
        make_task: makes the task of a block.

    Attributes:
        failures: blocks that could not be simulated.

    Raises:
        RunError: while results are collected: workers were lost for good, or cannot write.
    """

    def __init__(
        self, executor: TaskExecutor, scheduler: Scheduler, make_task: Callable[[Block], Task]
    ) -> None:
        self.executor, self.scheduler, self.make_task = executor, scheduler, make_task
        self.failures: list[Failure] = []
        self._waiting: dict[Future[TaskResult], Block] = {}
        self._suspects: deque[Block] = deque()
        self._tries: Counter[Block] = Counter()
        self._failed_in: Counter[str] = Counter()

    def __iter__(self) -> Iterator[TaskResult]:
        """Results as they arrive."""
        while True:
            self._send()
            if not self._waiting:
                return
            ended, _ = wait(self._waiting, return_when=FIRST_COMPLETED)
            yield from self._collect(ended)

    def finished(self) -> Iterator[TaskResult]:
        """Results that were ready, but not yet yielded, when the run was stopped."""
        for future in self._waiting:
            if future.done() and _error(future) is None and future.result().failure is None:
                yield future.result()

    def _send(self) -> None:
        if self._suspects:
            if not self._waiting:
                self._submit(self._suspects.popleft())
            return
        # Few blocks wait at a time: results that arrive faster than they are written fill memory.
        room = 2 * self.executor.workers
        while len(self._waiting) < room and not self._suspects:
            block = self.scheduler.next()
            if block is None:
                return
            self._submit(block)

    def _submit(self, block: Block) -> None:
        task = self.make_task(block)
        try:
            future = self.executor.submit(task)
        except BrokenExecutor:
            if self._waiting:  # workers are renewed when these have ended
                self._suspects.append(block)
                return
            self.executor.renew()
            future = self._submit_to_new(task)
        self._waiting[future] = block

    def _submit_to_new(self, task: Task) -> Future[TaskResult]:
        try:
            return self.executor.submit(task)
        except BrokenExecutor as error:
            raise RunError(
                f"the executor has lost its workers and gets no others ({error}); what was "
                "finished is kept; where workers import the script that starts them, it must do "
                'so below: if __name__ == "__main__":'
            ) from error

    def _collect(self, ended: set[Future[TaskResult]]) -> Iterator[TaskResult]:
        died: list[Block] = []
        reason = ""
        for future in ended:
            block = self._waiting.pop(future)
            error = _error(future)
            if error is None:
                result = future.result()
                if result.failure is None:
                    self.scheduler.measured(result)
                    yield result
                else:
                    self._went_wrong(block, result.failure)
            elif _is_death(error):
                died.append(block)
                reason = _reason(error)
            elif isinstance(error, OSError) and self.executor.shared_disk:
                raise RunError(
                    f"results cannot be written ({error.strerror or error}); "
                    "what was finished is kept"
                ) from error
            else:
                self._again(block, f"{type(error).__name__}: {error}")
        if died:
            # It is unknown which block made the worker die: each is simulated again, alone.
            wait(self._waiting)
            yield from self._collect(set(self._waiting))
            for block in died:
                self._again(block, reason)
            self.executor.renew()

    def _again(self, block: Block, error: str) -> None:
        self._tries[block] += 1
        if self._tries[block] < TRIES:
            self._suspects.append(block)
        else:
            self.failures.append(Failure(block, error))

    def _went_wrong(self, block: Block, failure: Failure) -> None:
        """A replication failed, and would always fail: the rest of its block is simulated."""
        self._failed_in[block.strategy] += 1
        if self._failed_in[block.strategy] > MOST_FAILURES:
            self.failures.append(Failure(block, failure.error))
            return
        self.failures.append(failure)
        self.scheduler.put_back(block.without(failure.block.draw, failure.block.first))


def _error(future: Future[TaskResult]) -> BaseException | None:
    try:
        return future.exception()
    except CancelledError as error:
        return error


def _is_death(error: BaseException) -> bool:
    dead: tuple[Any, ...] = (BrokenExecutor, CancelledError)
    return isinstance(error, dead) or type(error).__name__ == "KilledWorker"


def _reason(error: BaseException) -> str:
    """Why a worker ended; executors attach a traceback where it could not load its task."""
    if error.__cause__ is None:
        return "its worker died (killed, or out of memory)"
    last_line = str(error.__cause__).strip("\"'\n").splitlines()[-1]
    return f"its worker cannot load the task: {last_line}"
