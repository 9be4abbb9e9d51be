"""What the board counts of itself, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class BoardMetrics:
    """The counters of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.reports = Counter(
            "dckgrade_board_reports", "Reports that arrived.", ["outcome"], registry=self.registry
        )
        self.judged = Counter(
            "dckgrade_board_judged", "Trainees who were judged anew.", registry=self.registry
        )
        self.accept_seconds = Histogram(
            "dckgrade_board_accept_seconds",
            "From a report's last byte until it is on the disk.",
            registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
        )
        self.watching = Gauge(
            "dckgrade_board_watching", "Pages that are open and live.", registry=self.registry
        )
        self.waiting = Gauge("dckgrade_board_waiting", "What waits to be written.", registry=self.registry)

    def encode(self) -> bytes:
        """Write them as text."""
        return generate_latest(self.registry)
