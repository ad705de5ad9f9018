"""A link in memory: keeps what a connector sends as the historian would, newest arrival first."""

from chanye.spine.history.types import Quality, Receipt, SourceState

T = 1_700_000_000_000_000


class MemoryLink:
    source = "test"

    def __init__(self, position=""):
        self.resume = SourceState("test", 0, position, 0)
        self.tags = {}
        self.samples = {}  # (address, time) -> (value, quality)
        self.counts = {}
        self.states = []
        self.gaps = []
        self.lives = []
        self.positions = []
        self.sent = 0
        self.fail = None

    async def declare(self, tags):
        self.tags |= {tag.address: tag for tag in tags}
        return {tag.address: n for n, tag in enumerate(tags)}

    async def send(self, readings, position=""):
        if self.fail:
            raise self.fail
        self.sent += 1
        for a, t, v, q in zip(readings.address, readings.time, readings.value, readings.quality, strict=True):
            if a in self.tags:
                self.samples[a, t] = (v, int(q))
        for reason, n in readings.counts.items():
            self.counts[reason] = self.counts.get(reason, 0) + n
        if position:
            self.positions.append(position)
            self.resume = SourceState("test", self.sent, position, 0)
        return Receipt(self.sent, len(readings), False)

    async def mark_gap(self, at, addresses=None):
        self.gaps.append(at)
        for address in addresses or self.tags:
            self.samples[address, at] = (None, int(Quality.BAD_NO_COMMUNICATION))

    async def alive(self, until):
        self.lives.append(until)

    def state(self, state, why=""):
        if not self.states or self.states[-1][0] != state:
            self.states.append((state, why))

    def at(self, address, time):
        """What is known of an address at a time: its value, or None."""
        held = max((t for a, t in self.samples if a == address and t <= time), default=None)
        return None if held is None else self.samples[address, held][0]

    def story(self, address):
        return sorted((t, *vq) for (a, t), vq in self.samples.items() if a == address)
