"""The agent's processes: kept warm between the turns of a session, within limits of number, time and memory.

A session never has more than one process: a turn holds its session's place, and whoever else wants it waits. Turns
come first: one that needs a process gets it, and idle ones are ended for it, the least recently used first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient

from echo_core.agent.memory import default_limit, weigh
from echo_core.agent.readings import Readings
from echo_core.agent.worker import Asked, ClientFactory, Fit, Worker
from echo_core.config import AgentSettings

PEAK_MEMORY = 212 * 2**20
GUESS_PATIENCE = 60.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept. `warm` idle processes at most; 0 ends each with its turn, and nothing is prepared.

    An idle process is ended after `seconds`. Processes, working ones included, should take no more than `memory` bytes
    together: idle ones are ended for that, working ones never. What they take is measured every `pause` seconds; what
    was started with skills or instructions that have changed since is ended then.
    """

    warm: int = 16
    seconds: float = 900.0
    memory: int = field(default_factory=default_limit)
    pause: float = 10.0

    @classmethod
    def of(cls, settings: AgentSettings) -> Limits:
        """Give the limits that are configured."""
        memory = default_limit() if settings.memory_mb is None else settings.memory_mb * 2**20
        return cls(warm=settings.warm, seconds=settings.warm_seconds, memory=memory)


class Place:
    """A session's place while somebody holds it. What stands there is kept at the end if `keep` was called."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.worker: Worker | None = None
        self.kept = False

    async def empty(self) -> None:
        """End the process that stands here."""
        self.kept = False
        if self.worker is not None:
            worker, self.worker = self.worker, None
            await self._pool.end(worker)

    async def start(self, options: ClaudeAgentOptions, fit: Fit, gate: Asked) -> Worker:
        """Start a process here, in the place of the one before, whose calls `gate` decides. Raises `ClaudeSDKError`."""
        await self.empty()
        await self._pool.make_room()
        self.worker = self._pool.make(options, fit, await self._pool.now_read())
        self.worker.bind(gate)
        await self.worker.connect()
        return self.worker

    async def start_early(self, options: ClaudeAgentOptions, fit: Fit) -> Worker | None:
        """Start a process here and keep it, if there is room for a mere guess. Raises `ClaudeSDKError`."""
        read = await self._pool.now_read()
        await self._pool.measure()
        unwanted = self._pool.room()
        if unwanted is None:
            return None
        self.worker = self._pool.make(options, fit, read)  # counts before anything is waited for: guesses come in pairs
        await self._pool.end_all(unwanted)
        await self.worker.connect()
        self.keep()
        return self.worker

    def keep(self) -> None:
        """Have the process that stands here wait for the session's next turn."""
        self.kept = True


@dataclass(slots=True)
class _Queue:
    """Those who want a session's place."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    count: int = 0


class Pool:
    """The processes.

    `readings` gives what a program reads at its start, as it stands now; it blocks. `client` makes the SDK's client of
    options; `clock` gives seconds that never go back.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        readings: Callable[[], Readings] = frozenset,
        client: ClientFactory = ClaudeSDKClient,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._limits = limits
        self._readings = readings
        self._client = client
        self._clock = clock
        self._idle: dict[str, Worker] = {}  # the least recently used first
        self._watches: dict[Worker, asyncio.Task[None]] = {}
        self._working: set[Worker] = set()
        self._places: dict[str, _Queue] = {}
        self._leaving: dict[Worker, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def idle(self) -> tuple[str, ...]:
        """The sessions whose process waits for a turn, the least recently used first."""
        return tuple(self._idle)

    @property
    def processes(self) -> tuple[int, ...]:
        """All processes, idle ones and those that work."""
        return tuple(worker.pid for worker in (*self._idle.values(), *self._working) if worker.pid is not None)

    @property
    def prepares(self) -> bool:
        """Whether processes may be started before their turn."""
        return self._limits.warm > 0 and not self._closed

    def held(self, session_id: str) -> bool:
        """Say whether somebody holds a session's place, or waits for it."""
        return session_id in self._places

    def wanted(self, session_id: str) -> Worker | None:
        """Have a session's idle process wait as if it had just been used; give it, if there is one."""
        worker = self._idle.pop(session_id, None)
        if worker is not None:
            worker.used_at = self._now()
            self._idle[session_id] = worker
        return worker

    @asynccontextmanager
    async def place(self, session_id: str) -> AsyncIterator[Place]:
        """Hold a session's place, as soon as nobody else does; what is not kept has ended on leaving."""
        queue = self._places.setdefault(session_id, _Queue())
        queue.count += 1
        try:
            async with queue.lock:
                place = Place(self)
                try:
                    await self._take(session_id, place)
                    yield place
                finally:
                    await self._leave(session_id, place)
        finally:
            queue.count -= 1
            if not queue.count:
                del self._places[session_id]

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the turns; `close` ends it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def now_read(self) -> Readings:
        """Give what a program would read if it started now."""
        return await asyncio.to_thread(self._readings)

    async def is_current(self, worker: Worker) -> bool:
        """Say whether a process has read what one would read that started now."""
        return worker.read == await self.now_read()

    def make(self, options: ClaudeAgentOptions, fit: Fit, read: Readings) -> Worker:
        """Make a process's worker, which counts from now on."""
        worker = Worker(options, fit=fit, read=read, client=self._client)
        self._working.add(worker)
        self._watch_over()
        return worker

    async def end(self, worker: Worker) -> None:
        """End a process, and return when it has ended."""
        await asyncio.shield(self._ending(worker))

    async def make_room(self) -> None:
        """End idle processes until one more that works has its memory, and wait for those that leave anyway."""
        await self.end_all(self._beyond_memory(PEAK_MEMORY))
        if self._leaving and self._used() + PEAK_MEMORY > self._limits.memory:
            await asyncio.wait(self._leaving.values())

    def room(self) -> list[Worker] | None:
        """Give the idle processes that have to end before one more is kept, None where there is no room for it.

        Those that nobody has used for a minute give way to a guess.
        """
        unused = [worker for worker in self._idle.values() if self._age(worker) >= GUESS_PATIENCE]
        used = self._used() - sum(worker.memory for worker in unused)
        too_many = len(self._idle) + len(self._working) - len(self._leaving) + 1 - self._limits.warm
        if not self.prepares or used + PEAK_MEMORY > self._limits.memory or too_many > len(unused):
            return None
        return [*self._beyond_memory(PEAK_MEMORY), *list(self._idle.values())[: max(0, too_many)]]

    async def end_all(self, workers: Iterable[Worker]) -> None:
        """End idle processes, and return when they have ended."""
        await asyncio.gather(*(self.end(worker) for worker in self._out(workers)))

    async def measure(self) -> None:
        """Note what each process takes."""
        workers = {worker.pid: worker for worker in (*self._idle.values(), *self._working) if worker.pid is not None}
        for pid, memory in (await asyncio.to_thread(weigh, tuple(workers))).items():
            workers[pid].memory = memory

    async def close(self) -> None:
        """End every process that no turn works with, and keep none from now on."""
        self._closed = True
        others = {*self._tasks, *([self._keeper] if self._keeper is not None else [])}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others)
        await self.end_all(list(self._idle.values()))
        await asyncio.gather(*self._leaving.values())

    def _ending(self, worker: Worker) -> asyncio.Task[None]:
        """Begin to end a process, and give the task that does."""
        if worker not in self._leaving:
            self._leaving[worker] = asyncio.create_task(self._end(worker))
        return self._leaving[worker]

    async def _end(self, worker: Worker) -> None:
        try:
            await worker.end()
        finally:
            self._working.discard(worker)
            del self._leaving[worker]

    async def _take(self, session_id: str, place: Place) -> None:
        leaving = [task for worker, task in self._leaving.items() if worker.fit.session_id == session_id]
        if leaving:
            await asyncio.wait(leaving)
        worker = self._idle.pop(session_id, None)
        if worker is not None:
            self._working.add(worker)
            place.worker = worker
            watch = self._watches.pop(worker)
            watch.cancel()
            await asyncio.wait({watch})

    async def _leave(self, session_id: str, place: Place) -> None:
        worker = place.worker
        if worker is None:
            return
        worker.unbind()
        if not place.kept or not self.prepares or not worker.alive:
            await self.end(worker)
            return
        self._working.discard(worker)
        worker.used_at = self._now()
        self._idle[session_id] = worker
        self._watches[worker] = asyncio.create_task(self._watch(session_id, worker))
        too_many = list(self._idle.values())[: max(0, len(self._idle) - self._limits.warm)]
        self._end_soon([*too_many, *self._beyond_memory(0)])

    async def _watch(self, session_id: str, worker: Worker) -> None:
        """End an idle process as soon as it cannot be used any more."""
        await worker.idle()
        if self._idle.get(session_id) is worker:
            log.info("agent_lost_while_idle", session=session_id)
            self._end_soon([worker])

    def _used(self) -> int:
        """Give the bytes that all processes take."""
        return sum(worker.memory for worker in (*self._idle.values(), *self._working))

    def _beyond_memory(self, more: int) -> list[Worker]:
        """Give the idle processes that have to end for so many bytes more, beside those that are leaving."""
        over = self._used() - sum(worker.memory for worker in self._leaving) + more - self._limits.memory
        gone = []
        for worker in self._idle.values():
            if over <= 0:
                break
            gone.append(worker)
            over -= worker.memory
        return gone

    def _out(self, workers: Iterable[Worker]) -> list[Worker]:
        """Take idle processes out of the pool, so that nobody gets them any more; they count until they have ended."""
        gone = [worker for worker in dict.fromkeys(workers) if worker in self._watches]
        for worker in gone:
            watch = self._watches.pop(worker)
            if watch is not asyncio.current_task():
                watch.cancel()
            self._working.add(worker)
        self._idle = {session: worker for session, worker in self._idle.items() if worker not in gone}
        return gone

    def _end_soon(self, workers: Iterable[Worker]) -> None:
        """Take idle processes out at once and end them beside what goes on."""
        for worker in self._out(workers):
            self._ending(worker)

    def _watch_over(self) -> None:
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep_within_limits())

    async def _keep_within_limits(self) -> None:
        """Measure, and end what has been idle too long, takes too much, or has read what has changed since.

        That somebody changed a skill is not looked for on a turn's way to the agent, which it would hold up.
        """
        while self._idle or self._working:
            next_end = min((self._limits.seconds - self._age(worker) for worker in self._idle.values()), default=60.0)
            await asyncio.sleep(min(self._limits.pause, max(next_end, 0.0)))
            await self.measure()
            read, latest = await self.now_read(), self._limits.seconds
            over = [each for each in self._idle.values() if self._age(each) >= latest or each.read != read]
            self._end_soon([*over, *self._beyond_memory(0)])

    def _age(self, worker: Worker) -> float:
        return self._now() - worker.used_at

    def _now(self) -> float:
        return self._clock() if self._clock is not None else asyncio.get_running_loop().time()
