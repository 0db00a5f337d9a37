"""The page of the live table, made with NiceGUI; nothing here knows the model by itself.

    app -> Desk (one browser tab) -> Seat (its worker) -> answers
                 |
                 Bar (Shelf), Cards, Levers, Results (World, Turning)

:mod:`~sim.explore.web.app` serves it, :mod:`~sim.explore.web.desk` is one tab,
:mod:`~sim.explore.web.seat` answers the newest state, :mod:`~sim.explore.web.cards` the strategies,
:mod:`~sim.explore.web.levers` the assumptions, :mod:`~sim.explore.web.results` the answers,
:mod:`~sim.explore.web.world` one history, :mod:`~sim.explore.web.turning` what would flip it,
:mod:`~sim.explore.web.bar` the head, and :mod:`~sim.explore.web.shelf` what is saved, opened and
taken away.
"""
