"""Tables to words: sentences, printed tables, pages.

In: the tables and the manifest of a run or a study. Out: text for the terminal, one self-contained
HTML page, the STRESS checklist. Read first: ``sections.py`` (what
stands on a page), then ``html.py``.
"""
