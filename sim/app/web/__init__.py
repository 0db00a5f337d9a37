"""The live page, made with NiceGUI; nothing here knows the model by itself.

    server -> SessionView (one browser tab) -> Worker -> answers
                |
                Header (ExportDialogs), Cards, ParameterPanel,
                ResultsPanel (ReplicationPanel, SwitchingPanel)

In: states from the browser. Out: the widgets of one tab. ``server`` serves the page,
``session_view`` is one tab, ``worker`` answers its newest state, ``strategy_cards`` edits the
strategies, ``parameter_panel`` the assumptions, ``results_panel`` shows the answers with
``replication_panel`` and ``switching_panel``, ``header`` the status, and ``export_dialogs`` what is
saved, opened and exported. Read first: ``session_view.py``.
"""
