"""The live table: strategies side by side, answered while they are changed.

    State  ->  Table  ->  Answer, Answer, .. (done)

:mod:`~sim.explore.hand` is one strategy on the table, :mod:`~sim.explore.state` what is asked,
:mod:`~sim.explore.library` of which scenarios, :mod:`~sim.explore.table` its programs,
:mod:`~sim.explore.asking` the answers, :mod:`~sim.explore.kept` what these are made of,
:mod:`~sim.explore.sliders` the assumptions, :mod:`~sim.explore.importance` which of them matter,
:mod:`~sim.explore.flips` which would flip it, :mod:`~sim.explore.histories` single histories,
:mod:`~sim.explore.taking` what is taken away; :mod:`sim.explore.web` is the page.
"""
