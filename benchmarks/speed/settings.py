"""What the command line asked for."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Settings:
    """How much to measure.

    Parameters
    ----------
    rounds : int
        Turns of each contestant.
    quick : bool
        Whether to make everything tiny, to see that it runs.
    data_dir : str or None
        Folder with ``load.py``, or scikit-learn's data only.
    torch : torch_peer.Worker or None
        None leaves Ensemble-PyTorch out.
    limit : float
        Seconds that one fit may take.
    """

    rounds: int
    quick: bool
    data_dir: str | None
    torch: Any
    limit: float

    def rounds_at_most(self, n):
        """Rounds of what takes long."""
        return min(self.rounds, n)
