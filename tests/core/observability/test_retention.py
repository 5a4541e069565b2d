"""Forgetting: in slices, only what is older than it is kept."""

from datetime import timedelta

from core.observability.retention import Retention, Rule


async def test_a_rule_forgets_slice_by_slice_until_nothing_old_is_left() -> None:
    slices = [500, 500, 3, 0]
    asked: list[str] = []

    async def forget(before: str) -> int:
        asked.append(before)
        return slices.pop(0)

    rule = Rule(name="keys", keep=timedelta(days=30), forget=forget)
    assert await Retention([rule]).apply(rule) == 1003
    assert len(set(asked)) == 1
