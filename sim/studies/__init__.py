"""The questions that an analyst asks: one module a study.

In: results, or a scenario whose replications the study runs. Out: a study: tables by name, a
manifest that says how they were made, and sections (sentences, tables in words, figures) that the
terminal, the page and a notebook show. ``sections`` of each module is the one place that says what
its study reports. Read first: ``study.py``, then ``compare.py``.
"""
