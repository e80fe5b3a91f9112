"""``make answer``: the question of the series' last thread, answered in docs/why-calls-fail.md."""
