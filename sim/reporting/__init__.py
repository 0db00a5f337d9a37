"""Tables to words: sentences, printed tables, sections of a report, pages.

In: tables and manifests of runs and studies. Out: text for the terminal, one self-contained HTML
page, the STRESS checklist. Read first: ``sections.py`` (what a report is made of), ``html.py``.
"""
