"""A share of many draws: two are equal when chance may account for what lies between them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, eq=False, repr=False)
class Share:
    """What part of many draws came out so.

    tolerance: how far chance may take it.  nominal: what it should be, if it is as near as that; else None.
    """

    value: float
    tolerance: float
    nominal: float | None

    @classmethod
    def of(cls, part: float, whole: int, nominal: float, tolerance: float | None = None) -> Share:
        """`part` of `whole` draws, where `nominal` would be right."""
        whole = max(1, int(whole))
        if tolerance is None:
            tolerance = 4.8 * (nominal * (1 - nominal) / whole) ** 0.5  # once in 600,000
        value = float(part) / whole
        return cls(value, tolerance, nominal if abs(value - nominal) <= tolerance else None)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Share):
            return NotImplemented
        if self.nominal is not None or other.nominal is not None:
            return self.nominal == other.nominal
        return abs(self.value - other.value) <= self.tolerance

    __hash__ = None  # type: ignore[assignment]  # what is equal by chance has no one hash

    def __repr__(self) -> str:
        return f"about {100 * (self.value if self.nominal is None else self.nominal):.0f}%"
