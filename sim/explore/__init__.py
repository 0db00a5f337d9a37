"""The live table: strategies side by side, answered while they are changed; no web library here.

    State  ->  Table  ->  Asking  ->  Answer, Answer, .. (done)
    data only  scenario,   tells       tables of the project's own statistics
               programs    histories

:mod:`~sim.explore.hand` is one strategy on the table, :mod:`~sim.explore.state` all that a link or
file holds, :mod:`~sim.explore.table` the scenario and programs of a state,
:mod:`~sim.explore.asking` the answers. :mod:`~sim.explore.sliders` are the assumptions,
:mod:`~sim.explore.histories` single histories, :mod:`~sim.explore.flips` what would change the
leader, :mod:`~sim.explore.taking` what is taken away.
"""
