"""Long actions: they go on in the background, show how far they are, and can be cancelled."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from core.actions import store
from core.actions.definition import Arguments, Definition
from core.actions.model import Context, Job, Result
from core.bus import Bus
from core.codec import canonical, encode
from core.errors import AppError, NotFound, Unavailable
from core.events import JobChanged
from core.storage import Storage
from core.values import Json, moment, new_id, now, stamp

EVERY_S = 0.5
"""Progress is written and shown at most this often."""

Dispatch = Callable[[Context, str, Mapping[str, Json]], Awaitable[Result]]
log = logging.getLogger(__name__)


class JobSink:
    """Writes a job's progress down and passes everything on to whoever watches."""

    def __init__(self, jobs: Jobs, job_id: str, action: str, inner: Context) -> None:
        self._jobs, self._job_id, self._action, self._inner = jobs, job_id, action, inner.sink
        self._last = 0.0

    def text(self, delta: str) -> None:
        """Passed on."""
        self._inner.text(delta)

    def progress(self, done: int, total: int | None, note: str = "") -> None:
        """Passed on; shown to everyone who may see the job, at most twice a second."""
        self._inner.progress(done, total, note)
        if time.monotonic() - self._last >= EVERY_S or done == total:
            self._last = time.monotonic()
            self._jobs.progress(self._job_id, self._action, done, total, note)


class Jobs:
    """Runs and lists jobs. `run` holds their tasks; without it none can be started."""

    def __init__(self, storage: Storage, bus: Bus, dispatch: Dispatch) -> None:
        self._storage, self._bus, self._dispatch = storage, bus, dispatch
        self._group: asyncio.TaskGroup | None = None
        self._tasks: dict[str, tuple[asyncio.Task[None], str]] = {}

    async def run(self) -> None:
        """Hold the jobs' tasks until cancelled. Jobs of a dead process are closed with the reason first."""
        await self._storage.write(store.interrupt_jobs, stamp(now()))
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                await asyncio.Event().wait()
        finally:
            self._group = None

    @property
    def open(self) -> bool:
        """Whether jobs can be started now."""
        return self._group is not None

    async def start(self, ctx: Context, definition: Definition, arguments: Arguments) -> Result:
        """Begin a job; its result carries the job's id."""
        if self._group is None:
            raise Unavailable("Nothing runs in the background here.", hint="Ask for it to wait for the result.")
        job_id = new_id()
        plain = arguments.model_dump(mode="json")
        recorded = canonical(definition.recorded(plain))
        await self._storage.write(store.start_job, job_id, ctx.actor.person_id, definition.name, recorded, stamp(now()))
        sink = JobSink(self, job_id, definition.name, ctx)
        own = replace(ctx, wait=True, sink=sink, key="", confirm="", parent=ctx.id)
        task = self._group.create_task(self._work(job_id, own, definition.name, plain), name=f"job {job_id}")
        self._tasks[job_id] = (task, ctx.actor.person_id)
        return Result(action=definition.name, value={"jobId": job_id}, job_id=job_id)

    async def cancel(self, job_id: str) -> None:
        """End a running job; what it committed stays. Raises NotFound when none runs under that id."""
        task = self._tasks.get(job_id)
        if task is None:
            raise NotFound(f"No job runs under the id {job_id}.", hint="`jobs list` shows them.")
        task[0].cancel()

    async def listed(self, person_id: str = "", limit: int = 50) -> tuple[Job, ...]:
        """Jobs, newest first."""
        rows = await self._storage.read(store.jobs, person_id, limit)
        return tuple(
            Job(
                id=row[0],
                action=row[1],
                state=row[2],
                done=row[3],
                total=row[4],
                note=row[5],
                error=row[6],
                started_at=moment(row[7]),
                ended_at=moment(row[8]) if row[8] else None,
            )
            for row in rows
        )

    def owner(self, job_id: str) -> str:
        """The person whose job runs under that id, or an empty text."""
        task = self._tasks.get(job_id)
        return task[1] if task else ""

    def progress(self, job_id: str, action: str, done: int, total: int | None, note: str) -> None:
        """Say how far a job is; never blocks."""
        self._bus.publish(JobChanged(job_id=job_id, action=action, state="running", done=done, total=total, note=note))
        if self._group is not None:
            self._group.create_task(self._write_progress(job_id, done, total, note))

    async def _write_progress(self, job_id: str, done: int, total: int | None, note: str) -> None:
        try:
            await self._storage.write_later(store.job_progress, job_id, done, total, note)
        except AppError as error:  # progress is a courtesy; the job's own writes will say what is wrong
            log.warning("progress of job %s not written: %s", job_id, error)

    async def _work(self, job_id: str, ctx: Context, name: str, arguments: Mapping[str, Json]) -> None:
        state, result, fault = "done", "", ""
        try:
            result = encode((await self._dispatch(ctx, name, arguments)).value)
        except asyncio.CancelledError:
            state, fault = "cancelled", "Cancelled."
        except AppError as error:
            state, fault = "failed", str(error)
        except Exception as error:
            log.exception("job %s (%s) failed", job_id, name)
            state, fault = "failed", f"{type(error).__name__}: {error}"
        self._tasks.pop(job_id, None)
        await asyncio.shield(self._storage.write(store.end_job, job_id, state, result, fault, stamp(now())))
        self._bus.publish(JobChanged(job_id=job_id, action=name, state=state, note=fault))
