"""Worker heartbeat: a step of Celery's consumer, which runs in the worker's main process.

A worker whose pool is busy still writes heartbeats. A worker whose event loop hangs, or that has no broker, does not.
"""

from __future__ import annotations

from typing import Any

from celery import bootsteps

from warehouse.heartbeats import CADENCE_SECONDS, HeartbeatWriter
from warehouse.models.enums import WorkerStatus


class HeartbeatStep(bootsteps.StartStopStep):
    """Write the heartbeat on the consumer's timer.

    The timer is cleared when the broker connection is lost; Celery then starts the step again.
    """

    requires = ("celery.worker.consumer:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        self._heartbeat: HeartbeatWriter | None = None
        self._timer: Any = None
        super().__init__(consumer, **options)

    def start(self, consumer: Any) -> None:
        self._heartbeat = self._heartbeat or HeartbeatWriter("worker")
        self._beat(consumer)
        self._timer = consumer.timer.call_repeatedly(CADENCE_SECONDS, self._beat, (consumer,))

    def stop(self, consumer: Any) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def shutdown(self, consumer: Any) -> None:
        self.stop(consumer)
        if self._heartbeat:
            self._heartbeat.stop()

    def _beat(self, consumer: Any) -> None:
        total = sum(consumer.controller.state.total_count.values())
        busy = len(consumer.controller.state.active_requests)
        if self._heartbeat:
            self._heartbeat.write(
                WorkerStatus.HEALTHY if busy else WorkerStatus.IDLE,
                queues=sorted(consumer.app.amqp.queues.consume_from),
                tasks_received=total,
                tasks_active=busy,
            )
